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
  const settings = operations.filter(({ operation }) => operation.action === 'set constraints')
  const isChecked = deferredTables(scene, settings)
  const writes = operations.filter(({ operation }) => WRITES.includes(operation.action) && isChecked(operation.table?.key))
  return operations.filter(({ operation }) => {
    if (!isChecked(operation.table?.key) || operation.lock !== 'access exclusive') return false
    return /^(alter|drop|truncate)/.test(operation.statement) && writes.some((write) => isPending(write, operation, settings))
  })
}

function isPending({ operation: write }: Sighting, change: Operation, settings: readonly Sighting[]): boolean {
  if (write.table?.key !== change.table?.key || !isLaterInTransaction(change, write)) return false
  return !settings.some(
    ({ operation }) => operation.immediate === true && isLaterInTransaction(operation, write) && operation.number < change.number,
  )
}

/** Has a table, or one that references it, a constraint that is checked at the end of the transaction? */
function deferredTables({ before }: Scene, settings: readonly Sighting[]): (key: string | undefined) => boolean {
  const isDeferredByScript = settings.some(({ operation }) => operation.immediate !== true)
  if (!before) return (key) => isDeferredByScript && key !== undefined
  const isDue = (definition: string) => definition.includes('INITIALLY DEFERRED') || (isDeferredByScript && / DEFERRABLE/.test(definition))
  const keys = new Set(
    [...before.relations].flatMap(([key, { constraints }]) =>
      constraints
        .filter(({ definition }) => isDue(definition))
        .flatMap(({ references }) => [key, ...(references ? [references.table] : [])]),
    ),
  )
  return (key) => key !== undefined && keys.has(key)
}
