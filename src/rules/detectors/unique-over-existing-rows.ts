import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { tableAt } from '../known-table.ts'

/**
 * Uniqueness asked of rows that are there already, unless an index that stands proves it or its columns are as new as the script.
 * Without a clone nobody knows which indexes stand.
 */
export const uniqueOverExistingRows: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter((operation) => isAsked(operation) && scene.before?.relations.has(operation.table?.key ?? ''))
      .flatMap((operation) => {
        const columns = operation.index?.columns ?? operation.constraint?.columns ?? []
        const table = tableAt(scene, operation.table?.key ?? '', statement.index)
        const isProved = table?.indexes.some(
          (index) =>
            index.unique &&
            index.valid &&
            index.predicate === undefined &&
            index.columns.every((one) => one !== null && columns.includes(one)),
        )
        const isEmpty = scene.statements.some(({ operations }) => operations.some((one) => isEmptyColumn(one, operation, columns)))
        return isProved || isEmpty ? [] : [{ statement, operation, values: { columns: columns.join(', ') } }]
      }),
  )

function isAsked({ action, unique, table, constraint }: Operation): boolean {
  if (table === undefined || table.new) return false
  if (action === 'create index') return unique === true
  return (
    action === 'add constraint' &&
    !constraint?.index &&
    !constraint?.inline &&
    (constraint?.type === 'unique' || constraint?.type === 'primary key')
  )
}

/** A column of the script's own making that is null in each row, or numbered, cannot hold duplicates yet. */
function isEmptyColumn({ action, table, column }: Operation, later: Operation, columns: string[]): boolean {
  return (
    action === 'add column' &&
    table?.key === later.table?.key &&
    column !== undefined &&
    columns.includes(column.name) &&
    (column.default === 'none' ||
      column.default === undefined ||
      column.default === 'volatile' ||
      column.serial === true ||
      column.identity === true)
  )
}
