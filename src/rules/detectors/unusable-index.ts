import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { type KnownIndex, tableAt } from '../known-table.ts'

/** ADD CONSTRAINT … USING INDEX with an index that no constraint may rest on. */
export const unusableIndex: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, constraint }) => action === 'add constraint' && constraint?.index !== undefined)
      .flatMap((operation) => {
        const fault = faultOf(operation, tableAt(scene, operation.table?.key ?? '', statement.index)?.indexes ?? [])
        return fault === undefined ? [] : [{ statement, operation, values: { fault } }]
      }),
  )

/** What Postgres says no to; undefined when nothing is known against it. */
function faultOf({ constraint }: Operation, indexes: KnownIndex[]): string | undefined {
  const index = indexes.find(({ name }) => name === constraint?.index)
  if (!index) return undefined
  if (!index.unique) return 'is not unique'
  if (index.predicate !== undefined) return 'is partial'
  if (index.columns.includes(null)) return 'has an expression among its keys'
  if (!index.valid) return 'is not valid'
  const key = index.keys.find((one) => / (desc|nulls first)$/.test(one))
  return key === undefined ? undefined : `does not sort \`${key}\` in the default order`
}
