import pg from 'pg'
import type { Workload } from '../workloads/workload.ts'
import { buffersOf, costOf } from './costs.ts'
import type { TrialDatabase } from './server.ts'

/** What a workload takes once some advice is followed. */
export interface Measured {
  /** Of each query, in the planner's units. */
  costs: number[]
  /** Shared blocks that each query touched; undefined when it ran too long. */
  blocks: (number | undefined)[]
  indexes: number
  megabytes: number
}

/** A query that runs longer is left out. */
export const RUN_MS = 30_000
const QUERY_CANCELED = '57014'

const INDEXED = `select c.oid::text as oid, pg_relation_size(c.oid) as bytes, not c.relispartition as counts,
    case when i.indexprs is not null then i.indrelid::regclass::text end as computed
  from pg_class c join pg_index i on i.indexrelid = c.oid where c.relnamespace = 'public'::regnamespace`

interface Indexed {
  oid: string
  bytes: string
  /** A partition's index is part of its parent's. */
  counts: boolean
  /** The table, when the index holds expressions. */
  computed: string | null
}

/** Builds the advice on a copy, then plans and runs each query once. */
export async function measureAdvice({ client }: TrialDatabase, { queries }: Workload, advice: readonly string[]): Promise<Measured> {
  const before = new Set((await indexesOf(client)).map(({ oid }) => oid))
  for (const statement of advice) await build(client, statement)
  const built = (await indexesOf(client)).filter(({ oid }) => !before.has(oid))
  // Only expressions have no statistics yet; a further sample of the other columns would move the costs by chance.
  for (const table of new Set(built.flatMap(({ computed }) => computed ?? []))) await client.query(`analyze ${table}`)
  const costs: number[] = []
  for (const query of queries) costs.push(await costOf(client, query))
  return {
    costs,
    blocks: await runAll(client, queries),
    indexes: built.filter(({ counts }) => counts).length,
    megabytes: built.reduce((sum, { bytes }) => sum + Number(bytes), 0) / 1e6,
  }
}

async function build(client: pg.Client, statement: string): Promise<void> {
  try {
    await client.query(statement)
  } catch (error) {
    throw new Error(`advised, and refused: ${statement}`, { cause: error })
  }
}

async function indexesOf(client: pg.Client): Promise<Indexed[]> {
  return (await client.query<Indexed>(INDEXED)).rows
}

async function runAll(client: pg.Client, queries: readonly string[]): Promise<(number | undefined)[]> {
  const blocks: (number | undefined)[] = []
  await client.query(`set statement_timeout = ${RUN_MS}`)
  for (const query of queries) {
    try {
      blocks.push(await buffersOf(client, query))
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== QUERY_CANCELED) throw error
      blocks.push(undefined)
    }
  }
  return blocks
}
