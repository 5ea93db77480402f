import type { Detector } from '../claim.ts'
import { everyOperation, isLaterInTransaction } from './every-operation.ts'

/** DISABLE TRIGGER that the same transaction does not take back: everybody's writes skip the trigger in the meantime. */
export const disabledTriggers: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(
    ({ operation }) =>
      operation.action === 'disable trigger' &&
      operation.lock !== 'none' &&
      !operations.some(
        ({ operation: later }) =>
          later.action === 'enable trigger' &&
          later.table?.key === operation.table?.key &&
          isLaterInTransaction(later, operation) &&
          (later.name === operation.name || later.name === 'all'),
      ),
  )
}
