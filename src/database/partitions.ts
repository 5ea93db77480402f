import { type Database, SCHEMA, type Session } from './database.ts'

/** A table partitioned by month over `made_at`, and how many whole months of it are kept. */
export interface MonthlyTable {
  table: string
  keptMonths: number
}

/** How often it should be done: months ahead are there long before they begin. */
export const MONTHS_EVERY_MS = 6 * 3_600_000
/** This month and the next two, by the server's clock. */
const AHEAD = 2

/** Makes the months to come and drops those that are over. Harmless when several processes do it. */
export async function turnMonths(database: Database, tables: readonly MonthlyTable[]): Promise<void> {
  await database.transaction(
    async (session) => {
      // Dropping waits for readers of the table, and everybody else would wait behind it.
      await session.query(`set local lock_timeout = '3s'`)
      for (const table of tables) await turn(session, table)
    },
    ['months'],
  )
}

async function turn(session: Session, { table, keptMonths }: MonthlyTable): Promise<void> {
  const months = await session.query<{ name: string; from: string; to: string; there: boolean }>(
    `select $1::text || to_char(month, '_YYYY_MM') as name, to_char(month, 'YYYY-MM-01') as from, to_char(month + interval '1 month', 'YYYY-MM-01') as to,
       to_regclass('${SCHEMA}.' || $1::text || to_char(month, '_YYYY_MM')) is not null as there
     from generate_series(0, ${AHEAD}) as i,
       lateral (select date_trunc('month', now() at time zone 'utc') + i * interval '1 month' as month) as months`,
    [table],
  )
  for (const { name, from, to, there } of months) {
    if (there) continue
    // Attaching locks less than `partition of` would.
    await session.query(`create table ${SCHEMA}.${name} (like ${SCHEMA}.${table} including all);
      alter table ${SCHEMA}.${table} attach partition ${SCHEMA}.${name} for values from ('${from} 00:00:00+00') to ('${to} 00:00:00+00')`)
  }
  const over = await session.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = ('${SCHEMA}.' || $1::text)::regclass and relname ~ '_[0-9]{4}_[0-9]{2}$'
       and to_date(right(relname, 7), 'YYYY_MM') < date_trunc('month', now() at time zone 'utc') - $2::int * interval '1 month'`,
    [table, keptMonths],
  )
  for (const { name } of over) await session.query(`drop table ${SCHEMA}.${name}`)
}
