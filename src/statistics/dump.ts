import { UserError } from '../errors.ts'
import { type DumpCall, readCalls } from './dump-calls.ts'
import { type ColumnStatistics, checkStatistics, type RelationStatistics, type Statistics } from './statistics.ts'

/** Is this what `pg_dump --statistics-only` of 18 writes? A file of JSON is none, whatever its values hold. */
export function isDump(text: string): boolean {
  return !/^\s*[{[]/.test(text) && /\bpg_catalog\.pg_restore_relation_stats\s*\(/.test(text)
}

/**
 * The statistics of a dump in plain text, read and never run. It has no sizes beside `relpages`, no kinds of relations, no settings and no extended statistics.
 * Columns of an index on expressions have numbers instead of names. Source: dumpRelationStats in src/bin/pg_dump/pg_dump.c of 18.
 */
export function parseDump(text: string, path: string): Statistics {
  const { calls, encoding, begins, complete } = readCalls(text, path)
  if (begins && !complete) throw new UserError(`${path} has no end: the dump was cut off. Make it again.`)
  const [first] = calls
  if (!first) throw new UserError(`${path} has no statistics: make it with pg_dump --statistics-only of Postgres 18.`)
  if (calls.some(({ database }) => database !== first.database))
    throw new UserError(`${path} has statistics of several databases: make it of one, with pg_dump --statistics-only.`)
  if (encoding !== undefined && !/^(?:utf8|sql_ascii)$/i.test(encoding) && text.includes('\uFFFD'))
    throw new UserError(`${path} is written in ${encoding}: make it with pg_dump --statistics-only --encoding=UTF8.`)
  const versions = calls.map(({ given }) => given.get('version')).filter((version) => version !== undefined)
  return checkStatistics(
    {
      version: 1,
      postgres: Number(versions[0] ?? 180_000),
      exportedAt: '',
      blockSize: 8192,
      values: true,
      settings: {},
      relations: relationsOf(calls, path),
      extended: [],
    } satisfies Statistics,
    path,
  )
}

function relationsOf(calls: readonly DumpCall[], path: string): RelationStatistics[] {
  const relations = new Map<string, RelationStatistics>()
  const seen = new Set<string>()
  for (const { of, line, given } of calls) {
    const place = `${path}, line ${line}`
    const schema = given.get('schemaname')
    const name = given.get('relname')
    if (schema === undefined || name === undefined)
      throw new UserError(
        `${place}: there is no schemaname or no relname. Make the file with pg_dump of Postgres 18, not of a version before its release.`,
      )
    const key = JSON.stringify([schema, name])
    const relation = relations.get(key) ?? emptyRelation(schema, name)
    relations.set(key, relation)
    if (of === 'attribute') relation.columns.push(columnOf(given, place))
    else if (seen.has(key)) throw new UserError(`${place}: these are the second statistics of a relation. Make the file again.`)
    else {
      seen.add(key)
      relation.analyzedPages = unsigned(numberOf(given, 'relpages', place) ?? 0)
      relation.pages = Math.max(0, relation.analyzedPages)
      relation.tuples = numberOf(given, 'reltuples', place) ?? -1
      relation.allVisiblePages = unsigned(numberOf(given, 'relallvisible', place) ?? 0)
    }
  }
  return [...relations.values()]
}

function emptyRelation(schema: string, name: string): RelationStatistics {
  return { schema, name, kind: 'r', pages: 0, analyzedPages: 0, tuples: -1, allVisiblePages: 0, toastPages: null, columns: [] }
}

function columnOf(given: DumpCall['given'], place: string): ColumnStatistics {
  const text = (name: string): string | null => given.get(name) ?? null
  const number = (name: string): number | null => numberOf(given, name, place)
  const inherited = given.get('inherited') ?? 'f'
  if (!/^(?:t|true|f|false)$/i.test(inherited)) throw new UserError(`${place}: inherited is neither true nor false.`)
  return {
    column: text('attname'),
    number: number('attnum'),
    inherited: /^t/i.test(inherited),
    nullFraction: number('null_frac') ?? 0,
    averageWidth: number('avg_width') ?? 0,
    distinct: number('n_distinct') ?? 0,
    mostCommonValues: text('most_common_vals'),
    mostCommonFrequencies: text('most_common_freqs'),
    histogramBounds: text('histogram_bounds'),
    correlation: number('correlation'),
    mostCommonElements: text('most_common_elems'),
    mostCommonElementFrequencies: text('most_common_elem_freqs'),
    elementCountHistogram: text('elem_count_histogram'),
    rangeLengthHistogram: text('range_length_histogram'),
    rangeEmptyFraction: number('range_empty_frac'),
    rangeBoundsHistogram: text('range_bounds_histogram'),
  }
}

/** Numbers of pages are stored in a type with a sign, so that those from 16 TB on look negative; -1 is a partitioned table's. */
function unsigned(pages: number): number {
  return pages < -1 ? pages + 2 ** 32 : pages
}

const NUMBER = /^-?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:e[+-]?\d{1,4})?$/i

/** As `real` and `integer` are printed; null where it is not given. */
function numberOf(given: DumpCall['given'], name: string, place: string): number | null {
  const text = given.get(name)
  if (text === undefined) return null
  const value = NUMBER.test(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) throw new UserError(`${place}: ${name} is not a number.`)
  return value
}
