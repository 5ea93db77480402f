import type { Detector } from '../claim.ts'
import { backfillUnderLock } from './backfill-under-lock.ts'
import { everyOperation } from './every-operation.ts'

/** UPDATE without WHERE of a table that exists; under the lock of a schema change another rule reports it, more severely. */
export const updateOfAllRows: Detector = (scene) => {
  const reported = new Set(backfillUnderLock(scene).map(({ operation }) => operation))
  return everyOperation(scene).filter(
    ({ operation }) => operation.action === 'update' && operation.where === false && operation.lock !== 'none' && !reported.has(operation),
  )
}
