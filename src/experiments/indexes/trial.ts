import type { Clone } from '../../clones/clone.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'
import { bodyOf, type Candidate, idOf } from './candidate.ts'
import { namePrefix } from './name-prefix.ts'
import { sqlNameOf } from './table-facts.ts'
import { type PlanJson, planNodes, planOf, type WorkloadQuery } from './workload.ts'
import { type WriteCost, writeCosts } from './write-cost.ts'

/** What really built indexes do. */
export interface Trial {
  /** By the candidate's id. */
  built: Map<string, BuiltIndex>
  /** Of each query, in their order; null where it was not run. */
  runs: QueryRun[]
  writes: WriteCost[]
}

interface BuiltIndex {
  buildMs: number | null
  bytes: number | null
  /** Positions of the queries whose plans take it. */
  taken: number[]
  /** Why it was not built. */
  reason: string | null
}

interface QueryRun {
  /** Total costs of the plans, with the indexes there. */
  costBefore: number
  costAfter: number
  /** Shared blocks, from the cache or not. */
  blocksBefore: number | null
  blocksAfter: number | null
  /** Why it was not run. */
  reason: string | null
}

/** A query gets no longer, before and after. */
const RUN_MS = 15_000
/** What the clone stops by itself comes this much later than its own limit. */
const SPARE_MS = 6_000

/** Builds the indexes on a clone with rows and runs the queries before and after, in a transaction that is rolled back. */
export async function tryIndexes(
  clone: Clone,
  chosen: readonly Candidate[],
  queries: readonly WorkloadQuery[],
  { signal, progress }: { signal: AbortSignal; progress(what: string): void },
): Promise<Trial> {
  const [limit] = await clone.query<{ ms: number }>(
    "select setting::pg_catalog.int4 as ms from pg_catalog.pg_settings where name = 'statement_timeout'",
  )
  const prefix = namePrefix()
  const buildMs = Math.max(1_000, (limit?.ms || 600_000) - SPARE_MS)
  const within = async (ms: number): Promise<unknown> =>
    await clone.query(`set local statement_timeout = ${Math.round(Math.min(ms, buildMs))}`)
  await clone.batch([{ sql: ['begin'] }], signal)
  try {
    await within(RUN_MS)
    progress('queries without the new indexes')
    const before = await runAll(clone, queries, signal)
    const writes = writeCosts(clone, chosen, signal)
    await within(RUN_MS)
    await writes.prepare()
    const built = new Map<string, BuiltIndex>()
    await within(buildMs)
    for (const [index, candidate] of chosen.entries()) {
      progress(`building index ${index + 1} of ${chosen.length}`)
      built.set(idOf(candidate), await build(clone, candidate, `${prefix}_${index}`, signal))
    }
    await within(RUN_MS)
    progress('queries with the new indexes')
    const after = await runAll(clone, queries, signal)
    const names = await namesOf(clone, chosen, prefix)
    for (const [position, { plan }] of after.entries()) {
      const taken = new Set(planNodes(plan ?? {}).flatMap((node) => names.get(String(node['Index Name'])) ?? []))
      for (const id of taken) built.get(id)?.taken.push(position)
    }
    progress('writes with the new indexes')
    return { built, runs: before.map((one, position) => runOf(one, after[position])), writes: await writes.measure() }
  } finally {
    if (!signal.aborted) await clone.batch([{ sql: ['rollback'] }], signal)
  }
}

interface OneRun {
  plan: PlanJson | undefined
  hasRun: boolean
  reason: string | null
}

async function runAll(clone: Clone, queries: readonly WorkloadQuery[], signal: AbortSignal): Promise<OneRun[]> {
  const runs: OneRun[] = []
  for (const query of queries) {
    await clone.query('savepoint pgwitness_run')
    const how = query.parameters > 0 ? 'plan' : 'run'
    const ran = await planOf(clone, query, how, signal)
    await clone.query('rollback to savepoint pgwitness_run')
    if (typeof ran !== 'string') {
      runs.push({ plan: ran, hasRun: how === 'run', reason: how === 'run' ? null : 'its parameters have no values' })
      continue
    }
    const plan = await planOf(clone, query, 'plan', signal)
    if (typeof plan === 'string') await clone.query('rollback to savepoint pgwitness_run')
    runs.push({ plan: typeof plan === 'string' ? undefined : plan, hasRun: false, reason: ran })
  }
  return runs
}

function runOf(before: OneRun, after: OneRun | undefined): QueryRun {
  return {
    costBefore: Number(before.plan?.['Total Cost'] ?? 0),
    costAfter: Number(after?.plan?.['Total Cost'] ?? 0),
    blocksBefore: blocksOf(before),
    blocksAfter: after ? blocksOf(after) : null,
    reason: before.reason ?? after?.reason ?? null,
  }
}

function blocksOf({ plan, hasRun }: OneRun): number | null {
  return plan && hasRun ? Number(plan['Shared Hit Blocks'] ?? 0) + Number(plan['Shared Read Blocks'] ?? 0) : null
}

async function build(clone: Clone, candidate: Candidate, name: string, signal: AbortSignal): Promise<BuiltIndex> {
  const table = sqlNameOf(candidate.table)
  const steps = [
    { sql: 'savepoint pgwitness_index', name: 'savepoint' },
    ...(candidate.requires === null ? [] : [{ sql: `create extension if not exists ${candidate.requires}` }]),
    { sql: `create index ${name} on ${table} ${bodyOf(candidate)}` },
  ]
  const outcomes = await clone.batch(steps, signal)
  const error = outcomes.find((outcome) => outcome.error)?.error
  if (error) {
    await clone.query('rollback to savepoint pgwitness_index')
    return { buildMs: null, bytes: null, taken: [], reason: `${error.message} (${error.code})` }
  }
  // What the planner knows of an expression comes with the statistics of its index.
  if (candidate.keys.some(({ sql, columns }) => sql !== quoteIdentifier(columns[0] ?? ''))) {
    const [analyzed] = await clone.batch([{ sql: `analyze ${table}` }], signal)
    if (analyzed?.error) await clone.query('rollback to savepoint pgwitness_index')
  }
  const [row] = await clone.query<{ bytes: number }>(
    `select sum(pg_catalog.pg_relation_size(c.oid))::pg_catalog.float8 as bytes from pg_catalog.pg_class c
     where c.relname = $1 or c.oid in (select t.relid from pg_catalog.pg_class p, pg_catalog.pg_partition_tree(p.oid) t where p.relname = $1 and p.relkind = 'I')`,
    [name],
  )
  return { buildMs: outcomes.at(-1)?.ms ?? null, bytes: row?.bytes ?? null, taken: [], reason: null }
}

/** The candidates by the names of their indexes, those on partitions included. */
async function namesOf(clone: Clone, chosen: readonly Candidate[], prefix: string): Promise<Map<string, string>> {
  const own = new Map(chosen.map((candidate, index) => [`${prefix}_${index}`, idOf(candidate)]))
  const rows = await clone.query<{ part: string; name: string }>(
    `select o.relname::pg_catalog.text as part, p.relname::pg_catalog.text as name from pg_catalog.pg_class p
     cross join lateral pg_catalog.pg_partition_tree(p.oid) t join pg_catalog.pg_class o on o.oid = t.relid where p.relname = any ($1) and p.relkind = 'I'`,
    [[...own.keys()]],
  )
  return new Map([...own, ...rows.map(({ part, name }): [string, string] => [part, own.get(name) ?? ''])])
}
