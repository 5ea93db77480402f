import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation, subjectOf } from './every-operation.ts'
import { lateLockTimeout } from './late-lock-timeout.ts'
import { lockInCapitals, millisecondsOf, queuesEverybody } from './lock-strength.ts'

/**
 * Operations that queue everybody behind a lock they may wait for without limit. A lock_timeout set too late is another rule's, and so is the
 * parent that a new table's foreign key waits for; CONCURRENTLY is left alone, since a time-out there leaves an invalid index.
 */
export const unboundedLockWait: Detector = (scene) => {
  const operations = everyOperation(scene)
  if (lateLockTimeout(scene).length > 0) return []
  return operations
    .filter(({ operation }) => queuesEverybody(operation) && !isNewReference(operation) && isUnbounded(operation))
    .map((sighting) => ({ ...sighting, values: { subject: subjectOf(sighting.operation), mode: lockInCapitals(sighting.operation) } }))
}

function isNewReference({ table, constraint }: Operation): boolean {
  return table?.new === true && constraint?.type === 'foreign key'
}

function isUnbounded({ settings, nowait }: Operation): boolean {
  return nowait !== true && settings.lock_timeout === undefined && !millisecondsOf(settings.statement_timeout)
}
