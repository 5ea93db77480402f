import type { Detector } from '../claim.ts'
import { everyOperation, subjectOf } from './every-operation.ts'
import { LONGEST_WAIT_MS, lockInCapitals, millisecondsOf, queuesEverybody } from './lock-strength.ts'

/** Operations that queue everybody under a lock_timeout of zero, which is none, or of more than half a minute. */
export const longLockTimeout: Detector = (scene) =>
  everyOperation(scene).flatMap(({ statement, operation }) => {
    const wait = millisecondsOf(operation.settings.lock_timeout)
    if (wait === undefined || (wait > 0 && wait <= LONGEST_WAIT_MS) || !queuesEverybody(operation)) return []
    const limit = wait === 0 ? 'without limit: zero turns `lock_timeout` off' : `up to ${wait / 1000} s`
    return [{ statement, operation, values: { subject: subjectOf(operation), mode: lockInCapitals(operation), limit } }]
  })
