import type { Detector } from '../claim.ts'
import { everyOperation, sharesTransaction } from './every-operation.ts'

/**
 * `UPDATE … WHERE x IS NULL` that sets a column the script has just added without a default: its WHERE leaves out nothing. In the transaction
 * that adds the column it is a backfill under a lock, which another rule reports.
 */
export const backfillOfNewColumn: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.flatMap(({ statement, operation }) => {
    const { action, table, nullFilter, sets, number } = operation
    if (action !== 'update' || nullFilter !== true || !table || table.new) return []
    const added = operations.find(
      ({ operation: earlier }) =>
        earlier.action === 'add column' &&
        earlier.number < number &&
        earlier.table?.key === table.key &&
        !sharesTransaction(earlier, operation) &&
        (earlier.column?.default ?? 'none') === 'none' &&
        ((sets ?? []) as string[]).includes(earlier.column?.name ?? ''),
    )
    return added ? [{ statement, operation, values: { column: added.operation.column } }] : []
  })
}
