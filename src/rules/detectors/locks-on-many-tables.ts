import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** The operation with which a transaction comes to hold ACCESS EXCLUSIVE on a second table, while the first one's users already wait. */
export const locksOnManyTables: Detector = (scene) => {
  const held = new Map<number, string>()
  return everyOperation(scene).flatMap(({ statement, operation }) => {
    const { transaction, lock, table } = operation
    if (transaction.mode === 'none' || lock !== 'access exclusive' || !table || table.new) return []
    const first = held.get(transaction.number) ?? table.key
    held.set(transaction.number, first)
    if (first === table.key) return []
    return [{ statement, operation, values: { first: first.split('.').at(-1) } }]
  })
}
