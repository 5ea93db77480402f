import type { Detector } from '../claim.ts'
import { isPartitioned } from '../known-table.ts'

/** An index on a partitioned table that is built on all its partitions at once; with ONLY nothing is built. */
export const partitionedIndex: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently, only, builds }) => action === 'create index' && !concurrently && !only && builds)
      .filter(({ table }) => isPartitioned(scene, table?.key))
      .map((operation) => {
        const partitions = scene.before?.relations.get(operation.table?.key ?? '')?.children.length ?? 0
        return {
          statement,
          operation,
          values: { partitions: partitions === 1 ? 'its partition' : `all ${partitions || ''} partitions`.replace('  ', ' ') },
        }
      }),
  )
