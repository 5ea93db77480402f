import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** Row level security is enabled for a table in use, and once the script is done that has no policy. */
export const hiddenRows: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.filter(({ operation: { action, table } }) => {
    if (action !== 'enable row level security' || !table || table.new) return false
    const after = scene.after?.relations.get(table.key)
    if (after) return after.rowSecurity && (after.policies ?? []).length === 0
    return !operations.some(({ operation: other }) => SETTLES.includes(other.action) && other.table?.key === table.key)
  })
}

/** Without a catalog: what may let rows through. */
const SETTLES = ['create policy', 'disable row level security']
