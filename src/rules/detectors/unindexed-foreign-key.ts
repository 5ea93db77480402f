import type { Detector, Scene } from '../claim.ts'
import { type KnownIndex, tableAfter } from '../known-table.ts'

/** A foreign key this script adds and keeps, whose columns lead no index of its table once the script is done. */
export const unindexedForeignKey: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations.flatMap((operation) => {
      const { action, table, constraint } = operation
      if (action !== 'add constraint' || constraint?.type !== 'foreign key' || !table) return []
      const known = tableAfter(scene, table.key)
      const columns = constraint.columns ?? []
      if (!isKept(scene, table.key, columns)) return []
      if (!known?.whole || !columns.every((one) => known.columns.has(one)) || known.indexes.some((index) => serves(index, columns)))
        return []
      return [{ statement, operation }]
    }),
  )

/** Its first keys are the columns, in any order. A predicate that only leaves out nulls is no hindrance: a null references nothing. */
function serves({ method, valid, columns, predicate }: KnownIndex, wanted: string[]): boolean {
  const leading = columns.slice(0, wanted.length)
  const isComplete = predicate === undefined || /^\(*\s*"?\w+"?\s+is\s+not\s+null\s*\)*$/i.test(predicate)
  return valid && isComplete && (method === 'btree' || method === 'hash') && wanted.every((one) => leading.includes(one))
}

function isKept({ after }: Scene, key: string, columns: string[]): boolean {
  const constraints = after?.relations.get(key)?.constraints
  return !after || constraints?.some((one) => one.type === 'foreign key' && one.columns.join() === columns.join()) === true
}
