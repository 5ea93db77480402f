import type { Detector, Sighting } from '../claim.ts'
import { isPartitioned } from '../known-table.ts'

const GUARDED = /^create\s+(unique\s+)?index\s+if\s+not\s+exists\s/i

/**
 * A plain index build on a table in use. A partitioned table is another rule's: CONCURRENTLY is no answer there. ONLY is
 * written for partitioned tables, where it builds nothing, so without a catalog it counts as that.
 * Nobody writes to a materialized view.
 */
export const blockingIndex: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently, builds }) => action === 'create index' && !concurrently && builds)
      .filter(({ table, only }) => !isPartitioned(scene, table?.key) && (scene.before || !only))
      .filter(({ table }) => scene.before?.relations.get(table?.key ?? '')?.kind !== 'materialized view')
      .map((operation): Sighting => ({ statement, operation, ...withoutGuard(statement.text) })),
  )

/** IF NOT EXISTS has to go when CONCURRENTLY comes: together they keep what a failed build left behind. */
function withoutGuard(text: string): { steps?: string[] } {
  return GUARDED.test(text) ? { steps: [text.replace(GUARDED, (_, unique = '') => `create ${unique}index concurrently `)] } : {}
}
