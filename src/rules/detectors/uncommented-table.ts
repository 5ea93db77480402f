import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** A new table without COMMENT ON TABLE in the same script. Partitions and temporary tables need none. */
export const uncommentedTable: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(
    ({ operation: { action, table, persistence, partitionOf } }) =>
      action === 'create table' &&
      persistence !== 'temporary' &&
      !partitionOf &&
      !operations.some(({ operation: other }) => other.action === 'comment' && other.object === 'table' && other.table?.key === table?.key),
  )
}
