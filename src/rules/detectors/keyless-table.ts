import type { Detector } from '../claim.ts'
import { tableAfter } from '../known-table.ts'

/** A permanent table made by the script that has no key at its end: neither primary nor unique over columns that are never null. */
export const keylessTable: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations
      .filter(
        ({ action, persistence, partitionOf }) => action === 'create table' && persistence === 'permanent' && partitionOf === undefined,
      )
      .filter(({ table }) => !scene.before?.relations.has(table?.key ?? ''))
      .filter(({ table }) => {
        const known = tableAfter(scene, table?.key ?? '')
        return (
          known?.whole &&
          !known.indexes.some(
            ({ primary, unique, predicate, columns }) =>
              primary || (unique && predicate === undefined && columns.every((one) => one !== null && known.columns.get(one)?.notNull)),
          )
        )
      })
      .map((operation) => ({ statement, operation })),
  )
