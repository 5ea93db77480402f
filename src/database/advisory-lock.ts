import { createHash } from 'node:crypto'

/** SQL that waits for a name until the transaction ends: the only kind of advisory lock that works through a pooler. */
export function advisoryLock(name: string): string {
  const key = createHash('sha256').update(`pgwitness ${name}`).digest().readBigInt64BE()
  return `select pg_advisory_xact_lock(${key})`
}
