import { z } from 'zod'
import { type Clone, type Connection, giveMissing } from '../clones/clone.ts'
import { isStronger, type LockMode, lockName } from '../sql/effects.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Experiment } from './experiment.ts'
import { readSizes, type SizeChange, type SizedRelation, sizeChanges } from './relation-sizes.ts'
import type { ScriptFailure } from './run-script.ts'
import { openSessions } from './sessions.ts'
import { runTimed, type TableWrites, type TimedTransaction, tellingLocks } from './timed-run.ts'
import { Transaction } from './transaction-input.ts'
import { type TransactionGroup, transactionsOf } from './transactions.ts'

const Input = z.strictObject({
  script: z.string().meta({ file: true }).describe('File of SQL, run in order.'),
  transaction: Transaction,
})

export interface HeldLock {
  relation: string
  kind: SizedRelation['kind']
  mode: LockMode
  /** One-based line of the statement that took it. */
  line: number
  /** From when it was taken to the end of the transaction, or where it was given back before, to then. */
  heldMs: number
}

export interface HeldTransaction {
  /** One-based line of its first statement. */
  line: number
  /** A statement outside of a transaction: its locks were looked at every few milliseconds, so shorter ones may be missing. */
  alone: boolean
  /** From the first statement to the end of COMMIT, round trips of the client left out. */
  ms: number
  commitMs: number
  /** On relations that were there before it, the longest held first. */
  locks: HeldLock[]
  walBytes: number
  sizes: SizeChange[]
  /** By every statement, triggers and functions included. Not known of a statement outside of a transaction. */
  written: TableWrites[]
  /** `rows` is what the statement itself says; null when it says nothing. */
  statements: Array<{ line: number; kind: string; ms: number; rows: number | null; walBytes: number; error: string | null }>
}

export interface HeldLocks {
  transactions: HeldTransaction[]
  /** Of files for sorts and hashes that did not fit into memory, for the whole script; null when the server does not say. */
  temporaryBytes: number | null
  /** The statement that did not run; what comes after it was not tried. */
  failed: ScriptFailure | null
}

const MAX_ROLES = 20

export const EXPERIMENT: Experiment<z.infer<typeof Input>, HeldLocks> = {
  name: 'held-locks',
  question: 'How long does a script hold each lock, and how much does it write?',
  input: Input,
  needs: 'connections',
  async run(clone, { script, transaction }, { signal, progress }) {
    await using sessions = openSessions(clone, 'held-locks', signal)
    const observer = await sessions.open('observer')
    const result: HeldLocks = { transactions: [], temporaryBytes: null, failed: null }
    const temporaryBefore = await readTemporary(observer)
    let sizes = await readSizes(observer)
    try {
      for (const group of transactionsOf(await readScript(script, transaction), transaction)) {
        const line = (group.begin ?? group.statements[0] ?? group.end)?.line ?? 1
        progress(`line ${line}`)
        const timed = await runGroup(clone, observer, group, signal)
        const after = await readSizes(observer)
        result.transactions.push(held(timed, line, sizes, after))
        sizes = after
        if (!timed.error) continue
        const { statement, error } = timed.error
        result.failed = { line: statement?.line ?? line, code: error.code, message: error.message }
        break
      }
    } finally {
      if (!signal.aborted) await clone.batch([{ sql: ['rollback'] }, ...clone.resetSession.map((sql) => ({ sql, always: true }))], signal)
    }
    result.temporaryBytes = await temporarySince(clone, observer, temporaryBefore, signal)
    return result
  },
  summarise({ transactions, failed }) {
    const longest = transactions
      .flatMap(({ locks }) => locks)
      .reduce<HeldLock | undefined>((best, one) => (isWorse(one, best) ? one : best), undefined)
    const wal = transactions.reduce((sum, { walBytes }) => sum + walBytes, 0)
    // What failed, and what ran outside of a transaction, may have let go before anybody looked.
    const nothing = failed || transactions.some(({ alone }) => alone) ? 'No lock was seen' : 'No lock was held'
    const said = longest ? `${lockName(longest.mode)} on ${longest.relation} was held for ${shown(longest.heldMs)}` : nothing
    const end = failed ? `; line ${failed.line} fails: ${failed.message} (${failed.code})` : ''
    return `${said}; ${bytes(wal)} of WAL${end}.`
  },
  render({ transactions, temporaryBytes, failed }) {
    return [
      ...transactions.flatMap(renderTransaction),
      ...(temporaryBytes ? [`temporary files: ${bytes(temporaryBytes)}`] : []),
      ...(failed ? [`line ${failed.line}: ${failed.message} (${failed.code})`] : []),
    ]
  },
}

/** A role or right that is missing is given, and the transaction runs again. */
async function runGroup(clone: Clone, observer: Connection, group: TransactionGroup, signal: AbortSignal): Promise<TimedTransaction> {
  let timed = await runTimed(clone, observer, group, signal)
  for (let made = 0; timed.error && made < MAX_ROLES; made += 1) {
    const give = giveMissing(timed.error.error, timed.error.statement?.text ?? '')
    if (!give || (await clone.run(give, signal)).error) break
    timed = await runTimed(clone, observer, group, signal)
  }
  return timed
}

function held(
  timed: TimedTransaction,
  line: number,
  before: ReadonlyMap<number, SizedRelation>,
  after: ReadonlyMap<number, SizedRelation>,
): HeldTransaction {
  const locks = tellingLocks(timed.locks).flatMap(({ oid, mode, fromMs, toMs }) => {
    const relation = before.get(oid)
    const taker = timed.statements.findLast((one) => one.fromMs <= fromMs)
    const heldMs = (toMs ?? timed.ms) - fromMs
    return relation ? [{ relation: relation.name, kind: relation.kind, mode, line: taker?.statement.line ?? line, heldMs }] : []
  })
  return {
    line,
    alone: timed.alone,
    ms: timed.ms,
    commitMs: timed.endMs,
    locks: locks.sort((a, b) => b.heldMs - a.heldMs || (a.relation < b.relation ? -1 : 1)),
    walBytes: timed.walBytes,
    sizes: sizeChanges(before, after),
    written: timed.written,
    statements: timed.statements.map(({ statement, outcome, walBytes }) => ({
      line: statement.line,
      kind: statement.kind,
      ms: outcome.ms,
      rows: outcome.rows ?? null,
      walBytes,
      error: outcome.error ? `${outcome.error.code}: ${outcome.error.message}` : null,
    })),
  }
}

const TEMPORARY = `select temp_bytes::text as bytes from pg_catalog.pg_stat_database where datname = pg_catalog.current_database()`

async function readTemporary(observer: Connection): Promise<number | undefined> {
  const [row] = await observer.query<{ bytes: string | null }>(TEMPORARY)
  return row?.bytes == null ? undefined : Number(row.bytes)
}

/** A session tells what it counted when it is asked to; before 15 only now and then, so that nothing is known. */
async function temporarySince(clone: Clone, observer: Connection, before: number | undefined, signal: AbortSignal): Promise<number | null> {
  if (before === undefined || clone.postgres < 15) return null
  await clone.batch([{ sql: 'select pg_catalog.pg_stat_force_next_flush()', name: 'flush' }], signal)
  await clone.batch([{ sql: 'select 1', name: 'flushed' }], signal)
  const after = await readTemporary(observer)
  return after === undefined ? null : Math.max(after - before, 0)
}

function isWorse(one: HeldLock, best: HeldLock | undefined): boolean {
  if (!best || one.kind !== 'table') return !best && one.kind === 'table'
  return isStronger(one.mode, best.mode) || (one.mode === best.mode && one.heldMs > best.heldMs)
}

function renderTransaction({ line, alone, ms, locks, walBytes, sizes, written, statements }: HeldTransaction): string[] {
  const one = alone ? 'outside a transaction' : 'transaction'
  return [
    `line ${line}  ${one}, ${shown(ms)}, ${bytes(walBytes)} of WAL`,
    ...statements.map(
      ({ line: at, kind, ms: its, rows, walBytes: wal, error }) =>
        `  line ${String(at).padEnd(5)} ${kind.padEnd(24)} ${shown(its).padStart(10)} ${bytes(wal).padStart(10)} WAL` +
        `${rows === null ? '' : `  ${rows} rows`}${error === null ? '' : `  ERROR ${error}`}`,
    ),
    ...locks.map(
      ({ relation, mode, heldMs, line: at }) => `    ${lockName(mode).padEnd(24)} ${shown(heldMs).padStart(10)}  ${relation} (line ${at})`,
    ),
    ...written.map(
      ({ relation, inserted, updated, deleted }) => `    ${relation}: ${inserted} inserted, ${updated} updated, ${deleted} deleted`,
    ),
    ...sizes.map(({ relation, beforeBytes, afterBytes }) => `    ${relation}: ${bytes(beforeBytes)} -> ${bytes(afterBytes)}`),
  ]
}

function shown(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`
  return count < 1024 ** 2 ? `${(count / 1024).toFixed(1)} kB` : `${(count / 1024 ** 2).toFixed(1)} MB`
}
