import type { Detector } from '../claim.ts'
import { isBounded } from './lock-strength.ts'

/** DROP TABLE of a table with foreign keys: the tables they point at are locked too, for which the catalog is needed. */
export const droppedChild: Detector = ({ statements, before }) => {
  const operations = statements.flatMap((statement) => statement.operations)
  const gone = operations.flatMap(({ action, table }) => (action === 'drop table' && table ? [table.key] : []))
  const dropped = operations.flatMap(({ action, constraint }) => (action === 'drop constraint' ? (constraint?.name ?? []) : []))
  return statements.flatMap((statement) =>
    statement.operations
      .filter((operation) => operation.action === 'drop table' && operation.lock === 'access exclusive' && !isBounded(operation))
      .flatMap((operation) => {
        const constraints = before?.relations.get(operation.table?.key ?? '')?.constraints ?? []
        const standing = constraints.filter(({ name }) => !dropped.includes(name))
        const parents = new Set(
          standing.flatMap(({ references }) => (references && !gone.includes(references.table) ? [references.table] : [])),
        )
        return parents.size === 0 ? [] : [{ statement, operation, values: { parents: [...parents].join('`, `') } }]
      }),
  )
}
