import type pg from 'pg'

/** Of one query as EXPLAIN gives it, in the planner's units. */
export async function costOf(client: pg.Client, query: string): Promise<number> {
  return (await explain(client, `EXPLAIN (FORMAT JSON) ${query}`))['Total Cost']
}

/** Shared blocks that a query touched, found in memory or read. What it wrote is rolled back. */
export async function buffersOf(client: pg.Client, query: string): Promise<number> {
  await client.query('begin')
  try {
    const root = await explain(client, `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${query}`)
    return root['Shared Hit Blocks'] + root['Shared Read Blocks']
  } finally {
    await client.query('rollback')
  }
}

type Root = Record<'Total Cost' | 'Shared Hit Blocks' | 'Shared Read Blocks', number>

async function explain(client: pg.Client, sql: string): Promise<Root> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Root }] }>(sql)
  const [first] = rows
  if (!first) throw new Error(`no plan of ${sql}`)
  return first['QUERY PLAN'][0].Plan
}
