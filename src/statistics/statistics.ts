import { z } from 'zod'
import { UserError } from '../errors.ts'

/** Names of Postgres are at most 63 bytes; a file that says otherwise is not ours. */
const Name = z.string().min(1).max(255)
const Count = z.number().min(-1).max(1e15)
/** An array as Postgres prints it: `{1,2}`. */
const Literal = z.string().startsWith('{').endsWith('}')

const ColumnStatistics = z.strictObject({
  column: Name,
  /** With its children's rows. */
  inherited: z.boolean(),
  nullFraction: z.number().min(0).max(1),
  averageWidth: z.number().min(0).max(2_147_483_647),
  distinct: z.number(),
  mostCommonValues: Literal.nullish(),
  mostCommonFrequencies: Literal.nullish(),
  histogramBounds: Literal.nullish(),
  correlation: z.number().min(-1.01).max(1.01).nullish(),
  mostCommonElements: Literal.nullish(),
  mostCommonElementFrequencies: Literal.nullish(),
  elementCountHistogram: Literal.nullish(),
  rangeLengthHistogram: Literal.nullish(),
  rangeEmptyFraction: z.number().min(0).max(1).nullish(),
  rangeBoundsHistogram: Literal.nullish(),
})
export type ColumnStatistics = z.infer<typeof ColumnStatistics>

const RelationStatistics = z.strictObject({
  schema: Name,
  name: Name,
  /** `pg_class.relkind`. */
  kind: z.enum(['r', 'p', 'i', 'I', 'm', 'f']),
  /** Pages of its main file now, which the planner multiplies with the density below. */
  pages: Count,
  /** `pg_class.relpages`, `reltuples`, `relallvisible`: what VACUUM or ANALYZE last saw. */
  analyzedPages: Count,
  tuples: Count,
  allVisiblePages: Count,
  toastPages: Count.nullish(),
  columns: z.array(ColumnStatistics),
})
export type RelationStatistics = z.infer<typeof RelationStatistics>

/** CREATE STATISTICS; `distinct` and `dependencies` as Postgres stores them, in hexadecimal. */
const ExtendedStatistics = z.strictObject({
  schema: Name,
  name: Name,
  inherited: z.boolean(),
  /** Numbers of its columns, to which what is stored refers. */
  columns: z.array(z.int()),
  distinct: z
    .string()
    .regex(/^[0-9a-f]*$/)
    .nullish(),
  dependencies: z
    .string()
    .regex(/^[0-9a-f]*$/)
    .nullish(),
})

const StatisticsFile = z.strictObject({
  version: z.literal(1),
  /** `server_version_num`. */
  postgres: z.int().min(100_000),
  exportedAt: z.string(),
  blockSize: z.literal(8192, { error: 'a server with blocks of another size than 8192 bytes cannot be a twin' }),
  /** false where data values were left out. */
  values: z.boolean(),
  settings: z.record(z.string(), z.string()),
  relations: z.array(RelationStatistics),
  extended: z.array(ExtendedStatistics),
})

/** Production's statistics, as `pgwitness stats export` writes them. */
export type Statistics = z.infer<typeof StatisticsFile>

/** Settings that change plans and may be changed in a session. */
export const PLANNER_SETTINGS = [
  'seq_page_cost',
  'random_page_cost',
  'cpu_tuple_cost',
  'cpu_index_tuple_cost',
  'cpu_operator_cost',
  'parallel_tuple_cost',
  'parallel_setup_cost',
  'min_parallel_table_scan_size',
  'min_parallel_index_scan_size',
  'effective_cache_size',
  'effective_io_concurrency',
  'work_mem',
  'hash_mem_multiplier',
  'default_statistics_target',
  'constraint_exclusion',
  'cursor_tuple_fraction',
  'from_collapse_limit',
  'join_collapse_limit',
  'geqo',
  'geqo_threshold',
  'geqo_effort',
  'plan_cache_mode',
  'max_parallel_workers_per_gather',
  'max_parallel_workers',
  'parallel_leader_participation',
  'jit',
  'jit_above_cost',
  'jit_inline_above_cost',
  'jit_optimize_above_cost',
  'recursive_worktable_factor',
  ...[
    'async_append bitmapscan distinct_reordering gathermerge group_by_reordering hashagg hashjoin incremental_sort indexonlyscan indexscan material memoize',
    'mergejoin nestloop parallel_append parallel_hash partition_pruning partitionwise_aggregate partitionwise_join presorted_aggregate self_join_elimination seqscan sort tidscan',
  ].flatMap((names) => names.split(' ').map((name) => `enable_${name}`)),
]

/** The statistics in a file of ours. A UserError says what is wrong with it. */
export function parseStatistics(text: string, path: string): Statistics {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path} is not a file of \`pgwitness stats export\`: ${(error as Error).message}`)
  }
  const read = StatisticsFile.safeParse(data)
  if (!read.success) throw new UserError(`${path} cannot be used:\n${z.prettifyError(read.error).split('\n').slice(0, 12).join('\n')}`)
  return read.data
}
