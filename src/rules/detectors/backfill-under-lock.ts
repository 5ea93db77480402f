import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation, isLaterInTransaction } from './every-operation.ts'
import { isAtLeast } from './lock-strength.ts'

const DATA = ['insert', 'update', 'delete', 'merge', 'copy', 'select', 'truncate', 'lock table']

/** A backfill in the transaction of an earlier schema change, whose lock refuses at least every write until the backfill is done. */
export const backfillUnderLock: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.flatMap(({ statement, operation }) => {
    const holder = operations.find(
      ({ operation: earlier }) =>
        !DATA.includes(earlier.action) &&
        isAtLeast(earlier.lock, 'share') &&
        earlier.table?.new === false &&
        isLaterInTransaction(operation, earlier) &&
        writesMuch(operation, earlier.table.key),
    )?.operation
    if (!holder) return []
    const refused = isAtLeast(holder.lock, 'access exclusive') ? 'read or write' : 'write to'
    return [{ statement, operation, values: { held: holder.table?.name, by: holder.statement, refused } }]
  })
}

/**
 * Does it write to about every row of a table that existed before, or copy the locked one? An UPDATE or DELETE without WHERE or with nothing but
 * `IS NULL`; a join with the locked table, INSERT … SELECT from it. A WHERE on values may pick a single row, so it does not count.
 */
function writesMuch({ action, table, where, nullFilter, values, reads, lock }: Operation, locked: string): boolean {
  const sources = ((reads ?? []) as string[]).filter((key) => key !== table?.key)
  const isJoined = sources.length > 0 && (table?.key === locked || sources.includes(locked))
  if (lock === 'none') return false
  if (action === 'update' || action === 'delete') return table?.new === false && (where !== true || nullFilter === true || isJoined)
  return (action === 'merge' || (action === 'insert' && values === undefined)) && isJoined
}
