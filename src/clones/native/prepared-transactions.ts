import type { Connection } from '../clone.ts'

const PREPARED =
  'select gid, owner::pg_catalog.text as owner from pg_catalog.pg_prepared_xacts where database = pg_catalog.current_database()'

/** The names of those of this database: locks that outlive every session, and keep the database from being dropped. */
export async function preparedTransactions(connection: Connection): Promise<string[]> {
  return (await connection.query<{ gid: string }>(PREPARED)).map(({ gid }) => gid)
}

/** Rolls back those that are not in `kept`, as the role that prepared each. */
export async function endPreparedTransactions(connection: Connection, kept: readonly string[]): Promise<void> {
  for (const { gid, owner } of await connection.query<{ gid: string; owner: string }>(PREPARED)) {
    if (kept.includes(gid)) continue
    const [row] = await connection.query<{ role: string; rollback: string }>(
      "select pg_catalog.format('set role %I', $2::text) as role, pg_catalog.format('rollback prepared %L', $1::text) as rollback",
      [gid, owner],
    )
    await connection.query(row?.role ?? '')
    await connection.query(row?.rollback ?? '')
    await connection.query('reset role')
  }
}
