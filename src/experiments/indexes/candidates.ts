import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Comparison, IndexableKey, PlanCondition, SortKey } from '../../sql/reader/plan-conditions.ts'
import { type Candidate, idOf, keyOfSort, keysOfCondition } from './candidate.ts'
import type { TableUse } from './table-use.ts'

type Key = Candidate['keys'][number]

const MOST_KEYS = 4
/** Columns that a covering index may store beside its keys, and their average bytes together. */
const MOST_INCLUDED = 6
const INCLUDED_BYTES = 96
/** A value that a partial index is for is one of few. */
const FEW_VALUES = 25
/** Smaller tables are read whole as fast. */
const SMALLEST_ROWS = 500

const POINTS = new Set<Comparison>(['equal', 'any', 'null', 'true', 'false'])

/**
 * Every index that could serve this use: on what is compared for equality, then a range or the order; on what is joined; covering and partial variants; GIN for
 * documents, arrays, full text and patterns. `queryText` decides which literals may stand in an index: those the query has itself.
 */
export function candidatesFor(use: TableUse, queryText: string): Candidate[] {
  if (use.table.rows < SMALLEST_ROWS) return []
  const found = new Map<string, Candidate>()
  const add = (candidate: Candidate): void => {
    if (candidate.keys.length > 0 && candidate.keys.length <= MOST_KEYS) found.set(idOf(candidate), candidate)
  }
  const known = (one: PlanCondition): boolean => one.keys.every((key) => key.literals.every((literal) => queryText.includes(literal)))
  const conditions = use.conditions.filter(known)
  for (const lists of [keyLists(use, conditions), ...partialLists(use, conditions, queryText)]) {
    for (const keys of lists.keys) {
      const plain: Candidate = { table: use.table, method: 'btree', keys, include: [], where: lists.where, requires: null }
      add(plain)
      const include = missingColumns(plain, use)
      if (include.length > 0) add({ ...plain, include })
    }
  }
  for (const condition of conditions) for (const gin of ginFor(condition, use)) add(gin)
  return [...found.values()]
}

interface KeyLists {
  where: string | null
  keys: Key[][]
}

/** Lists of keys for B-trees. */
function keyLists(use: TableUse, conditions: readonly PlanCondition[], where: string | null = null): KeyLists {
  const points = bySelectivity(
    conditions.filter(({ comparison, isArm }) => POINTS.has(comparison) && !isArm),
    use,
  )
  const ranges = conditions.filter(({ comparison, isArm }) => (comparison === 'range' || comparison === 'prefix') && !isArm)
  const arms = conditions.filter(({ comparison, isArm }) => isArm && (POINTS.has(comparison) || comparison === 'range'))
  const equal = points.flatMap(keysOfCondition)
  const fixed = new Set(equal.map(({ sql }) => sql))
  // What is compared to one value needs no order.
  const sorts = use.sorts.map((sort) => sortKeys(sort.filter(({ key }) => !fixed.has(key.sql)))).filter((sort) => sort.length > 0)
  const rangeKeys = ranges.map(keysOfCondition)
  const lists: Key[][] = [equal, ...rangeKeys, ...sorts, ...arms.map(keysOfCondition), ...equal.map((key) => [key])]
  const tails = [...rangeKeys, ...sorts]
  for (const tail of tails) lists.push([...equal, ...tail], ...equal.map((key) => [key, ...tail]))
  for (const sort of sorts) for (const range of rangeKeys) lists.push([...equal, ...sort, ...range], [...equal, ...range, ...sort])
  for (const first of equal) lists.push([first, ...equal.filter((one) => one !== first)])
  for (const joined of use.joins.values()) {
    const equalities = joined.filter(({ comparison }) => comparison === 'equal').flatMap(keysOfCondition)
    const compared = joined.filter(({ comparison }) => comparison === 'range').map(keysOfCondition)
    if (equalities.length === 0) continue
    lists.push(equalities, [...equalities, ...equal], [...equal, ...equalities], ...equalities.map((key) => [key]))
    for (const tail of [...tails, ...compared])
      lists.push([...equalities, ...tail], [...equal, ...equalities, ...tail], [...equalities, ...equal, ...tail])
  }
  return { where, keys: lists.map((list) => shortened(list)) }
}

/** An index is read in both directions, so the first key can always ascend. */
function sortKeys(sort: readonly SortKey[]): Key[] {
  return sort.map((one) => keyOfSort(one, sort[0]?.isDescending))
}

/** Each key once, the first place counts. */
function shortened(keys: readonly Key[]): Key[] {
  const seen = new Set<string>()
  return keys.filter(({ sql }) => !seen.has(sql) && seen.add(sql)).slice(0, MOST_KEYS)
}

/** Those with the most different values first. */
function bySelectivity(points: readonly PlanCondition[], { table }: TableUse): PlanCondition[] {
  const distinct = ({ keys }: PlanCondition): number => distinctOf(keys, table) ?? table.rows / 10
  return [...points].sort((a, b) => distinct(b) - distinct(a))
}

function distinctOf(keys: readonly IndexableKey[], table: TableUse['table']): number | null {
  const [key] = keys
  if (!key || key.isExpression) return null
  return table.columns.get(key.columns[0] ?? '')?.distinct ?? null
}

/** The same lists without what the predicate says. */
function partialLists(use: TableUse, conditions: readonly PlanCondition[], queryText: string): KeyLists[] {
  const isFew = ({ comparison, keys }: PlanCondition): boolean =>
    comparison === 'null' || comparison === 'not null' || comparison === 'true' || comparison === 'false'
      ? true
      : (comparison === 'equal' || comparison === 'any') && (distinctOf(keys, use.table) ?? Number.POSITIVE_INFINITY) <= FEW_VALUES
  const fit = conditions.filter(
    (one) => one.predicate !== null && !one.isArm && isFew(one) && one.literals.every((literal) => queryText.includes(literal)),
  )
  const parts = fit.map((one) => [one])
  if (fit.length > 1) parts.push(fit)
  return parts.map((part) => {
    const rest = conditions.filter((one) => !part.includes(one))
    const where = part.map(({ predicate }) => predicate).join(' and ')
    const lists = keyLists(use, rest, where)
    // With nothing left to compare the rows of the predicate are read by the key that is the smallest.
    const own = part.flatMap(keysOfCondition).slice(0, 1)
    return { where, keys: [...lists.keys, own] }
  })
}

/** What the query needs beside the keys, if it is little enough to be stored in the index. */
function missingColumns({ keys }: Candidate, { columns, table }: TableUse): string[] {
  if (columns === null) return []
  const stored = new Set(keys.flatMap(({ sql, columns: own }) => own.filter((column) => sql === quoteIdentifier(column))))
  const missing = [...columns].filter((column) => table.columns.has(column) && !stored.has(column)).sort()
  const width = missing.reduce((sum, column) => sum + (table.columns.get(column)?.width ?? 0), 0)
  return missing.length <= MOST_INCLUDED && width <= INCLUDED_BYTES ? missing : []
}

const DOCUMENT_OPERATORS: Record<string, string[]> = {
  '@>': ['jsonb_path_ops', 'jsonb_ops'],
  '@?': ['jsonb_path_ops', 'jsonb_ops'],
  '@@': ['jsonb_path_ops', 'jsonb_ops'],
  '?': ['jsonb_ops'],
  '?|': ['jsonb_ops'],
  '?&': ['jsonb_ops'],
}

function ginFor({ keys, comparison, operator }: PlanCondition, { table }: TableUse): Candidate[] {
  const [key] = keys
  if (!key || keys.length > 1) return []
  const gin = (operatorClass: string, requires: string | null = null): Candidate => {
    return {
      table,
      method: 'gin',
      keys: [{ sql: key.sql, columns: key.columns, order: '', operatorClass }],
      include: [],
      where: null,
      requires,
    }
  }
  if (comparison === 'pattern' || comparison === 'prefix') return [gin('gin_trgm_ops', 'pg_trgm')]
  if (comparison !== 'operator') return []
  const column = key.isExpression ? undefined : table.columns.get(key.columns[0] ?? '')
  if (column?.type === 'jsonb' || (!column && DOCUMENT_OPERATORS[operator] && operator !== '@@' && operator !== '@>'))
    return (DOCUMENT_OPERATORS[operator] ?? []).map((one) => gin(one))
  if (column?.category === 'A' || column?.type === 'tsvector' || !column) return [gin('')]
  return []
}
