import type { Detector } from '../claim.ts'
import { tableAfter } from '../known-table.ts'
import { indexName, makesIndex } from '../table-changes.ts'

/** More than this, and each insert writes over ten pages of index for one of table. */
const MANY = 10

/** An index that is new with the script, on a table that then has more than ten. */
export const crowdedTable: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations.filter(makesIndex).flatMap((operation) => {
      const indexes = tableAfter(scene, operation.table?.key ?? '')?.indexes ?? []
      const isThere = indexes.some(({ name }) => name === indexName(operation))
      return isThere && indexes.length > MANY ? [{ statement, operation, values: { count: indexes.length } }] : []
    }),
  )
