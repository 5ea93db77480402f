import type { Operation } from '../../sql/operation.ts'
import type { Detector } from '../claim.ts'
import { everyOperation, isLaterInTransaction } from './every-operation.ts'

const NAMING = ['create table', 'create table as', 'create view', 'create materialized view']

/** A table or view that answers to another name afterwards, unless the script then gives the old name to something else, or this one takes over a freed name. */
export const renamedTable: Detector = (scene) => {
  const operations = everyOperation(scene)
  return operations.flatMap(({ statement, operation }) => {
    const names = namesOf(operation)
    const isNothing = scene.before && operation.table && !scene.before.relations.has(operation.table.key)
    if (!names || isNothing) return []
    const isTaken = operations.some(({ operation: later }) => later.number > operation.number && givesName(later, names.old))
    const isSwappedIn = operations.some(
      ({ operation: earlier }) => isLaterInTransaction(operation, earlier) && namesOf(earlier)?.old === names.new,
    )
    return isTaken || isSwappedIn ? [] : [{ statement, operation, values: names }]
  })
}

function namesOf({ action, table, to, object, name }: Operation): { what: string; old: string; new: string } | undefined {
  if (action === 'rename schema') return { what: 'schema', old: String(name), new: String(to) }
  if (!table || table.new || !['table', 'view', 'materialized view', 'foreign table'].includes(String(object))) return undefined
  if (action === 'rename table') return { what: String(object), old: table.key, new: `${table.schema}.${to}` }
  return action === 'set schema' ? { what: String(object), old: table.key, new: `${to}.${table.name}` } : undefined
}

function givesName({ action, table, to }: Operation, name: string): boolean {
  if (NAMING.includes(action)) return table?.key === name
  if (action === 'rename table') return `${table?.schema}.${to}` === name
  return action === 'set schema' && `${to}.${table?.name}` === name
}
