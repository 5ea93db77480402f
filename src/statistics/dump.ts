import { UserError } from '../errors.ts'
import type { ColumnStatistics, RelationStatistics, Statistics } from './statistics.ts'

/** Is this what `pg_dump --statistics-only` of 18 writes? */
export function isDump(text: string): boolean {
  return /\bpg_catalog\.pg_restore_relation_stats\s*\(/.test(text)
}

const CALL = /\bpg_catalog\.pg_restore_(relation|attribute)_stats\s*\(([\s\S]*?)\n\);/g
const PAIR = /'(\w+)',\s*(?:'((?:[^']|'')*)'|E'((?:[^'\\]|''|\\.)*)'|([\d.eE+-]+|NULL))(?:::([\w[\] ]+))?/g

/**
 * The statistics of a dump, read and never run. It has no sizes of indexes beside their pages, no settings, and no extended statistics.
 */
export function parseDump(text: string, path: string): Statistics {
  const relations = new Map<string, RelationStatistics>()
  for (const [, what, body = ''] of text.matchAll(CALL)) {
    const given = pairsOf(body)
    const schema = given.get('schemaname')
    const name = given.get('relname')
    if (schema === undefined || name === undefined) throw new UserError(`${path} has statistics of a relation without a name.`)
    const key = JSON.stringify([schema, name])
    const relation = relations.get(key) ?? emptyRelation(schema, name)
    relations.set(key, relation)
    if (what === 'relation') {
      relation.analyzedPages = numberOf(given, 'relpages', path)
      relation.pages = Math.max(0, relation.analyzedPages)
      relation.tuples = numberOf(given, 'reltuples', path)
      relation.allVisiblePages = numberOf(given, 'relallvisible', path)
    } else relation.columns.push(columnOf(given, path))
  }
  if (relations.size === 0) throw new UserError(`${path} has no statistics: make it with pg_dump --statistics-only of Postgres 18.`)
  const version = /^-- Dumped from database version (\d+)\.(\d+)/m.exec(text)
  return {
    version: 1,
    postgres: Number(version?.[1] ?? 18) * 10_000 + Number(version?.[2] ?? 0),
    exportedAt: '',
    blockSize: 8192,
    values: true,
    settings: {},
    relations: [...relations.values()],
    extended: [],
  }
}

function pairsOf(body: string): Map<string, string> {
  return new Map(
    [...body.matchAll(PAIR)].flatMap(([, name = '', plain, escaped, number]) => {
      const value = plain?.replaceAll("''", "'") ?? escaped?.replaceAll("''", "'").replaceAll(/\\(.)/g, '$1') ?? number
      return value === undefined || value === 'NULL' ? [] : [[name, value] as const]
    }),
  )
}

function emptyRelation(schema: string, name: string): RelationStatistics {
  return { schema, name, kind: 'r', pages: 0, analyzedPages: 0, tuples: -1, allVisiblePages: 0, toastPages: null, columns: [] }
}

function columnOf(given: ReadonlyMap<string, string>, path: string): ColumnStatistics {
  const text = (name: string): string | null => given.get(name) ?? null
  return {
    column: given.get('attname') ?? '',
    inherited: /^(?:t|true)$/.test(given.get('inherited') ?? ''),
    nullFraction: numberOf(given, 'null_frac', path),
    averageWidth: numberOf(given, 'avg_width', path),
    distinct: numberOf(given, 'n_distinct', path),
    mostCommonValues: text('most_common_vals'),
    mostCommonFrequencies: text('most_common_freqs'),
    histogramBounds: text('histogram_bounds'),
    correlation: given.has('correlation') ? numberOf(given, 'correlation', path) : null,
    mostCommonElements: text('most_common_elems'),
    mostCommonElementFrequencies: text('most_common_elem_freqs'),
    elementCountHistogram: text('elem_count_histogram'),
    rangeLengthHistogram: text('range_length_histogram'),
    rangeEmptyFraction: given.has('range_empty_frac') ? numberOf(given, 'range_empty_frac', path) : null,
    rangeBoundsHistogram: text('range_bounds_histogram'),
  }
}

function numberOf(given: ReadonlyMap<string, string>, name: string, path: string): number {
  const value = Number(given.get(name) ?? 0)
  if (!Number.isFinite(value)) throw new UserError(`${path}: ${name} is not a number.`)
  return value
}
