import type { Detector, Sighting } from '../claim.ts'
import { isPartitioned } from '../known-table.ts'

const GUARDED = /^create\s+(unique\s+)?index\s+if\s+not\s+exists\s/i

/** A plain index build on a table in use. A partitioned table is another rule's: CONCURRENTLY is no answer there. */
export const blockingIndex: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently, builds }) => action === 'create index' && !concurrently && builds)
      .filter(({ table }) => !isPartitioned(scene, table?.key))
      .map((operation): Sighting => ({ statement, operation, ...withoutGuard(statement.text) })),
  )

/** IF NOT EXISTS has to go when CONCURRENTLY comes: together they keep what a failed build left behind. */
function withoutGuard(text: string): { steps?: string[] } {
  return GUARDED.test(text) ? { steps: [text.replace(GUARDED, (_, unique = '') => `create ${unique}index concurrently `)] } : {}
}
