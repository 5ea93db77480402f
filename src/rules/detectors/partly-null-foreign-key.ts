import type { Detector } from '../claim.ts'
import { tableAfter } from '../known-table.ts'
import { isForeignKey } from './foreign-key-target.ts'

/** A foreign key of several columns, some nullable, without MATCH FULL: one null and the others are not checked. */
export const partlyNullForeignKey: Detector = (scene) =>
  scene.statements.flatMap((statement) =>
    statement.operations.filter(isForeignKey).flatMap((operation) => {
      const { columns = [] } = operation.constraint ?? {}
      if (columns.length < 2 || /\bmatch\s+full\b/i.test(statement.text)) return []
      const table = tableAfter(scene, operation.table?.key ?? '')
      const nullable = columns.find((one) => table?.columns.get(one)?.notNull === false)
      return nullable === undefined ? [] : [{ statement, operation, values: { nullable } }]
    }),
  )
