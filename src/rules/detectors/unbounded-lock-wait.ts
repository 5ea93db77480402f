import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation, subjectOf } from './every-operation.ts'
import { lateLockTimeout } from './late-lock-timeout.ts'
import { lockInCapitals, millisecondsOf, queuesEverybody } from './lock-strength.ts'

/**
 * Operations that queue everybody behind a lock they may wait for without limit. A lock_timeout set too late is another rule's; CONCURRENTLY
 * is left alone, since a time-out there leaves an invalid index.
 */
export const unboundedLockWait: Detector = (scene) => {
  const operations = everyOperation(scene)
  if (lateLockTimeout(scene).length > 0) return []
  return operations
    .filter(({ operation }) => queuesEverybody(operation) && operation.nowait !== true && isUnbounded(operation))
    .map((sighting) => ({ ...sighting, values: { subject: subjectOf(sighting.operation), mode: lockInCapitals(sighting.operation) } }))
}

function isUnbounded({ settings }: Operation): boolean {
  return settings.lock_timeout === undefined && !millisecondsOf(settings.statement_timeout)
}
