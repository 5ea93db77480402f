import {
  type Clone,
  type DatabaseError,
  giveMissing,
  type Notice,
  type StatementOutcome,
  type Step,
  type StepOutcome,
} from '../clones/clone.ts'
import { noEffects } from '../sql/effects.ts'
import type { Statement } from '../sql/statement.ts'
import { FILES, LOCKS } from './catalog-queries.ts'
import { number, type Row } from './catalog-rows.ts'
import { differencesOf } from './differences.ts'
import { runGated } from './gates.ts'
import type { LiveCatalog } from './live-catalog.ts'
import type { Measurement } from './measurement.ts'
import { effectsOf } from './observation.ts'
import { readCatalog, refreshCatalog } from './read-catalog.ts'
import type { TransactionGroup } from './transactions.ts'

/** A script being measured: what is known of the clone moves on with each statement. */
export interface Run {
  clone: Clone
  signal: AbortSignal
  atStart: LiveCatalog
  now: LiveCatalog
  /** What the script ran so far, so that it can be run again. */
  ran: Step[][]
}

const OUTSIDE = 'it runs outside a transaction, so its locks are gone when it ends'
/** `active_sql_transaction`; `invalid_transaction_termination`, from a procedure that commits. */
const REFUSES_TRANSACTION = new Set(['25001', '2D000'])
/** A script's own time-out is about others in its way, not about ours. */
const NO_LOCK_TIMEOUT = `select pg_catalog.set_config('pgwitness.lock_timeout', pg_catalog.current_setting('lock_timeout'), false),
  pg_catalog.set_config('lock_timeout', '0', false)`
const OLD_LOCK_TIMEOUT = `select pg_catalog.set_config('lock_timeout', pg_catalog.current_setting('pgwitness.lock_timeout'), false)`
const MAX_ROLES = 20

/** `prefix` is what the script set for the transaction; `mode` is how its tool would run it. */
export async function measureInTransaction(
  run: Run,
  statement: Statement,
  prefix: readonly string[],
  mode: TransactionGroup['mode'],
): Promise<Measurement> {
  const steps: Step[] = [
    { sql: ['begin'] },
    ...prefix.map((sql) => ({ sql })),
    { sql: 'set local client_min_messages = debug1', name: 'debug' },
    { sql: statement.text },
    { sql: LOCKS, name: 'locks' },
    { sql: ['commit'], always: true },
  ]
  const outcomes = await withRoles(run, steps)
  const [outcome, locks, commit] = outcomes.slice(-3)
  if (!outcome || !locks || !commit) throw new Error('a batch has an outcome for each step')
  const failed = outcomes.find(({ error }) => error)?.error
  if (failed && REFUSES_TRANSACTION.has(failed.code) && failed === outcome.error) {
    const alone = await measureAlone(run, statement)
    return mode === 'block' ? { ...alone, error: failed } : alone
  }
  if (failed) return { ...unmeasured(failureOf(failed)), ...told(outcome), error: failed }
  run.ran.push(steps)
  const touched = touchedBy(locks.values, run.now)
  const before = run.now
  run.now = await refreshCatalog(run.clone, before, touched, statement)
  const files = new Map(locks.values.filter((row) => row.file !== null).map((row) => [number(row, 'relation'), number(row, 'file')]))
  const seen = { statement, locks: locks.values, files, notices: outcome.notices, before, after: run.now, atStart: run.atStart }
  return { ...told(outcome), effects: effectsOf(seen), differences: differencesOf(before, run.now, touched) }
}

/** Relations a statement can have changed: those it locked against writers or its like, and those that are new. */
function touchedBy(locks: readonly Row[], { raw }: LiveCatalog): Set<number> {
  const harmless = new Set(['AccessShareLock', 'RowShareLock', 'RowExclusiveLock'])
  const touched = new Set<number>()
  for (const row of locks) {
    const oid = number(row, 'relation')
    if (oid > 0 && (!harmless.has(row.mode ?? '') || (!raw.has(oid) && row.file !== null))) touched.add(oid)
  }
  return touched
}

/**
 * A statement outside any transaction: what it locked is gone, but not what it built and whether files changed. Where there are further
 * connections it is made to wait, so that its locks are seen too.
 */
async function measureAlone(run: Run, statement: Statement): Promise<Measurement> {
  const steps: Step[] = [
    { sql: 'set client_min_messages = debug1', name: 'debug on' },
    { sql: NO_LOCK_TIMEOUT, name: 'lock time-out off' },
    { sql: statement.text },
    { sql: OLD_LOCK_TIMEOUT, name: 'lock time-out on', always: true },
    { sql: 'reset client_min_messages', name: 'debug off', always: true },
    { sql: FILES, name: 'files', always: true },
  ]
  const gated = await runGated(run.clone, statement, run.now, async () => await withRoles(run, steps), run.signal)
  const [outcome, files] = [gated.result[2], gated.result[5]]
  if (!outcome || !files) throw new Error('a batch has an outcome for each step')
  run.ran.push(steps)
  const before = run.now
  const dynamic = /^(?:do|call)$/.test(statement.kind)
  const changed = changedFiles(files.values, before, statement)
  run.now = dynamic ? await readCatalog(run.clone) : await refreshCatalog(run.clone, before, changed, statement)
  const touched = dynamic ? new Set([...before.raw.keys(), ...run.now.raw.keys()]) : changed
  const differences = differencesOf(before, run.now, touched)
  if (outcome.error) {
    return {
      ...told(outcome),
      effects: undefined,
      unmeasured: failureOf(outcome.error),
      error: outcome.error,
      differences,
    }
  }
  const now = new Map(files.values.map((row) => [number(row, 'oid'), number(row, 'file')]))
  const seen = { statement, locks: gated.locks ?? [], files: now, notices: outcome.notices, before, after: run.now, atStart: run.atStart }
  return { ...told(outcome), effects: effectsOf(seen), ...(gated.locks ? {} : { unmeasured: OUTSIDE }), differences }
}

function changedFiles(files: readonly Row[], { raw, relations }: LiveCatalog, statement: Statement): Set<number> {
  const touched = new Set<number>(statement.operations.flatMap(({ table }) => relations.get(table?.key ?? '')?.oid ?? []))
  const there = new Set<number>()
  for (const row of files) {
    const oid = number(row, 'oid')
    there.add(oid)
    if (raw.get(oid)?.file === number(row, 'file')) continue
    touched.add(oid)
    if (row.table !== null) touched.add(number(row, 'table'))
  }
  for (const [oid, { table }] of raw)
    if (!there.has(oid)) for (const one of [oid, ...(table === undefined ? [] : [table])]) touched.add(one)
  return touched
}

/** What only concerns the session or its transaction has no effects, but may be refused or warned about. */
export async function measureSession(run: Run, { text, kind }: Statement): Promise<Measurement> {
  if (/^(?:begin|start)\b/i.test(text)) return nothing()
  const outcome = await run.clone.run(text, run.signal)
  run.ran.push([{ sql: text }])
  run.now = await refreshCatalog(run.clone, run.now, [], { kind, text })
  if (!outcome.error) return { ...nothing(), ms: outcome.ms, notices: spoken(outcome.notices) }
  return { ...unmeasured(failureOf(outcome.error)), ...told(outcome), error: outcome.error }
}

/** Runs a batch; a role or right that is missing is given, and the batch runs again. */
async function withRoles(run: Run, steps: readonly Step[]): Promise<StepOutcome[]> {
  let outcomes = await run.clone.batch(steps, run.signal)
  for (let made = 0; made < MAX_ROLES; made += 1) {
    const error: DatabaseError | undefined = outcomes.find((one) => one.error)?.error
    const give = error && giveMissing(error, steps.flatMap(({ sql }) => sql).join(';'))
    if (!give || (await run.clone.run(give, run.signal)).error) break
    run.ran.push([{ sql: give }])
    outcomes = await run.clone.batch(steps, run.signal)
  }
  return outcomes
}

function told({ ms, rows, notices }: StatementOutcome): Pick<Measurement, 'ms' | 'rows' | 'notices'> {
  return { ms, notices: spoken(notices), ...(rows === undefined ? {} : { rows }) }
}

/** What a user would see. */
export function spoken(notices: readonly Notice[]): Notice[] {
  return notices.filter(({ severity }) => !/^(?:DEBUG|LOG)/.test(severity))
}

export function nothing(): Measurement {
  return { effects: noEffects(), notices: [], differences: [] }
}

/** A right that the clone's role lacks says nothing about production. */
export function failureOf({ code, message }: DatabaseError, how = 'it fails'): string {
  return code === '42501' ? `the clone's role may not run it: ${message} (${code})` : `${how}: ${message} (${code})`
}

export function unmeasured(reason: string): Measurement {
  return { effects: undefined, unmeasured: reason, notices: [], differences: [] }
}
