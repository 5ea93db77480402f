import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import { renderJson } from '../src/reports/json.ts'
import { cleanReview, FINDINGS, plainReview, sampleReview } from './fixtures/reports/sample-review.ts'

// biome-ignore lint/suspicious/noExplicitAny: a report is looked at as its readers do, without our types
type Any = any

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true })
addFormats.default(ajv)
const schema: Any = JSON.parse(readFileSync('docs/review.schema.json', 'utf8'))
const validate = ajv.compile(schema)
const read = (text: string): Any => JSON.parse(text)

test.each([
  ['everything', sampleReview()],
  ['what a reader meets', plainReview()],
  ['nothing found', cleanReview()],
  [
    'no clone',
    plainReview({
      clone: 'none',
      cloneVersion: null,
      scripts: plainReview().scripts.map((script) => ({
        ...script,
        statements: script.statements.map((statement) => ({ ...statement, measurement: undefined })),
      })),
    }),
  ],
  [
    'evidence of the catalog',
    plainReview({
      findings: [
        {
          ...FINDINGS.confirmed,
          evidence: [{ id: 'e9', kind: 'catalog', clone: 'embedded', rows: [{ table: 'orders' }], summary: 's', reproduce: 'r' }],
        },
      ],
    }),
  ],
])('the report of a review with %s keeps the contract', (_name, review) => {
  const valid = validate(read(renderJson(review)))
  expect(validate.errors).toBeNull()
  expect(valid).toBe(true)
})

test('the names and shapes that readers rely on', () => {
  const report = read(renderJson(plainReview()))
  expect(report).toMatchObject({
    version: 1,
    postgres: 18,
    clone: 'embedded',
    model: null,
    coverage: { files: 1, statements: 3, parsed: 3, measured: 2 },
    summary: { confirmed: 2, suspected: 1, refuted: 1, suppressed: 1 },
  })
  expect(report.scripts[0]).toMatchObject({ path: 'migrations/7.sql', tool: 'flyway', transaction: 'file' })
  expect(report.scripts[0].statements[0]).toEqual({
    index: 0,
    line: 2,
    endLine: 2,
    startByte: 34,
    endByte: 77,
    kind: 'create index',
    syntaxError: null,
    predicted: {
      locks: [{ relation: 'public.orders', kind: 'table', mode: 'ShareLock', existed: true }],
      rewrites: [],
      scans: ['public.orders'],
      builds: [{ index: 'orders_email', table: 'public.orders', concurrently: false, constraint: null, existed: true }],
    },
    measured: {
      locks: [{ relation: 'public.orders', kind: 'table', mode: 'ShareLock', existed: true }],
      rewrites: [],
      scans: ['public.orders'],
      builds: [{ index: 'orders_email', table: 'public.orders', concurrently: false, constraint: null, existed: true }],
      ms: 1.8,
    },
    unmeasured: null,
    outcome: { rows: null, error: null, blockedBy: null, notices: [], differences: [] },
  })
  expect(report.scripts[0].statements[2]).toMatchObject({ measured: null, unmeasured: 'it failed', outcome: { error: { code: '42701' } } })
  expect(report.findings.map((finding: Any) => [finding.verdict, finding.rule])).toEqual([
    ['confirmed', 'avoid-table-rewrite'],
    ['confirmed', 'require-concurrent-index'],
    ['suspected', 'avoid-unread-column'],
    ['confirmed', 'require-lock-timeout'],
    ['refuted', 'avoid-volatile-default'],
  ])
  expect(report.findings[1]).toMatchObject({
    fingerprint: FINDINGS.confirmed.fingerprint,
    severity: 'high',
    path: 'migrations/7.sql',
    line: 2,
    endLine: 2,
    evidence: [{ id: 'e1', kind: 'effects', summary: 'SHARE on public.orders, one index built' }],
    fix: { text: 'Build it CONCURRENTLY, outside a transaction.' },
    citations: [{ title: 'PostgreSQL, Building Indexes Concurrently' }],
  })
})

test('without a clone each statement says so', () => {
  const report = read(renderJson(plainReview({ clone: 'none', cloneVersion: null })))
  expect(report.scripts[0].statements.map((statement: Any) => statement.unmeasured)).toEqual(Array(3).fill('there was no clone'))
})

describe('the schema refuses', () => {
  test.each<[string, (report: Any) => void]>([
    [
      'another version',
      (report) => {
        report.version = 2
      },
    ],
    [
      'a missing field',
      (report) => {
        delete report.findings[0].fingerprint
      },
    ],
    [
      'an unknown field',
      (report) => {
        report.findings[0].note = 'x'
      },
    ],
    [
      'an unknown field of effects',
      (report) => {
        report.scripts[0].statements[0].predicted.reads = []
      },
    ],
    [
      'an unknown verdict',
      (report) => {
        report.findings[0].verdict = 'maybe'
      },
    ],
    [
      "a lock in the manual's spelling",
      (report) => {
        report.scripts[0].statements[0].predicted.locks[0].mode = 'SHARE'
      },
    ],
    [
      'a relation without schema',
      (report) => {
        report.scripts[0].statements[0].predicted.scans = ['orders']
      },
    ],
    [
      'line zero',
      (report) => {
        report.findings[0].line = 0
      },
    ],
    [
      'evidence of two kinds',
      (report) => {
        report.findings[0].evidence[0].rows = []
      },
    ],
    [
      'evidence without its effects',
      (report) => {
        delete report.findings[0].evidence[0].effects
      },
    ],
    [
      'a measurement without time',
      (report) => {
        delete report.scripts[0].statements[0].measured.ms
      },
    ],
    [
      'an address that is none',
      (report) => {
        report.findings[1].citations[0].url = 'the manual'
      },
    ],
  ])('%s', (_name, spoil) => {
    const report = read(renderJson(plainReview()))
    expect(validate(report)).toBe(true)
    spoil(report)
    expect(validate(report)).toBe(false)
  })
})

test('the schema describes every field and closes every object', () => {
  const faults: string[] = []
  const walk = (node: Any, path: string) => {
    if (node === null || typeof node !== 'object') return
    if (node.properties && node.additionalProperties !== false) faults.push(`${path} is open`)
    for (const [name, field] of Object.entries<Any>(node.properties ?? {})) {
      const target = field.$ref ? schema.$defs[field.$ref.replace('#/$defs/', '')] : field
      if (!(field.description ?? target.description)) faults.push(`${path}.${name} has no description`)
    }
    for (const [name, child] of Object.entries(node)) walk(child, `${path}/${name}`)
  }
  walk(schema, '')
  expect(faults).toEqual([])
})
