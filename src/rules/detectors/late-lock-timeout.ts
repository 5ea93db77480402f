import type { Detector } from '../claim.ts'
import { everyOperation, subjectOf } from './every-operation.ts'
import { lockInCapitals, millisecondsOf, queuesEverybody } from './lock-strength.ts'

/** A lock_timeout that comes after the operation it should have limited, and limits none. */
export const lateLockTimeout: Detector = (scene) => {
  const operations = everyOperation(scene)
  const strong = operations.filter(({ operation }) => queuesEverybody(operation))
  const [first] = strong
  if (!first || strong.some(({ operation }) => operation.settings.lock_timeout !== undefined)) return []
  return operations
    .filter(
      ({ operation }) => operation.action === 'set' && operation.setting === 'lock_timeout' && operation.number > first.operation.number,
    )
    .filter(({ operation }) => (millisecondsOf(String(operation.value)) ?? 0) > 0)
    .slice(0, 1)
    .map(() => ({ ...first, values: { subject: subjectOf(first.operation), mode: lockInCapitals(first.operation) } }))
}
