import type { Clone, Connection, StatementOutcome } from '../clones/clone.ts'
import { isStronger } from '../sql/effects.ts'
import type { Statement } from '../sql/statement.ts'
import { type LockSpan, type LockWatch, watchLocks } from './lock-watch.ts'
import { lookWhile } from './sessions.ts'
import { isAboutTransaction, isControl, type TransactionGroup } from './transactions.ts'

/** One statement of a transaction. */
interface TimedStatement {
  statement: Statement
  outcome: StatementOutcome
  walBytes: number
  /** When it began on the transaction's clock. */
  fromMs: number
}

/** A transaction, or one statement outside of any. Its clock leaves out what looking took between the statements. */
export interface TimedTransaction {
  statements: TimedStatement[]
  /** From the first statement to the end of COMMIT. */
  ms: number
  /** Of COMMIT, or of the whole where it is one statement alone. */
  endMs: number
  walBytes: number
  locks: LockSpan[]
  written: TableWrites[]
  /** Ran outside a transaction, so that its locks were only seen from time to time. */
  alone: boolean
  error?: { statement: Statement | undefined; error: NonNullable<StatementOutcome['error']> }
}

/** Rows by table, `schema.name`. */
export interface TableWrites {
  relation: string
  inserted: number
  updated: number
  deleted: number
}

/** While a statement runs its locks are looked at this often. */
const LOOK_MS = 10
/** What takes and gives back locks as it goes is looked at more often. */
const LOOK_ALONE_MS = 1
/** `active_sql_transaction`; `invalid_transaction_termination`, from a procedure that commits. */
const REFUSES_TRANSACTION = new Set(['25001', '2D000'])
/** Of the whole server: on one that others use too, theirs is among it. */
const WAL = `select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::text as bytes`
const WRITES = `select schemaname || '.' || relname as relation, n_tup_ins::text as inserted, n_tup_upd::text as updated, n_tup_del::text as deleted
  from pg_catalog.pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0 order by 1`

/**
 * Runs a group of a script as one transaction, watched by `observer`; a statement that refuses a transaction runs alone. A query of several
 * statements is run as BEGIN … COMMIT, which it amounts to.
 */
export async function runTimed(
  clone: Clone,
  observer: Connection,
  group: TransactionGroup,
  signal: AbortSignal,
): Promise<TimedTransaction> {
  const [only] = group.statements
  if (group.mode !== 'none') return await runTogether(clone, observer, group, signal)
  if (!only || isControl(only) || isAboutTransaction(only)) return await runAlone(clone, observer, only ?? group.end, signal)
  const together = await runTogether(clone, observer, group, signal)
  const code = together.error?.error.code
  return code !== undefined && REFUSES_TRANSACTION.has(code) ? await runAlone(clone, observer, only, signal) : together
}

async function runTogether(clone: Clone, observer: Connection, group: TransactionGroup, signal: AbortSignal): Promise<TimedTransaction> {
  const watch = watchLocks(observer, clone.pid)
  const statements: TimedStatement[] = []
  // What earlier transactions of the session did may be among it, not yet told to the server.
  const writesBefore = await readWrites(clone, signal)
  const firstWal = await readWal(observer)
  let wal = firstWal
  let nowMs = 0
  const began = await clone.run(group.begin?.text ?? 'begin', signal)
  let error: TimedTransaction['error'] = began.error && { statement: group.begin, error: began.error }
  for (const statement of error ? [] : group.statements) {
    const fromMs = nowMs
    const { outcome, ms } = await runWatched(clone, statement, { watch, fromMs, everyMs: LOOK_MS }, signal)
    nowMs = fromMs + ms
    await watch.look(() => nowMs)
    const walNow = await readWal(observer)
    statements.push({ statement, outcome, walBytes: walNow - wal, fromMs })
    wal = walNow
    if (!outcome.error) continue
    error = { statement, error: outcome.error }
    break
  }
  const written = error ? [] : writesSince(writesBefore, await readWrites(clone, signal))
  const end = await clone.run(error ? 'rollback' : (group.end?.text ?? 'commit'), signal)
  if (end.error) error ??= { statement: group.end ?? group.statements.at(-1), error: end.error }
  const ms = nowMs + end.ms
  const walBytes = (await readWal(observer)) - firstWal
  return { statements, ms, endMs: end.ms, walBytes, locks: watch.release(ms), written, alone: false, ...(error && { error }) }
}

async function runAlone(
  clone: Clone,
  observer: Connection,
  statement: Statement | undefined,
  signal: AbortSignal,
): Promise<TimedTransaction> {
  if (!statement) throw new Error('a group without a statement')
  const watch = watchLocks(observer, clone.pid)
  // The first look of a session takes longer than the following ones.
  await watch.look(() => 0)
  const wal = await readWal(observer)
  const { outcome, ms } = await runWatched(clone, statement, { watch, fromMs: 0, everyMs: LOOK_ALONE_MS }, signal)
  const walBytes = (await readWal(observer)) - wal
  return {
    statements: [{ statement, outcome, walBytes, fromMs: 0 }],
    ms,
    endMs: 0,
    walBytes,
    locks: watch.release(ms),
    written: [],
    alone: true,
    ...(outcome.error && { error: { statement, error: outcome.error } }),
  }
}

async function runWatched(
  clone: Clone,
  statement: Statement,
  { watch, fromMs, everyMs }: { watch: LockWatch; fromMs: number; everyMs: number },
  signal: AbortSignal,
): Promise<{ outcome: StatementOutcome; ms: number }> {
  const began = performance.now()
  const work = clone.run(statement.text, signal)
  let endedMs: number | undefined
  const timed = work.then((outcome) => {
    endedMs = fromMs + outcome.ms
    return outcome
  })
  const outcome = await lookWhile(timed, everyMs, async () => {
    await watch.look(() => Math.min(fromMs + performance.now() - began, endedMs ?? Number.POSITIVE_INFINITY))
  })
  return { outcome, ms: outcome.ms }
}

async function readWal(observer: Connection): Promise<number> {
  const [row] = await observer.query<{ bytes: string }>(WAL)
  return Number(row?.bytes ?? 0)
}

/** Asked in the transaction itself: nobody else can know before it ends. */
async function readWrites(clone: Clone, signal: AbortSignal): Promise<TableWrites[]> {
  const [outcome] = await clone.batch([{ sql: WRITES, name: 'writes' }], signal)
  return (outcome?.values ?? []).map(({ relation, inserted, updated, deleted }) => ({
    relation: relation ?? '',
    inserted: Number(inserted),
    updated: Number(updated),
    deleted: Number(deleted),
  }))
}

function writesSince(before: readonly TableWrites[], after: readonly TableWrites[]): TableWrites[] {
  return after
    .map(({ relation, inserted, updated, deleted }) => {
      const known = before.find((one) => one.relation === relation)
      return {
        relation,
        inserted: inserted - (known?.inserted ?? 0),
        updated: updated - (known?.updated ?? 0),
        deleted: deleted - (known?.deleted ?? 0),
      }
    })
    .filter(({ inserted, updated, deleted }) => inserted + updated + deleted > 0)
}

/** Without those that a stronger lock on the same relation, held at least as long, makes meaningless. */
export function tellingLocks(spans: readonly LockSpan[]): LockSpan[] {
  const covers = (one: LockSpan, other: LockSpan): boolean =>
    one.oid === other.oid && isStronger(one.mode, other.mode) && one.fromMs <= other.fromMs && (one.toMs ?? 0) >= (other.toMs ?? 0)
  return spans.filter((span) => !spans.some((other) => covers(other, span)))
}
