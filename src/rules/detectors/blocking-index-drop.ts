import type { Detector } from '../claim.ts'

/** DROP INDEX of an index in use. One of a partitioned table is left alone: CONCURRENTLY does not drop it. */
export const blockingIndexDrop: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently, lock }) => action === 'drop index' && !concurrently && lock === 'access exclusive')
      .filter(({ index }) => scene.before?.relations.get(`${index?.schema ?? 'public'}.${index?.name}`)?.kind !== 'partitioned index')
      .map((operation) => ({ statement, operation })),
  )
