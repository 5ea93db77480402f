import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { z } from 'zod'
import { UserError } from '../errors.ts'
import { TOOLS } from '../extractors/script.ts'
import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'
import { SEVERITIES } from '../rules/rule.ts'
import { oneLine } from './printable.ts'

/** A report of somebody else is not read beyond these. */
const MAX = {
  bytes: 20 * 1024 * 1024,
  findings: 5000,
  scripts: 5000,
  statements: 100_000,
  list: 1000,
  text: 100_000,
  name: 1000,
  line: 10_000_000,
}
const CONTRACT = join(import.meta.dirname, '../../docs/review.schema.json')
/** Where the built-in rules cite from: a link to anywhere else could be anybody's. */
const CITED = /^https:\/\/www\.postgresql\.org\//

const text = z.string().max(MAX.text)
const name = z.string().max(MAX.name)
const line = z.int().min(1).max(MAX.line)
const byte = z
  .int()
  .min(0)
  .max(MAX.line * 1000)
const short = z.array(text).max(MAX.list)
const count = z.int().min(0)
const evidenceParts = { id: name, summary: text, reproduce: text, clone: name }
const effectsShape = z.object({
  locks: z.array(z.object({ relation: name, kind: name, mode: name, existed: z.boolean() })).max(MAX.list),
  rewrites: z.array(name).max(MAX.list),
  scans: z.array(name).max(MAX.list),
  builds: z
    .array(z.object({ index: name, table: name, concurrently: z.boolean(), constraint: name.nullable(), existed: z.boolean() }))
    .max(MAX.list),
})
const evidence = z.discriminatedUnion('kind', [
  z.object({ ...evidenceParts, kind: z.literal('effects'), effects: effectsShape }),
  z.object({ ...evidenceParts, kind: z.literal('outcome'), code: name.nullable(), message: text }),
  z.object({ ...evidenceParts, kind: z.literal('experiment'), experiment: name, result: z.looseObject({}) }),
  z.object({ ...evidenceParts, kind: z.literal('catalog'), rows: z.array(z.record(name, text)).max(MAX.list) }),
])
const finding = z.object({
  fingerprint: z.string().regex(/^[0-9a-f]{8,128}$/),
  rule: z.string().regex(/^[a-z][a-z0-9-]{0,199}$/),
  title: text,
  severity: z.enum(SEVERITIES),
  verdict: z.enum(['confirmed', 'refuted', 'suspected']),
  path: name,
  line,
  endLine: line,
  startByte: byte,
  endByte: byte,
  message: text,
  explanation: text,
  evidence: z.array(evidence).max(MAX.list),
  fix: z.object({ text, replacement: text.nullable(), steps: short.nullable() }).nullable(),
  citations: z.array(z.object({ title: name, url: z.string().max(MAX.name), quote: text.nullable() })).max(MAX.list),
  suppressed: z.object({ by: name, reason: text }).nullable(),
})
const statement = z.object({
  index: count,
  line,
  endLine: line,
  startByte: byte,
  endByte: byte,
  kind: name,
  measured: effectsShape.extend({ ms: z.number().nullable() }).nullable(),
  unmeasured: text.nullable(),
})
const Report = z.object({
  version: z.literal(1),
  postgres: z.int(),
  clone: z.enum(['none', 'embedded', 'local', 'twin', 'template', 'dblab', 'url']),
  cloneVersion: name.nullable(),
  coverage: z.object({ files: count, statements: count, parsed: count, measured: count }),
  scripts: z
    .array(
      z.object({
        path: name,
        tool: z.enum(TOOLS),
        direction: z.enum(['up', 'down']),
        transaction: z.enum(['file', 'implicit', 'none']),
        notes: short,
        statements: z.array(statement).max(MAX.statements),
      }),
    )
    .max(MAX.scripts),
  findings: z.array(finding).max(MAX.findings),
  skippedBase: z.array(z.object({ path: name, line, statement: text, reason: text })).max(MAX.statements),
  notes: short,
  ms: z.number(),
})

/**
 * A review as its JSON report tells it, as far as texts about it need it: without the files, so without excerpts of them and without suggestions. Nothing in it
 * is believed but its form; links go to Postgres's documentation or nowhere. A UserError when it is not of docs/review.schema.json, or too large.
 */
export function readReport(json: string): Review {
  if (Buffer.byteLength(json) > MAX.bytes) throw new UserError(`The report is larger than ${MAX.bytes / 1024 / 1024} MB.`)
  const { scripts, findings, ...rest } = parse(json)
  return {
    ...rest,
    model: null,
    scripts: scripts.map(({ statements, ...script }) => ({
      script: { ...script, text: '', sql: '' },
      statements: statements.map((told) => statementOf(told, rest.clone)),
    })),
    findings: findings.map(
      ({ fix, citations, suppressed, ...found }): Finding => ({
        ...found,
        evidence: found.evidence as Finding['evidence'],
        ...(fix && {
          fix: {
            text: fix.text,
            ...(fix.replacement !== null && { replacement: fix.replacement }),
            ...(fix.steps && { steps: fix.steps }),
          },
        }),
        citations: citations.filter(({ url }) => CITED.test(url)),
        ...(suppressed && { suppressed }),
      }),
    ),
  }
}

function parse(json: string): z.infer<typeof Report> {
  let data: unknown
  try {
    data = JSON.parse(json)
  } catch {
    throw new UserError('The report is not JSON: give what `--format json=FILE` wrote.')
  }
  const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false })
  const isOfContract = ajv.compile(JSON.parse(readFileSync(CONTRACT, 'utf8')))
  if (!isOfContract(data)) throw wrong(isOfContract.errors?.[0]?.instancePath ?? '')
  const result = Report.safeParse(data)
  if (!result.success) throw wrong(`/${result.error.issues[0]?.path.join('/')}`)
  return result.data
}

function wrong(where: string): UserError {
  return new UserError(
    `The report is not one of this version of pgwitness, or it was changed: it does not follow docs/review.schema.json${where === '' ? '' : ` at ${oneLine(where).slice(0, 200)}`}.`,
  )
}

type ReviewedStatement = Review['scripts'][number]['statements'][number]

function statementOf({ measured, unmeasured, ...told }: z.infer<typeof statement>, clone: Review['clone']): ReviewedStatement {
  const nothing = { locks: [], rewrites: [], scans: [], builds: [] }
  return {
    statement: { ...told, text: '', start: 0, end: 0, operations: [] },
    predicted: nothing,
    measurement:
      clone === 'none'
        ? undefined
        : {
            effects: (measured ?? undefined) as NonNullable<ReviewedStatement['measurement']>['effects'],
            ...(unmeasured !== null && { unmeasured }),
            notices: [],
            differences: [],
          },
  }
}
