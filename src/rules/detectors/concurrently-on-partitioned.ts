import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene } from '../claim.ts'
import { isPartitioned } from '../known-table.ts'

/** CONCURRENTLY on a partitioned table or one of its indexes, which Postgres refuses whatever else is written. */
export const concurrentlyOnPartitioned: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter((operation) => operation.concurrently === true && isRefused(scene, operation))
      .map((operation) => ({ statement, operation, values: { what: operation.action === 'drop index' ? 'index' : 'table' } })),
  )

function isRefused(scene: Scene, { action, table, index }: Operation): boolean {
  if (action === 'create index') return isPartitioned(scene, table?.key)
  return action === 'drop index' && isPartitionedIndex(scene, `${index?.schema ?? 'public'}.${index?.name}`)
}

function isPartitionedIndex(scene: Scene, key: string): boolean {
  if (scene.before?.relations.has(key)) return scene.before.relations.get(key)?.kind === 'partitioned index'
  return scene.statements.some(({ operations }) =>
    operations.some(
      ({ action, table, index }) =>
        action === 'create index' && `${index?.schema}.${index?.name}` === key && isPartitioned(scene, table?.key),
    ),
  )
}
