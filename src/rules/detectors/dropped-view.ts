import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

const DROPS = ['drop view', 'drop materialized view']
const CREATES = ['create view', 'create materialized view', 'create table', 'rename table']

/** DROP VIEW of a view that exists and that the script does not make anew. */
export const droppedView: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(({ operation: { action, table, number } }) => {
    if (!DROPS.includes(action) || !table || table.new) return false
    if (scene.before && !scene.before.relations.has(table.key)) return false
    return !operations.some(
      ({ operation: later }) => CREATES.includes(later.action) && later.number > number && namesAfter(later).includes(table.name),
    )
  })
}

function namesAfter({ table, to }: { table?: { name: string }; to?: unknown }): unknown[] {
  return [table?.name, to]
}
