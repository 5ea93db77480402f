import type { Operation } from '../../sql/operation.ts'
import type { Statement } from '../../sql/statement.ts'
import type { Scene, Sighting } from '../claim.ts'

/** Half of the detectors ask for the same list, of each of a thousand scripts. */
const lists = new WeakMap<readonly Statement[], readonly Sighting[]>()

/** Every operation of a script with its statement, in the order they run. */
export function everyOperation({ statements }: Pick<Scene, 'statements'>): readonly Sighting[] {
  const known = lists.get(statements)
  if (known) return known
  const list = statements.flatMap((statement) => statement.operations.map((operation) => ({ statement, operation })))
  lists.set(statements, list)
  return list
}

/** A later operation of the same transaction. */
export function isLaterInTransaction(later: Operation, earlier: Operation): boolean {
  return later.number > earlier.number && sharesTransaction(later, earlier)
}

/** Without a transaction each statement is alone, whatever its number says. */
export function sharesTransaction(one: Operation, other: Operation): boolean {
  return one.transaction.mode !== 'none' && one.transaction.number === other.transaction.number
}

/**
 * What an operation locks, for a sentence: its table; where that is new, the one it refers to or becomes part of; else the kind of its statement.
 */
export function subjectOf({ table, statement, constraint, partitionOf, inherits }: Operation): string {
  const parent = constraint?.references?.table.name ?? nameOf(partitionOf ?? inherits)
  return (table?.new ? parent : undefined) ?? table?.name ?? statement
}

function nameOf(key: unknown): string | undefined {
  return typeof key === 'string' ? key.split('.').at(-1) : undefined
}
