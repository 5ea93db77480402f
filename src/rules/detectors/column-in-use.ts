import type { CatalogRelation } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** Dependent objects still exist; a feature is not supported. */
const REFUSALS = ['2BP01', '0A000']

/**
 * DROP COLUMN and ALTER COLUMN TYPE of a column that something else may be made of: a view, a generated column, a trigger, a policy. The catalog knows
 * of tables rather than of columns here, so the run decides; what it refused counts whatever the catalog said.
 */
export const columnInUse: Detector = (scene) =>
  everyOperation(scene).filter(({ operation }) => {
    const { action, cascade, failed } = operation
    if (action !== 'alter column type' && (action !== 'drop column' || cascade === true)) return false
    return REFUSALS.includes(String(failed)) || isReadByScript(scene, operation) || isDependedOn(scene, operation)
  })

function isReadByScript({ statements }: Scene, { table, number }: Operation): boolean {
  const views = ['create view', 'create materialized view']
  return statements.some(({ operations }) =>
    operations.some((one) => views.includes(one.action) && one.number < number && Array.isArray(one.reads) && one.reads.includes(table?.key)))
}

function isDependedOn(scene: Scene, { table, column, number }: Operation): boolean {
  const relation = scene.before?.relations.get(table?.key ?? '')
  if (!relation || !column) return false
  const dropped = everyOperation(scene).flatMap(({ operation: one }) => (one.action.startsWith('drop') && one.number < number ? [one.table?.key] : []))
  return relation.readBy.some((view) => !dropped.includes(view)) || relation.triggers.length > 0 || relation.rowSecurity || isGeneratedFrom(relation, column.name)
}

function isGeneratedFrom({ columns }: CatalogRelation, name: string): boolean {
  return columns.some((other) => other.generated !== undefined && other.name !== name && other.default?.includes(name))
}
