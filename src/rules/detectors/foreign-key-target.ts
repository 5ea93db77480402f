import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene, Sighting } from '../claim.ts'
import { type KnownTable, tableAt } from '../known-table.ts'

/** A foreign key to columns that no primary key or unique index covers as they are. */
export const foreignKeyTarget: Detector = (scene) =>
  foreignKeys(scene).flatMap(({ statement, operation, parent }) => {
    const columns = operation.constraint?.references?.columns ?? []
    if (!parent.whole) return []
    if (columns.length === 0) {
      const target = 'a primary key, which it does not have'
      return parent.indexes.some(({ primary }) => primary) ? [] : [{ statement, operation, values: { target } }]
    }
    const isCovered = parent.indexes.some(
      (index) =>
        index.unique &&
        index.predicate === undefined &&
        index.columns.length === columns.length &&
        columns.every((one) => index.columns.includes(one)),
    )
    return isCovered ? [] : [{ statement, operation, values: { target: `\`${columns.join(', ')}\`, which nothing keeps unique` } }]
  })

interface ForeignKey extends Sighting {
  parent: KnownTable
}

/** The foreign keys of a script with the table they point at, as it stands when they are added. */
export function foreignKeys(scene: Scene): ForeignKey[] {
  return scene.statements.flatMap((statement) =>
    statement.operations.filter(isForeignKey).flatMap((operation) => {
      const parent = tableAt(scene, operation.constraint?.references?.table.key ?? '', statement.index + 1)
      return parent ? [{ statement, operation, parent }] : []
    }),
  )
}

export function isForeignKey({ action, constraint, table }: Operation): boolean {
  return action === 'add constraint' && constraint?.type === 'foreign key' && table !== undefined
}
