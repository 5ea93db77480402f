import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'

const SHORT: Record<string, string> = { smallint: '32,767', integer: '2,147,483,647' }

/** A primary key of one smallint or integer that counts rows: drawn from a sequence, or called `id`. A key that is also a foreign key follows its target. */
export const shortPrimaryKey: Detector = ({ statements }) =>
  statements.flatMap((statement) =>
    statement.operations.flatMap((operation) => {
      const { column, action } = operation
      if ((action !== 'define column' && action !== 'add column') || !column?.type || column.array) return []
      const limit = SHORT[column.type]
      const counts = column.serial || column.identity || column.name === 'id' || column.default === 'volatile'
      if (!limit || !counts || !isKey(operation, statement.operations)) return []
      return [{ statement, operation, values: { limit } }]
    }),
  )

function isKey({ column, table }: Operation, operations: Operation[]): boolean {
  const constraints = operations.filter((one) => one.table?.key === table?.key && one.constraint?.columns?.includes(column?.name ?? ''))
  if (constraints.some(({ constraint }) => constraint?.type === 'foreign key')) return false
  return (
    column?.primary === true || constraints.some(({ constraint }) => constraint?.type === 'primary key' && constraint.columns?.length === 1)
  )
}
