import type { Operation } from '../../sql/operation.ts'
import { isAtLeast } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation, isLaterInTransaction } from './every-operation.ts'

const WRITES = ['insert', 'update', 'delete', 'merge']
/** Statements that lock a table for their own rows' sake. */
const DATA = [...WRITES, 'copy', 'select', 'truncate', 'lock table']

/** A backfill in the transaction of an earlier schema change, whose lock refuses at least every write until the backfill is done. */
export const backfillUnderLock: Detector = (scene) => {
  const operations = everyOperation(scene)
  const holders = operations.map(({ operation }) => operation).filter(isSchemaLock)
  return operations.flatMap(({ statement, operation }) => {
    if (!WRITES.includes(operation.action) || operation.lock === 'none' || !(leavesOutNothing(operation) || isJoin(operation))) return []
    const holder = holders.find(
      (earlier) => earlier.table && isLaterInTransaction(operation, earlier) && writesMuch(operation, earlier.table.key),
    )
    if (!holder) return []
    const refused = isAtLeast(holder.lock, 'access exclusive') ? 'read or write' : 'write to'
    return [{ statement, operation, values: { held: holder.table?.name, by: holder.statement, refused } }]
  })
}

function isSchemaLock({ action, lock, table }: Operation): boolean {
  return !DATA.includes(action) && isAtLeast(lock, 'share') && table?.new === false
}

/**
 * Does it write to about every row of a table that existed before, or copy the locked one? An UPDATE or DELETE without WHERE or with nothing but
 * `IS NULL`; a join with the locked table, INSERT … SELECT from it. A WHERE on values may pick a single row, so it does not count.
 */
function writesMuch(operation: Operation, locked: string): boolean {
  const { table } = operation
  if (table?.new === false && leavesOutNothing(operation)) return true
  return isJoin(operation) && (table?.key === locked || sourcesOf(operation).includes(locked))
}

function leavesOutNothing({ action, where, nullFilter }: Operation): boolean {
  return (action === 'update' || action === 'delete') && (where !== true || nullFilter === true)
}

function isJoin(operation: Operation): boolean {
  return (operation.action !== 'insert' || operation.values === undefined) && sourcesOf(operation).length > 0
}

/** Tables read that are not the one written to. */
function sourcesOf({ reads, table }: Operation): string[] {
  return ((reads ?? []) as string[]).filter((key) => key !== table?.key)
}
