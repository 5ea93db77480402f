import type { Detector } from '../claim.ts'
import { isPartitioned } from '../known-table.ts'

/** A plain index build on a table in use. A partitioned table is another rule's: CONCURRENTLY is no answer there. */
export const blockingIndex: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently, builds }) => action === 'create index' && !concurrently && builds)
      .filter(({ table }) => !isPartitioned(scene, table?.key))
      .map((operation) => ({ statement, operation })),
  )
