import type { Detector } from '../claim.ts'
import { isBounded } from './lock-strength.ts'

/** The foreign key that locks a second parent in use, in each transaction that has one and does not limit its waits. */
export const severalForeignKeys: Detector = ({ statements }) => {
  const parents = new Map<number, string[]>()
  return statements.flatMap((statement) =>
    statement.operations.flatMap((operation) => {
      const { constraint, action, table, transaction } = operation
      const parent = constraint?.references?.table
      if (action !== 'add constraint' || !parent || parent.new || parent.key === table?.key || isBounded(operation)) return []
      const seen = parents.get(transaction.number) ?? []
      if (seen.includes(parent.key)) return []
      parents.set(transaction.number, [...seen, parent.key])
      return seen.length === 1 ? [{ statement, operation, values: { first: seen[0], second: parent.key } }] : []
    }),
  )
}
