import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation, isLaterInTransaction } from './every-operation.ts'

/**
 * A second ALTER TABLE of one table in one transaction that reads or rewrites it again: merged into the first, Postgres passes over the rows once.
 * Other subcommands gain nothing but a shorter file.
 */
export const mergeableAlters: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(
    ({ operation }) =>
      isPass(operation) &&
      operations.some(
        ({ operation: earlier }) =>
          isPass(earlier) && earlier.table?.key === operation.table?.key && isLaterInTransaction(operation, earlier),
      ),
  )
}

function isPass({ statement, action, rewrites, scans, inside }: Operation): boolean {
  return statement === 'alter table' && action !== 'validate constraint' && action !== 'attach partition' && !inside && (rewrites || scans)
}
