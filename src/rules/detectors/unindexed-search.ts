import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { tableAfter } from '../known-table.ts'

/** Below this an index is seldom worth its upkeep, by the planner's own costs. */
const FEW_ROWS = 1_000
const EXACT = new Set(['=', 'in', '= any'])
const BY_INDEX = new Set([...EXACT, '<', '<=', '>', '>=', 'between', 'is null', 'like', 'ilike', '@>', '<@', '&&', '@@', '%', '<->', '~'])

/**
 * A search by equality in a table none of whose indexes starts with a column searched by: a SELECT over one table, or a query in a
 * function. An UPDATE or DELETE that a migration runs once needs no index.
 */
export const unindexedSearch: Detector = (scene) =>
  (scene.written ?? scene.statements).flatMap((statement) => {
    const searches = statement.operations.filter((operation) => isSearch(operation) && isQuery(operation, statement.operations))
    const tables = [...new Set(searches.map(({ table }) => table?.key ?? ''))]
    return tables.flatMap((key) => {
      const own = searches.filter(({ table }) => table?.key === key)
      const exact = own.find(({ operator, wrapped }) => EXACT.has(String(operator)) && wrapped === undefined)
      if (!exact || !isWorthAnIndex(scene, key) || own.some((one) => isServed(scene, key, one))) return []
      return [{ statement, operation: exact }]
    })
  })

function isSearch({ action, operator, column, table }: Operation): boolean {
  return action === 'compare' && column !== undefined && table !== undefined && !table.new && BY_INDEX.has(String(operator))
}

function isQuery({ inside, statement }: Operation, all: readonly Operation[]): boolean {
  if (inside === 'function') return true
  const select = all.find(({ action }) => action === 'select')
  return inside === undefined && statement === 'select' && Array.isArray(select?.from) && select.from.length === 1
}

/** Before 14 a table that was never analyzed counts no rows, as an empty one does. */
function isWorthAnIndex({ before, postgres }: Scene, key: string): boolean {
  const relation = before?.relations.get(key)
  return (
    relation !== undefined &&
    ['table', 'partitioned table', 'materialized view'].includes(relation.kind) &&
    (relation.rows < 0 || relation.rows >= FEW_ROWS || (relation.rows === 0 && postgres < 14))
  )
}

/** An index that starts with the column, or with some expression: which one, nobody compares. An unknown column is left alone. */
function isServed(scene: Scene, key: string, { column }: Operation): boolean {
  const table = tableAfter(scene, key)
  if (!table?.columns.has(column?.name ?? '')) return true
  return table.indexes.some(
    ({ method, columns }) =>
      columns[0] === column?.name || columns[0] === null || (!['btree', 'hash'].includes(method) && columns.includes(column?.name ?? '')),
  )
}
