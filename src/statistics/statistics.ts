import { z } from 'zod'
import { UserError } from '../errors.ts'
import { isWellFormed } from './extended-bytes.ts'

/** A relation has 32 bits for page numbers; all together may have 128 TB, since a twin makes a file for each gigabyte. */
const MOST_PAGES = 4_294_967_294
const ALL_PAGES = 2 ** 34
/** A page has at most 291 rows, so that no table has more. */
const MOST_TUPLES = 1.25e12
/** Columns of a relation. */
const MOST_COLUMNS = 1_600
/** Settings are numbers, sizes and words. */
const SETTING_LENGTH = 100

/** Names of Postgres are at most 63 bytes; a file that says otherwise is not ours. */
const Name = z.string().min(1).max(255)
const Pages = z.int().min(0).max(MOST_PAGES)
/** -1 where nothing was ever counted, and for the pages of a partitioned table. */
const CountedPages = z.int().min(-1).max(MOST_PAGES)
/** What `real` can hold. */
const Real = z.number().refine((value) => value === 0 || (Number.isFinite(Math.fround(value)) && Math.fround(value) !== 0), {
  error: 'Postgres has no such number of type real',
})
const Fraction = Real.min(0).max(1)
/** An array as Postgres prints it: `{1,2}`. */
const Literal = z.string().startsWith('{').endsWith('}')

const ColumnStatistics = z
  .strictObject({
    /** Null where only its number is known: names of an index's columns are not the same everywhere, so a dump has none. */
    column: Name.nullable(),
    /** `pg_attribute.attnum`. */
    number: z.int().min(1).max(MOST_COLUMNS).nullish(),
    /** With its children's rows. */
    inherited: z.boolean(),
    nullFraction: Fraction,
    averageWidth: z.int().min(0).max(2_147_483_647),
    distinct: Real,
    mostCommonValues: Literal.nullish(),
    mostCommonFrequencies: Literal.nullish(),
    histogramBounds: Literal.nullish(),
    correlation: Real.min(-1.01).max(1.01).nullish(),
    mostCommonElements: Literal.nullish(),
    mostCommonElementFrequencies: Literal.nullish(),
    elementCountHistogram: Literal.nullish(),
    rangeLengthHistogram: Literal.nullish(),
    rangeEmptyFraction: Fraction.nullish(),
    rangeBoundsHistogram: Literal.nullish(),
  })
  .refine(({ column, number }) => column !== null || typeof number === 'number', { error: 'a column without a name has no number' })
export type ColumnStatistics = z.infer<typeof ColumnStatistics>

const RelationStatistics = z.strictObject({
  schema: Name,
  name: Name,
  /** `pg_class.relkind`. */
  kind: z.enum(['r', 'p', 'i', 'I', 'm', 'f']),
  /** Pages of its main file now, which the planner multiplies with the density below. */
  pages: Pages,
  /** `pg_class.relpages`, `reltuples`, `relallvisible`: what VACUUM or ANALYZE last saw. */
  analyzedPages: CountedPages,
  tuples: Real.min(-1).max(MOST_TUPLES),
  allVisiblePages: CountedPages,
  toastPages: Pages.nullish(),
  /** Twice for a partitioned table: without its children's rows and with them. */
  columns: z.array(ColumnStatistics).max(2 * MOST_COLUMNS),
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
    .refine((bytes) => isWellFormed(bytes, 'distinct'), { error: 'these are no statistics of distinct groups' })
    .nullish(),
  dependencies: z
    .string()
    .refine((bytes) => isWellFormed(bytes, 'dependencies'), { error: 'these are no statistics of dependencies' })
    .nullish(),
})

const Setting = z
  .string()
  .max(SETTING_LENGTH)
  .regex(/^[ -~]*$/, { error: 'a setting is a number, a size or a word' })

const StatisticsFile = z
  .strictObject({
    version: z.literal(1),
    /** `server_version_num`; pg_dump reads servers since 9.2. */
    postgres: z.int().min(90_200).max(999_999),
    exportedAt: z.string().max(SETTING_LENGTH),
    blockSize: z.literal(8192, { error: 'a server with blocks of another size than 8192 bytes cannot be a twin' }),
    /** false where data values were left out. */
    values: z.boolean(),
    settings: z.record(z.string().max(SETTING_LENGTH), Setting),
    relations: z.array(RelationStatistics),
    extended: z.array(ExtendedStatistics),
  })
  .superRefine(({ relations }, { addIssue }) => {
    const twice = (path: PropertyKey[]): void => addIssue({ code: 'custom', message: 'is there twice', path })
    const tables = new Set<string>()
    for (const [index, { schema, name, columns }] of relations.entries()) {
      if (tables.size === tables.add(JSON.stringify([schema, name])).size) twice(['relations', index])
      const seen = new Set<string>()
      for (const [position, { column, number, inherited }] of columns.entries())
        if (seen.size === seen.add(JSON.stringify([column ?? number, inherited])).size) twice(['relations', index, 'columns', position])
    }
    const pages = relations.reduce((sum, one) => sum + one.pages + (one.toastPages ?? 0), 0)
    if (pages > ALL_PAGES) addIssue({ code: 'custom', message: 'all relations together have more than 128 TB', path: ['relations'] })
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
    data = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // What JSON.parse says of the fault quotes the file, values of rows with it.
    throw new UserError(`${path} cannot be used: ${foreignFile(text)}`)
  }
  return checkStatistics(data, path)
}

const MAKE = 'Make it with `pgwitness stats export`, or with pg_dump --statistics-only of Postgres 18.'

/** What a file may be that is no JSON. */
function foreignFile(text: string): string {
  if (text.trim() === '') return `it is empty. ${MAKE}`
  if (text.startsWith('PGDMP'))
    return 'it is a dump in the custom format: turn it into text with pg_restore --statistics-only --file, of Postgres 18.'
  if (text.startsWith('\x1f')) return 'it is compressed: unpack it first.'
  if (/[\0\uFFFD]/.test(text.slice(0, 1000))) return `it is no text in UTF-8. ${MAKE}`
  return /^\s*\{/.test(text) ? `its JSON is broken or was cut off. ${MAKE}` : `it is neither JSON nor a dump with statistics. ${MAKE}`
}

/** Faults that are told of one file, and the length of a line that tells one. */
const FAULTS = 5
const FAULT_LENGTH = 300
/** Of a name in it. */
const NAME_LENGTH = 80

/** What can be loaded, whoever wrote it. A UserError names places of the file, and never what is there beside names of relations and columns. */
export function checkStatistics(data: unknown, path: string): Statistics {
  const read = StatisticsFile.safeParse(data)
  if (read.success) return read.data
  const { issues } = read.error
  // What is quoted here is the file's, and goes to a terminal.
  const lines = issues.slice(0, FAULTS).map(({ path: place, message }) => {
    const line = `- ${placeIn(data, place)}: ${message.replace(/, received \w+$/, '')}`
    return line.slice(0, FAULT_LENGTH).replaceAll(/\p{C}/gu, '?')
  })
  const more = issues.length > FAULTS ? [`- and ${issues.length - FAULTS} more`] : []
  throw new UserError(`${path} cannot be used. ${MAKE}\n${[...lines, ...more].join('\n')}`)
}

/** `relations > public.orders > columns > note > nullFraction`; where there are no names, their positions. */
function placeIn(data: unknown, place: readonly PropertyKey[]): string {
  let whole = data
  const words: string[] = []
  for (const key of place) {
    whole = (whole as Record<PropertyKey, unknown> | undefined)?.[key]
    const { schema, name, column } = (whole ?? {}) as Record<string, unknown>
    const known = typeof name === 'string' && typeof schema === 'string' ? `${schema}.${name}` : column
    words.push(typeof key === 'number' && typeof known === 'string' ? known.slice(0, NAME_LENGTH) : String(key))
  }
  return words.length === 0 ? 'the file' : words.join(' > ')
}
