/**
 * The `effects` experiment: what each statement of a script does, seen on a clone. `sql/prediction` foretells the same, so what counts
 * is written down here.
 *
 * - Each statement runs in a transaction of its own, so that locks of earlier ones do not hide what it takes itself. What a script set for its
 *   transaction (SET LOCAL, SET CONSTRAINTS) is said again before. Statements that refuse a transaction run alone.
 * - locks: from pg_locks at the end of the statement, the strongest for each relation, under the name it had before. Left out: system
 *   catalogs, TOAST, temporary relations, what the statement itself makes (a rewrite's passing copy too). Types: anything stronger than
 *   AccessShareLock on what somebody made; row types and array types come and go with others.
 * - rewrites: tables and materialized views that were there when the script began and have another file afterwards, so TRUNCATE is one.
 * - scans: tables that were there when the script began and are read to check or build something: the server says `verifying table`,
 *   `validating foreign key constraint` (the table that has it), `building index`; a domain's tables under ShareLock; the default
 *   partition when CREATE TABLE … PARTITION OF adds one. A rewritten table is not also scanned.
 * - builds: what the server says it builds. TOAST's indexes and those of temporary tables are left out.
 */
import { type Clone, createMissingRole, type DatabaseError, type Notice, type Step, type StepOutcome } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import type { Catalog } from '../sql/catalog.ts'
import { noEffects } from '../sql/effects.ts'
import type { Statement, TransactionMode } from '../sql/statement.ts'
import { FILES, LOCKS, SETTINGS } from './catalog-queries.ts'
import { number, type Row } from './catalog-rows.ts'
import { differencesOf } from './differences.ts'
import type { Measurement } from './measurement.ts'
import { effectsOf } from './observation.ts'
import { type LiveCatalog, readCatalog, refreshCatalog, settingsOf } from './read-catalog.ts'
import { type Rehearsal, rehearse } from './rehearsal.ts'
import { isAboutTransaction, isControl, lastsForTransaction, type TransactionGroup, transactionsOf } from './transactions.ts'

export interface MeasureOptions {
  /** What the clone holds now, when it is known from the script before; read otherwise. */
  catalog?: Catalog | undefined
}

export interface ScriptMeasurement {
  /** One a statement, in the same order. */
  measurements: Measurement[]
  /** The catalog as it was before each statement. */
  catalogs: Catalog[]
  /** The catalog as the script leaves it. */
  after: Catalog
}

/** A script being measured: what is known of the clone moves on with each statement. */
interface Run {
  clone: Clone
  signal: AbortSignal
  atStart: LiveCatalog
  now: LiveCatalog
}

const OUTSIDE = 'locks: it runs outside a transaction, and they are gone when it ends'
/** `active_sql_transaction`; `invalid_transaction_termination`, from a procedure that commits. */
const REFUSES_TRANSACTION = new Set(['25001', '2D000'])
/** What a script may leave set, undone when it is over. */
const RESET: Step[] = [{ sql: ['set session authorization default', 'reset role', 'reset all', 'discard temp'] }]

/** Never throws for what the script does; a clone that dies leaves the rest unmeasured, with the reason. */
export async function measureScript(
  clone: Clone,
  statements: readonly Statement[],
  mode: TransactionMode,
  options: MeasureOptions,
  signal: AbortSignal,
): Promise<ScriptMeasurement> {
  const known = options.catalog && 'raw' in options.catalog ? (options.catalog as LiveCatalog) : undefined
  const measurements = new Map<number, Measurement>()
  const catalogs = new Map<number, Catalog>()
  let run: Run | undefined
  try {
    const atStart = known ?? (await readCatalog(clone))
    run = { clone, signal, atStart, now: atStart }
    for (const group of transactionsOf(statements, mode)) await measureGroup(run, group, measurements, catalogs)
    await clone.batch(RESET, signal)
    run.now = { ...run.now, timeZone: atStart.timeZone, searchPath: atStart.searchPath }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    for (const { index } of statements) if (!measurements.has(index)) measurements.set(index, unmeasured(error.message))
  }
  const after = run?.now ?? known ?? emptyCatalog(clone)
  return {
    measurements: statements.map(({ index }) => measurements.get(index) ?? unmeasured('it was not reached')),
    catalogs: statements.map(({ index }) => catalogs.get(index) ?? after),
    after,
  }
}

async function measureGroup(
  run: Run,
  group: TransactionGroup,
  measurements: Map<number, Measurement>,
  catalogs: Map<number, Catalog>,
): Promise<void> {
  const several = group.mode !== 'none' && (group.statements.length > 1 || group.rolledBack)
  const rehearsal = several ? await rehearse(run.clone, group, run.signal) : undefined
  const prefix: string[] = []
  let settings: Partial<Catalog> = {}
  const asItRuns = (statement: Statement, measured: Measurement): Measurement =>
    rehearsal ? withRehearsal(statement, measured, rehearsal) : measured
  for (const statement of [group.begin, ...group.statements, group.end].filter((one) => one !== undefined)) {
    catalogs.set(statement.index, { ...run.now, ...settings })
    let measured: Measurement
    if (isControl(statement)) measured = group.mode === 'none' ? await measureSession(run, statement) : nothing()
    else if (group.rolledBack) measured = unmeasured('the script rolls it back')
    else if (statement.syntaxError)
      measured = { ...unmeasured('it does not parse'), error: { code: '42601', message: statement.syntaxError.message } }
    else if (isAboutTransaction(statement) && (group.mode === 'none' || (group.mode === 'implicit' && !several)))
      measured = await measureSession(run, statement)
    else measured = await measureOne(run, statement, prefix, group)
    measurements.set(statement.index, asItRuns(statement, measured))
    if (group.mode === 'none' || !lastsForTransaction(statement) || measured.unmeasured) continue
    prefix.push(statement.text)
    settings = await settingsAfter(run, prefix)
  }
}

/** What the tool would see takes the place of what the statement did alone. */
function withRehearsal({ index }: Statement, measured: Measurement, { errors, notices, blocked }: Rehearsal): Measurement {
  const { error: alone, ...rest } = measured
  const error = errors.get(index)
  const blockedBy = blocked.get(index)
  const reason = alone && !error && blockedBy === undefined ? `alone it fails: ${alone.message} (${alone.code})` : rest.unmeasured
  return {
    ...rest,
    notices: spoken(notices.get(index) ?? (blockedBy === undefined ? [] : rest.notices)),
    ...(reason === undefined ? {} : { unmeasured: reason }),
    ...(error ? { error } : {}),
    ...(blockedBy === undefined ? {} : { blockedBy }),
  }
}

/** The settings of the session once the transaction's own are in force. */
async function settingsAfter(run: Run, prefix: readonly string[]): Promise<Partial<Catalog>> {
  const steps: Step[] = [
    { sql: ['begin'] },
    ...prefix.map((sql) => ({ sql })),
    { sql: SETTINGS, name: 'settings' },
    { sql: ['rollback'], always: true },
  ]
  const settings = (await run.clone.batch(steps, run.signal)).at(-2)
  return settings && settings.values.length > 0 ? settingsOf(settings.values) : {}
}

async function measureOne(run: Run, statement: Statement, prefix: readonly string[], group: TransactionGroup): Promise<Measurement> {
  const begin: Step = { sql: ['begin'] }
  const steps: Step[] = [
    begin,
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
    return group.mode === 'block' ? { ...alone, error: failed } : alone
  }
  if (failed)
    return {
      ...unmeasured(`it fails: ${failed.message} (${failed.code})`),
      error: failed,
      ms: outcome.ms,
      notices: spoken(outcome.notices),
    }
  const touched = touchedBy(locks.values, run.now)
  const before = run.now
  run.now = await refreshCatalog(run.clone, before, touched, statement)
  const files = new Map(locks.values.filter((row) => row['file'] !== null).map((row) => [number(row, 'relation'), number(row, 'file')]))
  const seen = { statement, locks: locks.values, files, notices: outcome.notices, before, after: run.now, atStart: run.atStart }
  return { ...told(outcome), effects: effectsOf(seen), differences: differencesOf(before, run.now, touched) }
}

/** Relations a statement can have changed: those it locked against writers or its like, and those that are new. */
function touchedBy(locks: readonly Row[], { raw }: LiveCatalog): Set<number> {
  const harmless = new Set(['AccessShareLock', 'RowShareLock', 'RowExclusiveLock'])
  const touched = new Set<number>()
  for (const row of locks) {
    const oid = number(row, 'relation')
    if (oid > 0 && (!harmless.has(row['mode'] ?? '') || (!raw.has(oid) && row['file'] !== null))) touched.add(oid)
  }
  return touched
}

/** A statement outside any transaction: what it locked is gone, but not what it built and whether files changed. */
async function measureAlone(run: Run, statement: Statement): Promise<Measurement> {
  const [, outcome, , files] = await withRoles(run, [
    { sql: 'set client_min_messages = debug1', name: 'debug on' },
    { sql: statement.text },
    { sql: 'reset client_min_messages', name: 'debug off', always: true },
    { sql: FILES, name: 'files', always: true },
  ])
  if (!outcome || !files) throw new Error('a batch has an outcome for each step')
  const before = run.now
  const touched = changedFiles(files.values, before, statement)
  run.now = await refreshCatalog(run.clone, before, touched, statement)
  const differences = differencesOf(before, run.now, touched)
  if (outcome.error) {
    return {
      ...told(outcome),
      effects: undefined,
      unmeasured: `it fails: ${outcome.error.message} (${outcome.error.code})`,
      error: outcome.error,
      differences,
    }
  }
  const now = new Map(files.values.map((row) => [number(row, 'oid'), number(row, 'file')]))
  const seen = { statement, locks: [], files: now, notices: outcome.notices, before, after: run.now, atStart: run.atStart }
  return { ...told(outcome), effects: effectsOf(seen), unmeasured: OUTSIDE, differences }
}

function changedFiles(files: readonly Row[], { raw, relations }: LiveCatalog, statement: Statement): Set<number> {
  const touched = new Set<number>(statement.operations.flatMap(({ table }) => relations.get(table?.key ?? '')?.oid ?? []))
  const there = new Set<number>()
  for (const row of files) {
    const oid = number(row, 'oid')
    there.add(oid)
    if (raw.get(oid)?.file === number(row, 'file')) continue
    touched.add(oid)
    if (row['table'] !== null) touched.add(number(row, 'table'))
  }
  for (const [oid, { table }] of raw)
    if (!there.has(oid)) for (const one of [oid, ...(table === undefined ? [] : [table])]) touched.add(one)
  return touched
}

/** What only concerns the session or its transaction has no effects, but may be refused or warned about. */
async function measureSession(run: Run, { text, kind }: Statement): Promise<Measurement> {
  if (/^(?:begin|start)\b/i.test(text)) return nothing()
  const outcome = await run.clone.run(text, run.signal)
  run.now = await refreshCatalog(run.clone, run.now, [], { kind, text })
  if (!outcome.error) return { ...nothing(), ms: outcome.ms, notices: spoken(outcome.notices) }
  return {
    ...unmeasured(`it fails: ${outcome.error.message} (${outcome.error.code})`),
    error: outcome.error,
    notices: spoken(outcome.notices),
  }
}

/** Runs a batch; a role that is missing is made, and the batch runs again. */
async function withRoles(run: Run, steps: readonly Step[]): Promise<StepOutcome[]> {
  let outcomes = await run.clone.batch(steps, run.signal)
  for (let made = 0; made < 20; made += 1) {
    const error: DatabaseError | undefined = outcomes.find((one) => one.error)?.error
    const create = error && createMissingRole(error)
    if (!create || (await run.clone.run(create, run.signal)).error) break
    outcomes = await run.clone.batch(steps, run.signal)
  }
  return outcomes
}

function told({ ms, rows, notices }: StepOutcome): Pick<Measurement, 'ms' | 'rows' | 'notices'> {
  return { ms, notices: spoken(notices), ...(rows === undefined ? {} : { rows }) }
}

function spoken(notices: readonly Notice[]): Notice[] {
  return notices.filter(({ severity }) => !/^(?:DEBUG|LOG)/.test(severity))
}

function nothing(): Measurement {
  return { effects: noEffects(), notices: [], differences: [] }
}

function unmeasured(reason: string): Measurement {
  return { effects: undefined, unmeasured: reason, notices: [], differences: [] }
}

function emptyCatalog(clone: Clone): Catalog {
  return {
    postgres: clone.postgres,
    timeZone: 'UTC',
    searchPath: ['public'],
    relations: new Map(),
    types: new Map(),
    volatility: new Map(),
  }
}
