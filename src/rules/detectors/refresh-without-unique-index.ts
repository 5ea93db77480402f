import type { Detector } from '../claim.ts'
import { tableAt } from '../known-table.ts'

/** REFRESH … CONCURRENTLY of a view without a unique index on plain columns over all rows. */
export const refreshWithoutUniqueIndex: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently }) => action === 'refresh materialized view' && concurrently === true)
      .filter(({ table }) => {
        const view = tableAt(scene, table?.key ?? '', statement.index)
        const isKnown = scene.before?.relations.has(table?.key ?? '') || table?.new
        return (
          isKnown &&
          !view?.indexes.some((index) => index.unique && index.valid && index.predicate === undefined && !index.columns.includes(null))
        )
      })
      .map((operation) => ({ statement, operation })),
  )
