import type { CatalogConstraint } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Detector, Scene, Sighting } from '../claim.ts'
import { everyOperation, isLaterInTransaction } from './every-operation.ts'

const WRITES = ['insert', 'update', 'delete', 'merge', 'copy']

/**
 * A schema change of a table whose rows this transaction has written, while a deferred constraint still has checks to do on them.
 * SET CONSTRAINTS … IMMEDIATE in between does them.
 */
export const pendingTriggerEvents: Detector = (scene) => {
  const operations = everyOperation(scene)
  const settings = operations.filter(({ operation }) => operation.action === 'set constraints')
  const isChecked = deferredChecks(scene, settings)
  const writes = operations.filter(({ operation }) => WRITES.includes(operation.action) && isChecked(operation))
  return operations.filter(({ operation }) => {
    if (operation.lock !== 'access exclusive' || !/^(alter|drop|truncate)/.test(operation.statement)) return false
    return writes.some((write) => isPending(write, operation, settings))
  })
}

function isPending({ operation: write }: Sighting, change: Operation, settings: readonly Sighting[]): boolean {
  if (write.table?.key !== change.table?.key || !isLaterInTransaction(change, write)) return false
  return !settings.some(
    ({ operation }) => operation.immediate === true && isLaterInTransaction(operation, write) && operation.number < change.number,
  )
}

/** Does a write leave something to be checked at the end of the transaction? */
function deferredChecks({ before }: Scene, settings: readonly Sighting[]): (write: Operation) => boolean {
  const isDeferredByScript = settings.some(({ operation }) => operation.immediate !== true)
  if (!before) return ({ table }) => isDeferredByScript && table !== undefined
  const isDue = ({ definition }: CatalogConstraint) =>
    definition.includes('INITIALLY DEFERRED') || (isDeferredByScript && / DEFERRABLE/.test(definition))
  const due = [...before.relations].flatMap(([key, { constraints }]) =>
    constraints.filter(isDue).map((constraint) => ({ key, constraint })),
  )
  return (write) => due.some(({ key, constraint }) => concerns(write, key, constraint))
}

/** A new row is checked on its own side; a row that goes, where others point at it; a changed one when the constraint's columns are among those set. */
function concerns({ action, table, sets }: Operation, key: string, { type, columns, references }: CatalogConstraint): boolean {
  const isSet = (names: string[]) =>
    action === 'merge' || !Array.isArray(sets) || names.length === 0 || names.some((name) => sets.includes(name))
  const changes = action === 'update' || action === 'merge'
  if (table?.key === key && (type === 'trigger' || action === 'insert' || action === 'copy' || (changes && isSet(columns)))) return true
  return references?.table === table?.key && references !== undefined && (action === 'delete' || (changes && isSet(references.columns)))
}
