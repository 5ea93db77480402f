import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation } from './every-operation.ts'

/**
 * ADD COLUMN to a table that the same script reads by `select *` where the columns are fixed beforehand: in a prepared statement, or in a function that
 * copies rows with INSERT … SELECT. Code elsewhere that does so is not in the script.
 */
export const starReader: Detector = (scene) => {
  const operations = everyOperation(scene).map(({ operation }) => operation)
  return everyOperation(scene).filter(({ operation: { action, table } }) =>
    action === 'add column' && table && !table.new && operations.some((one) => isStarOf(one, table.key) && isKept(one, operations)))
}

function isStarOf({ action, star, reads, from }: Operation, key: string): boolean {
  return action === 'select' && star === true && [reads, from].some((keys) => Array.isArray(keys) && keys.includes(key))
}

function isKept({ inside, statement, number }: Operation, all: Operation[]): boolean {
  if (statement === 'prepare') return true
  return inside === 'function' && all.some(({ action, columns, number: other }) => action === 'insert' && columns === false && other === number)
}
