import type { Detector } from '../claim.ts'
import { type KnownTable, tableAfter } from '../known-table.ts'

/** A B-tree with a point in time before another key. Before a key that alone is unique it pages through ties, which is right. */
export const rangeBeforeEquality: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, unique, index }) => action === 'create index' && !unique && index?.method === 'btree')
      .flatMap((operation) => {
        const table = tableAfter(scene, operation.table?.key ?? '')
        const columns = operation.index?.columns ?? []
        const at = columns.findIndex((one) => isTime(table?.columns.get(one)?.type))
        const next = columns[at + 1]
        if (!table || at < 0 || next === undefined || next.startsWith('(') || isUnique(table, next)) return []
        return [{ statement, operation, values: { earlier: columns[at], next } }]
      }),
  )

function isTime(type: string | undefined): boolean {
  return type !== undefined && /^(date|timestamp( with(out)? time zone)?)$/.test(type)
}

function isUnique({ indexes }: KnownTable, column: string): boolean {
  return indexes.some((index) => index.unique && index.columns.length === 1 && index.columns[0] === column)
}
