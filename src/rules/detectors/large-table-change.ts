import { isAtLeast } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

const LARGE_ROWS = 1_000_000

/** Work that grows with the table and refuses writes meanwhile, on a table known to be large. Silent where no catalog knows its rows. */
export const largeTableChange: Detector = (scene) =>
  everyOperation(scene).flatMap(({ statement, operation }) => {
    const rows = scene.before?.relations.get(operation.table?.key ?? '')?.rows ?? 0
    const grows = operation.rewrites || operation.scans || operation.builds
    if (rows < LARGE_ROWS || !grows || !isAtLeast(operation.lock, 'share')) return []
    return [{ statement, operation, values: { rows: `${(rows / 1_000_000).toFixed(1)} million` } }]
  })
