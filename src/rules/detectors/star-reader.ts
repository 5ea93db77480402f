import type { TableWords } from '../../sql/operation.ts'
import type { Statement } from '../../sql/statement.ts'
import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/**
 * ADD COLUMN to a table that the same script reads by `select *` where the columns are fixed beforehand: in a prepared statement, or in a function that
 * copies rows with INSERT … SELECT. Code elsewhere that does so is not in the script.
 */
export const starReader: Detector = (scene) =>
  everyOperation(scene).filter(
    ({ operation: { action, table } }) =>
      action === 'add column' && table && !table.new && (scene.written ?? scene.statements).some((one) => keepsStarOf(one, table)),
  )

function keepsStarOf({ kind, text, operations }: Statement, { key, name }: TableWords): boolean {
  if (!/\bselect\s+(?:\w+\.)?\*/i.test(text)) return false
  if (kind === 'prepare') return text.toLowerCase().split(/\W+/).includes(name)
  return operations.some(
    ({ action, columns, inside, reads }) =>
      action === 'insert' && inside === 'function' && columns === false && Array.isArray(reads) && reads.includes(key),
  )
}
