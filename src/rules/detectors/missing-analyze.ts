import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** A changed column type, or an UPDATE of a whole table, with no ANALYZE of that table or of everything afterwards. */
export const missingAnalyze: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(({ operation }) => {
    const { action, table, lock, where, number } = operation
    const outdates = (action === 'alter column type' && operation.rewrites) || (action === 'update' && where !== true)
    if (!outdates || !table || table.new || lock === 'none') return false
    return !operations.some(
      ({ operation: later }) =>
        later.number > number &&
        (later.action === 'analyze' || (later.action === 'vacuum' && later.analyze === true)) &&
        (!later.table || later.table.key === table.key),
    )
  })
}
