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
import { type Clone, CloneDied, type Step } from '../clones/clone.ts'
import { ServiceError } from '../errors.ts'
import type { Catalog } from '../sql/catalog.ts'
import type { Statement, TransactionMode } from '../sql/statement.ts'
import { SETTINGS } from './catalog-queries.ts'
import { type LiveCatalog, settingsOf } from './live-catalog.ts'
import { failureOf, measureInTransaction, measureSession, nothing, type Run, spoken, unmeasured } from './measure-statement.ts'
import type { Measurement } from './measurement.ts'
import { readCatalog } from './read-catalog.ts'
import { type Rehearsal, rehearse } from './rehearsal.ts'
import { couldTamper, systemState } from './tampering.ts'
import { isAboutTransaction, isControl, lastsForTransaction, type TransactionGroup, transactionsOf } from './transactions.ts'

export interface MeasureOptions {
  /** What the clone holds now, when it is known from the script before; read otherwise. */
  catalog?: Catalog | undefined
  /** What ran on the clone since its base, to run again when it has to be started anew. What this script runs is added. */
  ran?: Step[][]
}

export interface ScriptMeasurement {
  /** One a statement, in the same order. */
  measurements: Measurement[]
  /** The catalog as it was before each statement. */
  catalogs: Catalog[]
  /** The catalog as the script leaves it. */
  after: Catalog
}

/**
 * Never throws for what the script does. What kills the clone is not measured; the clone starts anew, and when it cannot the rest is not
 * measured either. Throws the signal's reason when that is aborted.
 */
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
    run = { clone, signal, atStart, now: atStart, ran: [] }
    const watched = couldTamper(statements)
    const state = atStart.system ?? (watched ? await systemState(clone, signal) : undefined)
    const groups = transactionsOf(statements, mode).map((group): Part => ({ group, rehearsed: false }))
    for (const part of groups) await measurePart(run, part, measurements, catalogs, options.ran ?? [])
    await runReset(run)
    if (watched && state !== (await systemState(clone, signal))) return await distrusted(run, statements, options.ran ?? [])
    const { timeZone, searchPath } = run.atStart
    run.now = { ...run.now, timeZone, searchPath, ...(state !== undefined && { system: state }) }
    options.ran?.push(...run.ran)
  } catch (error) {
    if (signal.aborted) throw signal.reason
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

/** Nothing that was seen counts, and the clone goes back to where it stood before the script. */
async function distrusted(run: Run, statements: readonly Statement[], earlier: readonly Step[][]): Promise<ScriptMeasurement> {
  run.ran = []
  await startAnew(run, earlier)
  const reason = "the script changes Postgres's own functions, operators or views, so nothing it was seen to do can be believed"
  return { measurements: statements.map(() => unmeasured(reason)), catalogs: statements.map(() => run.now), after: run.now }
}

/** A transaction and how far it is: `at` is the statement that runs, undefined during the rehearsal. */
interface Part {
  group: TransactionGroup
  rehearsed: boolean
  rehearsal?: Rehearsal
  at?: Statement | undefined
}

/** Measures what is not measured yet; begins anew where the clone died. */
async function measurePart(
  run: Run,
  part: Part,
  measurements: Map<number, Measurement>,
  catalogs: Map<number, Catalog>,
  earlier: readonly Step[][],
): Promise<void> {
  for (;;) {
    try {
      return await measureGroup(run, part, measurements, catalogs)
    } catch (error) {
      if (!(error instanceof ServiceError) || run.signal.aborted || !run.clone.restart) throw error
      const culprit =
        part.at ?? (part.group.mode === 'block' && error instanceof CloneDied ? part.group.statements[(error.step ?? 0) - 1] : undefined)
      if (culprit) measurements.set(culprit.index, unmeasured(error.message))
      await startAnew(run, earlier)
    }
  }
}

/** Brings a new instance to where the old one stood. Numbers in the catalog are others now. */
async function startAnew(run: Run, earlier: readonly Step[][]): Promise<void> {
  await run.clone.restart?.(run.signal)
  for (const steps of earlier) await run.clone.batch(steps, run.signal)
  run.atStart = await readCatalog(run.clone)
  for (const steps of run.ran) await run.clone.batch(steps, run.signal)
  run.now = await readCatalog(run.clone)
}

async function runReset(run: Run): Promise<void> {
  const reset: Step[] = [{ sql: [...run.clone.resetSession] }]
  await run.clone.batch(reset, run.signal)
  run.ran.push(reset)
}

async function measureGroup(run: Run, part: Part, measurements: Map<number, Measurement>, catalogs: Map<number, Catalog>): Promise<void> {
  const { group } = part
  const several = group.mode !== 'none' && (group.statements.length > 1 || group.rolledBack)
  if (several && !part.rehearsed) {
    part.rehearsed = true
    part.rehearsal = await rehearse(run.clone, group, run.signal)
  }
  const inTransaction = several || group.mode === 'block'
  const prefix: string[] = []
  let settings: Partial<Catalog> = {}
  for (const statement of [group.begin, ...group.statements, group.end].filter((one) => one !== undefined)) {
    let measured = measurements.get(statement.index)
    if (!measured) {
      part.at = statement
      catalogs.set(statement.index, { ...run.now, ...settings })
      const alone = await measure(run, statement, group, inTransaction, prefix)
      measured = part.rehearsal ? withRehearsal(statement, alone, part.rehearsal) : alone
      measurements.set(statement.index, measured)
    }
    if (!inTransaction || !lastsForTransaction(statement) || measured.unmeasured) continue
    prefix.push(statement.text)
    settings = await settingsAfter(run, prefix)
  }
}

async function measure(
  run: Run,
  statement: Statement,
  group: TransactionGroup,
  inTransaction: boolean,
  prefix: readonly string[],
): Promise<Measurement> {
  if (isControl(statement)) return inTransaction ? nothing() : await measureSession(run, statement)
  if (group.rolledBack) return unmeasured('the script rolls it back')
  if (statement.syntaxError) return { ...unmeasured('it does not parse'), error: { code: '42601', message: statement.syntaxError.message } }
  if (!inTransaction && isAboutTransaction(statement)) return await measureSession(run, statement)
  return await measureInTransaction(run, statement, prefix, group.mode)
}

/** What the tool would see takes the place of what the statement did alone. */
function withRehearsal({ index }: Statement, measured: Measurement, { errors, notices, blocked }: Rehearsal): Measurement {
  const { error: alone, ...rest } = measured
  const error = errors.get(index)
  const blockedBy = blocked.get(index)
  const reason = alone && !error && blockedBy === undefined ? failureOf(alone, 'alone it fails') : rest.unmeasured
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
