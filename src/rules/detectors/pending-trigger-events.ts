import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene, Sighting } from '../claim.ts'
import { everyOperation, isLaterInTransaction } from './every-operation.ts'

const WRITES = ['insert', 'update', 'delete', 'merge', 'copy']

/**
 * A schema change of a table whose rows this transaction has written, while a deferred constraint still has checks to do on them.
 * SET CONSTRAINTS … IMMEDIATE in between does them.
 */
export const pendingTriggerEvents: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter((sighting, index) => {
    const { operation } = sighting
    if (!operation.table || operation.lock !== 'access exclusive' || !/^(alter|drop|truncate)/.test(operation.statement)) return false
    const writes = operations.slice(0, index).filter(({ operation: earlier }) => isPendingWrite(earlier, operation))
    return writes.some((write) => !isSettled(write, sighting, operations)) && isDeferred(operation, scene, operations)
  })
}

function isPendingWrite(earlier: Operation, { number, table, transaction }: Operation): boolean {
  return (
    WRITES.includes(earlier.action) &&
    earlier.table?.key === table?.key &&
    earlier.number < number &&
    earlier.transaction.number === transaction.number &&
    transaction.mode !== 'none'
  )
}

function isSettled(write: Sighting, change: Sighting, operations: readonly Sighting[]): boolean {
  return operations.some(
    ({ operation }) =>
      operation.action === 'set constraints' &&
      operation.immediate === true &&
      isLaterInTransaction(operation, write.operation) &&
      operation.number < change.operation.number,
  )
}

/** Has the table, or one that references it, a constraint that is checked at the end of the transaction? */
function isDeferred({ table }: Operation, { before }: Scene, operations: readonly Sighting[]): boolean {
  const isDeferredByScript = operations.some(({ operation }) => operation.action === 'set constraints' && operation.immediate !== true)
  const isDue = (definition: string) => definition.includes('INITIALLY DEFERRED') || (isDeferredByScript && / DEFERRABLE/.test(definition))
  if (!before) return isDeferredByScript
  return [...before.relations].some(([key, { constraints }]) =>
    constraints.some(({ definition, references }) => isDue(definition) && (key === table?.key || references?.table === table?.key)),
  )
}
