import type { Detector, Sighting } from '../claim.ts'
import { everyOperation, sharesTransaction, subjectOf } from './every-operation.ts'

/**
 * A rewrite, scan or index build while an earlier statement of the transaction keeps another lock: ACCESS EXCLUSIVE on a table this operation
 * would not have locked so itself. Two ALTER TABLE of one table hold nothing more than one merged would, so they are left alone; nobody misses
 * a dropped table, and TRUNCATE rewrites nothing that takes time.
 */
export const slowWorkUnderLock: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.flatMap((sighting) => {
    const { statement, operation } = sighting
    const isSlow = operation.action !== 'truncate' && (operation.rewrites || operation.scans || operation.builds)
    const holder = isSlow ? operations.find((earlier) => isHeldOver(earlier, sighting)) : undefined
    if (!holder) return []
    const held = subjectOf(holder.operation)
    const subject = subjectOf(operation) === held ? 'it' : `\`${subjectOf(operation)}\``
    const work = operation.rewrites ? 'rewritten' : operation.builds ? 'indexed' : 'read from end to end'
    return [{ statement, operation, values: { held, subject, work } }]
  })
}

function isHeldOver({ operation: earlier }: Sighting, { operation: later }: Sighting): boolean {
  const locksItAnyway = later.lock === 'access exclusive' && later.table?.key === earlier.table?.key
  const isHeld = earlier.lock === 'access exclusive' && earlier.action !== 'drop table'
  return isHeld && earlier.number < later.number && sharesTransaction(earlier, later) && !locksItAnyway
}
