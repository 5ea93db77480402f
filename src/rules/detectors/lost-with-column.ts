import type { CatalogRelation } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/**
 * DROP COLUMN that takes more than the column: the primary key, and constraints and indexes that hold other columns too. Needs the catalog before
 * and after; what the script drops by name is no surprise, and nobody misses what was about that column alone.
 */
export const lostWithColumn: Detector = (scene) =>
  everyOperation(scene).flatMap((sighting) => {
    const { operation } = sighting
    const lost = operation.action === 'drop column' ? lostObjects(scene, operation) : []
    return lost.length > 0 ? [{ ...sighting, values: { lost: lost.join(', ') } }] : []
  })

function lostObjects(scene: Scene, { table, column }: Operation): string[] {
  const before = scene.before?.relations.get(table?.key ?? '')
  const after = scene.after?.relations.get(table?.key ?? '')
  if (!before || !after || !column || !before.columns.some(({ name }) => name === column.name)) return []
  const named = namedDrops(scene)
  const isGone = (list: 'constraints' | 'indexes', name: string) => !named.has(name) && !after[list].some((one) => one.name === name)
  const constraints = before.constraints
    .filter(
      ({ type, columns, name }) =>
        columns.includes(column.name) && isGone('constraints', name) && (type === 'primary key' || columns.length > 1),
    )
    .map(({ type, name }) => `${type} ${name}`)
  const indexes = before.indexes
    .filter(
      ({ name, columns }) =>
        columns.length > 1 && columns.includes(column.name) && !isOfConstraint(before, name) && isGone('indexes', name),
    )
    .map(({ name }) => `index ${name}`)
  return [...constraints, ...indexes]
}

function isOfConstraint({ constraints }: CatalogRelation, index: string): boolean {
  return constraints.some(({ name, type }) => name === index && type !== 'check' && type !== 'foreign key')
}

function namedDrops(scene: Scene): Set<string> {
  return new Set(
    everyOperation(scene).flatMap(({ operation: { action, constraint, index } }) => {
      if (action === 'drop constraint' && constraint?.name) return [constraint.name]
      return action === 'drop index' && index?.name ? [index.name] : []
    }),
  )
}
