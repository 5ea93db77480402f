import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** Dependent objects still exist; a feature is not supported. */
const REFUSALS = ['2BP01', '0A000']

/**
 * DROP COLUMN and ALTER COLUMN TYPE of a column that something else is made of: a view, a generated column, a trigger, a policy. On a clone Postgres says so
 * when it refuses. Without one, only a view that the script itself made earlier is known to stand in the way, perhaps.
 */
export const columnInUse: Detector = (scene) =>
  everyOperation(scene).filter(({ operation }) => {
    const { action, cascade, failed } = operation
    if (action !== 'alter column type' && (action !== 'drop column' || cascade === true)) return false
    return REFUSALS.includes(String(failed)) || feedsGenerated(scene, operation) || (!scene.before && isReadByScript(scene, operation))
  })

/** Until 14 Postgres called the type of a column that a generated one is made of a syntax error. */
function feedsGenerated({ postgres, before }: Scene, { action, failed, table }: Operation): boolean {
  if (postgres > 14 || failed !== '42601' || action !== 'alter column type') return false
  return before?.relations.get(table?.key ?? '')?.columns.some(({ generated }) => generated !== undefined) === true
}

function isReadByScript(scene: Scene, { table, number }: Operation): boolean {
  const views = ['create view', 'create materialized view']
  return everyOperation(scene).some(
    ({ operation: { action, reads, ...one } }) =>
      views.includes(action) && one.number < number && Array.isArray(reads) && reads.includes(table?.key),
  )
}
