import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'
import { LONGEST_WAIT_MS, millisecondsOf } from './lock-strength.ts'

/**
 * The operation with which a transaction comes to hold ACCESS EXCLUSIVE on a second table, while the first one's users already wait. A table
 * it drops has none, and a short lock_timeout ends the wait.
 */
export const locksOnManyTables: Detector = (scene) => {
  const held = new Map<number, string>()
  return everyOperation(scene).flatMap(({ statement, operation }) => {
    const { transaction, lock, table, action } = operation
    if (transaction.mode === 'none' || lock !== 'access exclusive' || !table || table.new || isBounded(operation)) return []
    const first = held.get(transaction.number)
    if (first === undefined && action !== 'drop table') held.set(transaction.number, table.key)
    if (first === undefined || first === table.key) return []
    return [{ statement, operation, values: { first: first.split('.').at(-1) } }]
  })
}

function isBounded({ settings }: Operation): boolean {
  const wait = millisecondsOf(settings.lock_timeout)
  return wait !== undefined && wait > 0 && wait <= LONGEST_WAIT_MS
}
