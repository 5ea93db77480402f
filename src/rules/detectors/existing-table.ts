import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** CREATE TABLE IF NOT EXISTS of what the catalog already holds, unless the script drops or renames it first. Silent without a catalog. */
export const existingTable: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(({ operation: { action, guarded, number, table, persistence } }) => {
    const isGuardedCreate = (action === 'create table' || action === 'create table as') && guarded === true && persistence !== 'temporary'
    if (!isGuardedCreate || !table || !scene.before?.relations.has(table.key)) return false
    const leaves = ({ operation: earlier }: (typeof operations)[number]) =>
      earlier.number < number && /^(drop|rename|set schema)/.test(earlier.action) && (earlier.table?.key ?? table.key) === table.key
    return !operations.some(leaves)
  })
}
