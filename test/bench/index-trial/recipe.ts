import type pg from 'pg'
import type { Workload } from '../workloads/workload.ts'
import { costOf } from './costs.ts'
import { mentionedColumns } from './mentioned-columns.ts'
import type { TrialDatabase } from './server.ts'

/** An index has to lower the cost of its query by this share at least. */
const WORTHWHILE = 0.01

/** Of columns of one table. */
interface Candidate {
  table: string
  columns: readonly string[]
}

/**
 * What a person does who has HypoPG: for each query alone, every index on one column it mentions and on every two of a table is
 * pretended, and the one that lowers the query's cost most is taken. Queries that want the same index share it.
 */
export async function recipeAdvice({ client }: TrialDatabase, { queries }: Workload): Promise<string[]> {
  const taken = new Set<string>()
  for (const query of queries) {
    const best = await bestIndex(client, query)
    if (best) taken.add(statementOf(best, best.table))
  }
  return [...taken]
}

async function bestIndex(client: pg.Client, query: string): Promise<Candidate | undefined> {
  let lowest = (await costOf(client, query)) * (1 - WORTHWHILE)
  let best: Candidate | undefined
  for (const candidate of candidatesOf(await mentionedColumns(client, query))) {
    await pretend(client, candidate)
    const cost = await costOf(client, query)
    await client.query('select hypopg_reset()')
    if (cost < lowest) [lowest, best] = [cost, candidate]
  }
  return best
}

function candidatesOf(mentioned: ReadonlyMap<string, readonly string[]>): Candidate[] {
  return [...mentioned].flatMap(([table, columns]) => {
    const pairs = columns.flatMap((first) => columns.filter((second) => second !== first).map((second) => [first, second]))
    return [...columns.map((one) => [one]), ...pairs].map((some) => ({ table, columns: some }))
  })
}

/** A partitioned table holds no rows: its partitions are what is read. */
async function pretend(client: pg.Client, candidate: Candidate): Promise<void> {
  const { rows } = await client.query<{ name: string }>('select relid::regclass::text as name from pg_partition_tree($1) where isleaf', [
    candidate.table,
  ])
  const tables = rows.length > 0 ? rows.map(({ name }) => name) : [candidate.table]
  for (const table of tables) await client.query('select hypopg_create_index($1)', [statementOf(candidate, table)])
}

function statementOf({ columns }: Candidate, table: string): string {
  return `CREATE INDEX ON ${table} (${columns.join(', ')})`
}
