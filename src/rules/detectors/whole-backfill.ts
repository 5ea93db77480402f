import type { Detector } from '../claim.ts'
import { backfillUnderLock } from './backfill-under-lock.ts'
import { everyOperation } from './every-operation.ts'

/**
 * `UPDATE … SET x = … WHERE x IS NULL`, without any other limit: it fills a column in one go. Under the lock of a schema change another rule
 * reports it, more severely.
 */
export const wholeBackfill: Detector = (scene) => {
  const reported = new Set(backfillUnderLock(scene).map(({ operation }) => operation))
  return everyOperation(scene).filter(({ statement, operation }) => {
    const { action, table, column, nullFilter, sets, lock } = operation
    // The word tells IS NULL and IS NOT NULL alike.
    const fills =
      nullFilter === true &&
      /\bis\s+null\b/i.test(statement.text) &&
      column !== undefined &&
      ((sets ?? []) as string[]).includes(column.name)
    return action === 'update' && table?.new === false && lock !== 'none' && fills && !reported.has(operation)
  })
}
