import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/** INSERT into a table that exists whose values find their columns by position. DEFAULT VALUES has none to misplace. */
export const insertWithoutColumns: Detector = (scene) =>
  everyOperation(scene).filter(
    ({ statement, operation: { action, columns, table, lock } }) =>
      action === 'insert' && columns === false && table?.new === false && lock !== 'none' && !/\bdefault\s+values\b/i.test(statement.text),
  )
