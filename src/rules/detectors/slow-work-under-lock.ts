import type { Detector, Sighting } from '../claim.ts'
import { everyOperation, sharesTransaction, subjectOf } from './every-operation.ts'

/**
 * A rewrite, scan or index build while an earlier statement of the transaction keeps another lock: ACCESS EXCLUSIVE on a table this operation
 * would not have locked so itself. Two ALTER TABLE of one table hold nothing more than one merged would, so they are left alone.
 */
export const slowWorkUnderLock: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.flatMap((sighting) => {
    const { statement, operation } = sighting
    if (!operation.rewrites && !operation.scans && !operation.builds) return []
    const holder = operations.find((earlier) => isHeldOver(earlier, sighting))
    if (!holder) return []
    const held = subjectOf(holder.operation)
    const work = operation.rewrites ? 'rewritten' : operation.builds ? 'indexed' : 'read from end to end'
    return [{ statement, operation, values: { held, subject: subjectOf(operation), work } }]
  })
}

function isHeldOver({ operation: earlier }: Sighting, { operation: later }: Sighting): boolean {
  const locksItAnyway = later.lock === 'access exclusive' && later.table?.key === earlier.table?.key
  return earlier.lock === 'access exclusive' && earlier.number < later.number && sharesTransaction(earlier, later) && !locksItAnyway
}
