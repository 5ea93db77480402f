import type { Detector, Scene, Sighting } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** DROP TABLE of a table that exists and that the script does not make anew. */
export const droppedTable: Detector = (scene) => drops(scene).filter((drop) => !isMadeAnew(drop, scene))

/** DROP TABLE of a table that exists and that the script makes anew: a reset, not a farewell. */
export const recreatedTable: Detector = (scene) => drops(scene).filter((drop) => isMadeAnew(drop, scene))

function drops(scene: Scene): Sighting[] {
  return everyOperation(scene).filter(
    ({ operation: { action, table } }) =>
      action === 'drop table' && table && !table.new && (scene.before === undefined || scene.before.relations.has(table.key)),
  )
}

function isMadeAnew({ operation: drop }: Sighting, scene: Scene): boolean {
  return everyOperation(scene).some(
    ({ operation: { action, number, table } }) =>
      (action === 'create table' || action === 'create table as') && number > drop.number && table?.key === drop.table?.key,
  )
}
