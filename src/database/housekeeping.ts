import type { PGlite } from '@electric-sql/pglite'

/** After so many statements, or so long, whichever comes first. */
const EVERY = 1_000
const EVERY_MS = 60_000

/**
 * What Postgres's background processes do elsewhere, and PGlite has none: removes dead rows by the rule of autovacuum (more than 50 and a fifth), and writes
 * a checkpoint, so that what `kill -9` leaves is soon read again. Gives a function to call after each statement that is done.
 */
export function newHousekeeping(pglite: PGlite): () => Promise<void> {
  let since = 0
  let last = performance.now()
  return async () => {
    since++
    if (since < EVERY && performance.now() - last < EVERY_MS) return
    since = 0
    const { rows } = await pglite.query<{ name: string }>(
      `select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables where n_dead_tup > 50 + n_live_tup / 5`,
    )
    if (rows.length > 0) await pglite.exec(`vacuum (analyze) ${rows.map(({ name }) => name).join(', ')}`)
    if (rows.length > 0) await pglite.exec('checkpoint')
    last = performance.now()
  }
}
