import type { Connection } from '../clones/clone.ts'

/** Sessions were seen to wait for a lock, and for whom. */
export interface WaitWatch {
  look(): Promise<void>
  /** Milliseconds of performance.now() between which a session was seen waiting, one a wait. */
  waits(pid: number | undefined): Wait[]
}

interface Wait {
  fromMs: number
  toMs: number
  /** Process ids; those ahead in the queue are among them. */
  blockers: Set<number>
  /** What is waited for: `relation`, `transactionid`, `virtualxid`, as pg_locks calls it. */
  events: Set<string>
}

const WAITING = `select a.pid, a.wait_event as event, pg_catalog.pg_blocking_pids(a.pid) as blockers from pg_catalog.pg_stat_activity a
  where a.pid = any ($1::int[]) and a.wait_event_type = 'Lock'`

export function watchWaits(observer: Connection, pids: ReadonlyArray<number | undefined>): WaitWatch {
  const seen = new Map<number, Wait[]>()
  const current = new Map<number, Wait>()
  let lastMs = performance.now()
  return {
    async look() {
      const askedMs = performance.now()
      const rows = await observer.query<{ pid: number; event: string; blockers: number[] }>(WAITING, [pids])
      const nowMs = performance.now()
      const waiting = new Set(rows.map(({ pid }) => pid))
      for (const [pid, wait] of current) {
        if (waiting.has(pid)) continue
        wait.toMs = nowMs
        current.delete(pid)
      }
      for (const { pid, event, blockers } of rows) {
        let wait = current.get(pid)
        if (!wait) {
          wait = { fromMs: lastMs, toMs: nowMs, blockers: new Set(), events: new Set() }
          current.set(pid, wait)
          seen.set(pid, [...(seen.get(pid) ?? []), wait])
        }
        wait.toMs = nowMs
        wait.events.add(event)
        for (const blocker of blockers) wait.blockers.add(blocker)
      }
      lastMs = askedMs
    },
    waits: (pid) => (pid === undefined ? [] : (seen.get(pid) ?? [])),
  }
}
