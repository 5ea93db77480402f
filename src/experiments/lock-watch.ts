import type { Connection } from '../clones/clone.ts'
import type { LockMode } from '../sql/effects.ts'

/** A lock on a relation that somebody made, held by a session for some time. */
export interface LockSpan {
  oid: number
  mode: LockMode
  /** Milliseconds on the watch's clock. */
  fromMs: number
  /** Undefined while it is held. */
  toMs?: number
}

const FIRST_OURS = 16384
const HELD = `select l.relation::text as oid, l.mode from pg_catalog.pg_locks l where l.pid = $1::int and l.granted and l.locktype = 'relation'
  and l.relation >= ${FIRST_OURS} and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())`

/**
 * Which locks a session holds, from when to when. Its clock is the caller's, so that the caller's own pauses need not count. A lock begins when
 * it was last seen missing and ends when it is first seen missing: times are at most one look too long. What is only waited for is not held.
 */
export interface LockWatch {
  /** Asks once. The clock is read before the question and after the answer. */
  look(clock: () => number): Promise<void>
  /** All there were; what is still held ends now. */
  release(nowMs: number): LockSpan[]
}

export function watchLocks(observer: Connection, pid: number | undefined): LockWatch {
  const held = new Map<string, LockSpan>()
  const ended: LockSpan[] = []
  let lastMs = 0
  return {
    async look(clock) {
      const askedMs = clock()
      const rows = await observer.query<{ oid: string; mode: LockMode }>(HELD, [pid])
      const now = new Set(rows.map(({ oid, mode }) => `${oid} ${mode}`))
      for (const { oid, mode } of rows) {
        const key = `${oid} ${mode}`
        if (!held.has(key)) held.set(key, { oid: Number(oid), mode, fromMs: lastMs })
      }
      const answeredMs = clock()
      for (const [key, span] of held) {
        if (now.has(key)) continue
        held.delete(key)
        ended.push({ ...span, toMs: answeredMs })
      }
      lastMs = askedMs
    },
    release(nowMs) {
      const all = [...ended, ...[...held.values()].map((span) => ({ ...span, toMs: nowMs }))]
      held.clear()
      ended.length = 0
      lastMs = nowMs
      return all
    },
  }
}
