import type { Detector } from '../claim.ts'

/** DROP TABLE of a table with foreign keys: the tables they point at are locked too, for which the catalog is needed. */
export const droppedChild: Detector = ({ statements, before }) => {
  const gone = statements.flatMap(({ operations }) => operations.filter(({ action }) => action === 'drop table').map(({ table }) => table?.key))
  return statements.flatMap((statement) =>
    statement.operations
      .filter(({ action }) => action === 'drop table')
      .flatMap((operation) => {
        const constraints = before?.relations.get(operation.table?.key ?? '')?.constraints ?? []
        const parents = new Set(constraints.flatMap(({ references }) => (references && !gone.includes(references.table) ? [references.table] : [])))
        return parents.size === 0 ? [] : [{ statement, operation, values: { parents: [...parents].join('`, `') } }]
      }),
  )
}
