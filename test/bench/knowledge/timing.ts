import type { Database, Session } from '../../../src/database/database.ts'

/** Of many runs, in milliseconds. */
export interface Times {
  median: number
  /** 95 of 100 take less. */
  p95: number
  longest: number
}

export function timesOf(ms: readonly number[]): Times {
  const sorted = [...ms].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { median: at(0.5), p95: at(0.95), longest: at(1) }
}

/** A database that counts what it is asked, and how long that took. */
export function counted(database: Database): { database: Database; statements(): number; ms(): number } {
  let statements = 0
  let ms = 0
  const counting = (session: Session): Session['query'] =>
    async function query<Row>(sql: string, parameters?: readonly unknown[]) {
      const started = performance.now()
      try {
        return await session.query<Row>(sql, parameters)
      } finally {
        statements++
        ms += performance.now() - started
      }
    }
  const transaction: Database['transaction'] = async (work, locks) =>
    await database.transaction(async (session) => await work({ query: counting(session) }), locks)
  return { database: { ...database, query: counting(database), transaction }, statements: () => statements, ms: () => ms }
}

const FIXED = 'select sum(hashint4(n) % 7) from generate_series(1, 100000) as n'

/** The same work whatever is stored: what this machine does at this moment. */
export async function fixedWork(database: Database): Promise<number> {
  const ms: number[] = []
  for (let index = 0; index < 15; index++) {
    const started = performance.now()
    await database.query(FIXED)
    ms.push(performance.now() - started)
  }
  return timesOf(ms).median
}
