import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** BEGIN in a transaction that is already open: the script's own, or its tool's, which only a run can tell of a BEGIN that comes first. */
export const nestedBegin: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(({ operation }, index) => {
    if (operation.action !== 'begin' || operation.inside) return false
    const last = operations[index - 1]?.operation
    return operation.warned === '25001' || (last?.transaction.mode === 'block' && last.transaction.number === operation.transaction.number)
  })
}
