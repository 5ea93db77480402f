/**
 * The rules' own examples on servers of several majors: what a rule says, and the fix it offers, has to hold for each it speaks for.
 * `test/rules.test.ts` asks the embedded Postgres more about each of them.
 */
import { expect, test } from 'vitest'
import type { Clone, Connection } from '../src/clones/clone.ts'
import { ADMIN, newCluster } from '../src/clones/local/cluster.ts'
import { cloneOn, localBinaries } from '../src/clones/local.ts'
import { openConnection } from '../src/clones/native/connection.ts'
import type { Finding } from '../src/review/finding.ts'
import type { ReviewedStatement } from '../src/review/review.ts'
import { reviewStack, type StackReview } from '../src/review/review-stack.ts'
import { meets } from '../src/rules/condition.ts'
import { loadRules } from '../src/rules/load.ts'
import { holdsFor, type Rule } from '../src/rules/rule.ts'
import type { Operation } from '../src/sql/operation.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import type { TransactionMode } from '../src/sql/statement.ts'
import { LEFTOVERS } from './fixtures/workbench.ts'

/** The newest first: a good example that fails there may fail on the others. */
const MAJORS = [18, 15, 12]
/** What is only wrong on older majors, and so no example that the embedded Postgres could run. */
const ONCE_BAD: Array<{ rule: string; until: number; text: string }> = [
  {
    rule: 'avoid-new-enum-value-in-transaction',
    until: 16,
    text: "create type size as enum ('s'); alter type size add value 'm'; create table shirts (size size default 'm');",
  },
]

const signal = new AbortController().signal
const rules = await loadRules('rules')

/** A server, and its owner for what scripts may not do. */
interface Bench {
  clone: Clone
  admin: Connection
  /** The steps of fixes that were tried. */
  tried: string[]
}

test.concurrent.each(MAJORS)(
  'Postgres %i',
  async (major) => {
    const cluster = newCluster(localBinaries({ postgres: major }))
    await using clone = await cloneOn(cluster, { scripts: [] }, { postgres: major }, signal)
    const target = { host: cluster.folder, database: 'postgres', user: ADMIN }
    await using admin = await openConnection(target, { service: 'rule examples', statementMs: 60_000 }, signal)
    for (const sql of standIns(major)) await admin.query(sql)
    const wrong: string[] = []
    for (const rule of rules.filter((one) => holdsFor(one, major))) wrong.push(...(await faultsOf(rule, { clone, admin, tried: [] })))
    expect(wrong.join('\n\n')).toBe('')
  },
  300_000,
)

/** What the examples call and older servers do not have. */
function standIns(major: number): string[] {
  return [
    // Before 15 a session sends its statistics when the last were sent half a second ago, and reads a file that may be as old.
    ...(major < 15
      ? ["create function pg_catalog.pg_stat_force_next_flush() returns void language sql as 'select pg_catalog.pg_sleep(0.6)'"]
      : []),
    ...(major < 18
      ? [
          'create function pg_catalog.pg_restore_relation_stats(text, text, text, text, text, real, text, integer) returns void language sql security definer ' +
            "as 'update pg_class set reltuples = $6, relpages = $8 where oid = format(''%I.%I'', $2, $4)::regclass'",
        ]
      : []),
  ]
}

async function faultsOf(rule: Rule, bench: Bench): Promise<string[]> {
  const { postgres } = bench.clone
  const faults: string[] = []
  const bad = [...rule.bad, ...ONCE_BAD.filter((one) => one.rule === rule.id && postgres <= one.until).map(({ text }) => text)]
  for (const text of bad.filter((one) => isFor(one, postgres))) faults.push(...(await missed(rule, text, bench)))
  for (const text of rule.good.filter((one) => isFor(one, postgres))) faults.push(...(await raised(rule, text, bench)))
  const untried = stepsFor(rule, postgres).filter((step) => !bench.tried.some((one) => isMadeOf(step, one)))
  if (!rule.bad.every((one) => isFor(one, postgres))) return faults
  return [...faults, ...untried.map((step) => `${rule.id} has no example that is offered the step ${step}`)]
}

/** The steps of a rule's fix that servers of a major can be offered. */
function stepsFor({ fix }: Rule, postgres: number): string[] {
  return (fix?.steps ?? []).flatMap((step) => {
    if (typeof step === 'string') return [step]
    const { postgres: wanted } = step.when
    return wanted === undefined || meets({ postgres: wanted }, {} as Operation, [], { postgres }) ? [step.sql] : []
  })
}

function isMadeOf(template: string, step: string): boolean {
  const texts = template.split(/\{\{.+?\}\}/).map((text) => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
  return new RegExp(`^${texts.join('[^]+')}$`).test(step)
}

/** An example that begins with `-- Postgres 14 or newer` is for those. */
function isFor(example: string, postgres: number): boolean {
  return postgres >= Number(/^-- Postgres (\d+) or newer$/m.exec(example)?.[1] ?? 0)
}

async function missed(rule: Rule, text: string, bench: Bench): Promise<string[]> {
  await prepare(rule, bench)
  const review = await run(rule, text, bench)
  const standing = standingOf(review)
  if (standing.length === 0) return [`${rule.id} misses ${text}\n${told(review)}`]
  const isConfirmed =
    rule.prove === 'none' || rule.prove === 'rows' || standing.some(({ verdict }) => verdict === 'confirmed') || isForbidden(review)
  return [...(isConfirmed ? [] : [`${rule.id} is not confirmed of ${text}\n${told(review)}`]), ...(await rehearse(rule, review, bench))]
}

async function raised(rule: Rule, text: string, bench: Bench): Promise<string[]> {
  await prepare(rule, bench)
  const review = await run(rule, text, bench)
  if (standingOf(review).length > 0) return [`${rule.id} is raised by ${text}\n${told(review)}`]
  const isForOthers = statementsOf(review).some(({ measurement }) => UNKNOWN.has(measurement?.error?.code ?? ''))
  return isForOthers ? [`${rule.id} proves nothing by what this server does not know, say for which it is: ${text}\n${told(review)}`] : []
}
/** A syntax error, and a function that does not exist. */
const UNKNOWN = new Set(['42601', '42883'])

/** Extensions belong to the owner of the server before 13. */
function isForbidden(review: StackReview): boolean {
  return statementsOf(review).some(({ measurement }) => measurement?.error?.code === '42501')
}

/** The statement's fix in its place: each step has to run, and none may have the effect complained of. */
async function rehearse(rule: Rule, review: StackReview, bench: Bench): Promise<string[]> {
  const place = review.findings.find(({ fix }) => fix?.steps ?? fix?.replacement)
  const steps = place?.fix?.steps ?? [place?.fix?.replacement ?? '']
  // With parameters it is for an application to run.
  if (!place || steps.some((step) => step.includes('$1'))) return []
  bench.tried.push(...steps)
  await prepare(rule, bench)
  const texts = statementsOf(review).flatMap(({ statement }) => (statement.startByte === place.startByte ? steps : [statement.text]))
  const again = await run(rule, texts.map((text) => `${text}\n;\n`).join(''), bench, 'none')
  return statementsOf(again).flatMap(({ statement, measurement }) => {
    if (!steps.some((step) => step.includes(statement.text))) return []
    const isHarmful = again.findings.some(({ verdict, startByte }) => verdict === 'confirmed' && startByte === statement.startByte)
    const fault = measurement?.error
      ? 'fails'
      : isHarmful
        ? 'harms'
        : measurement?.effects || measurement?.unmeasured
          ? undefined
          : 'did not run'
    return fault ? [`${rule.id} has a step that ${fault}: ${statement.text}\n${told(again)}`] : []
  })
}

async function prepare({ setup }: Rule, bench: Bench): Promise<void> {
  const leftovers = await bench.clone.query<{ sql: string }>(LEFTOVERS)
  await mustRun([...leftovers.map(({ sql }) => sql), ...(await readScript(setup)).map(({ text }) => text)], bench)
}

async function mustRun(texts: readonly string[], bench: Bench): Promise<void> {
  const outcomes = await bench.clone.batch(
    texts.map((sql) => ({ sql })),
    signal,
  )
  const at = outcomes.findIndex(({ error }) => error)
  if (at < 0) return
  // What a script may not do the owner of the server does.
  const refused = outcomes[at]?.error
  const { error } = refused?.code === '42501' ? await bench.admin.run(texts[at] ?? '', signal) : { error: refused }
  if (error) throw new Error(`${error.message} in ${texts[at]}`)
  await mustRun(texts.slice(at + 1), bench)
}

async function run(rule: Rule, text: string, { clone }: Bench, transaction: TransactionMode = 'file'): Promise<StackReview> {
  const script = { path: 'example.sql', tool: 'sql' as const, direction: 'up' as const, text, sql: text, transaction, notes: [] }
  // The clone outlives each review.
  const shared = { ...clone, [Symbol.asyncDispose]: async () => undefined }
  const parts = {
    rules: [rule],
    known: [rule],
    postgres: clone.postgres,
    each: 'change' as const,
    deadline: Number.POSITIVE_INFINITY,
    budgetMs: 0,
  }
  return await reviewStack(
    { base: [], steps: [{ script, reviewed: true }], baseIsWhole: true },
    { ...parts, clones: { name: 'local', warm() {}, create: async () => shared }, progress() {}, nextEvidenceId: () => 'e1' },
    signal,
  )
}

function standingOf({ findings }: StackReview): Finding[] {
  return findings.filter(({ verdict, suppressed }) => verdict !== 'refuted' && !suppressed)
}

function statementsOf({ scripts }: StackReview): ReviewedStatement[] {
  return scripts.flatMap(({ statements }) => statements)
}

function told(review: StackReview): string {
  return [
    ...review.findings.map(({ verdict, message, explanation }) => `    ${verdict}: ${message} ${explanation.slice(-300)}`),
    ...statementsOf(review).flatMap(({ statement, measurement }) =>
      measurement?.error ? `    ${measurement.error.message} in ${statement.text}` : [],
    ),
  ].join('\n')
}
