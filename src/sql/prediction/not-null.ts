import { checkedExpression, columnNotNull, partsOf } from './expressions.ts'
import { wasProvenNotNull } from './history.ts'
import { constraintsOf, relationOf, type Scene } from './knowledge.ts'

/**
 * Is it known without reading that the column holds no NULL? It is NOT NULL already, or a validated CHECK proves it as one of
 * the parts of an AND: `x IS NOT NULL` or `NOT (x IS NULL)`. A comparison proves nothing: CHECK accepts an unknown result.
 */
export function isProvenNotNull(scene: Scene, table: string, column: string): boolean {
  if (!scene.known.catalog) return wasProvenNotNull(scene, table, column)
  if (isNotNull(scene, table, column)) return true
  const dropped = scene.operations.filter((one) => one.action === 'drop constraint').map((one) => one.constraint?.name)
  return constraintsOf(scene, table).some(
    (one) =>
      one.type === 'check' &&
      one.valid &&
      one.enforced &&
      !dropped.includes(one.name) &&
      partsOf(checkedExpression(one.definition), 'AND').some((part) => columnNotNull(part) === column),
  )
}

/** Marked NOT NULL, and known to hold: since 18 such a constraint can be NOT VALID. */
export function isNotNull(scene: Scene, table: string, column: string): boolean {
  const found = relationOf(scene, table)?.columns.find((one) => one.name === column)
  const invalid = constraintsOf(scene, table).some((one) => one.type === 'not null' && !one.valid && one.columns.includes(column))
  return found?.notNull === true && !invalid
}
