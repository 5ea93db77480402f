import { quoteIdentifier } from '../../sql/identifier.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Statement } from '../../sql/statement.ts'
import type { Detector, Sighting } from '../claim.ts'

/** DROP INDEX of an index in use. One of a partitioned table is left alone: CONCURRENTLY does not drop it. */
export const blockingIndexDrop: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently, lock }) => action === 'drop index' && !concurrently && lock === 'access exclusive')
      .filter(({ index }) => scene.before?.relations.get(`${index?.schema ?? 'public'}.${index?.name}`)?.kind !== 'partitioned index')
      .map((operation): Sighting => ({ statement, operation, ...oneByOne(statement, operation) })),
  )

/** CONCURRENTLY takes one index at a time and no CASCADE. */
function oneByOne({ operations }: Statement, { cascade }: Operation): { steps?: string[] } {
  if (operations.length === 1 && !cascade) return {}
  const names = operations.flatMap(({ action, table }) => (action === 'drop index' && table ? [table] : []))
  return { steps: names.map(({ schema, name }) => `drop index concurrently ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`) }
}
