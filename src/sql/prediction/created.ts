import type { Operation } from '../operation.ts'
import type { Statement } from '../statement.ts'
import { makeName } from './names.ts'

const CREATIONS = new Set([
  'create table',
  'create foreign table',
  'create table as',
  'create view',
  'create materialized view',
  'create sequence',
])

/**
 * Keys (`schema.name`) of the relations and types a statement creates: tables, their sequences and the indexes of their constraints, indexes,
 * views, types. With it callers can follow what is new in a script or a change without a catalog.
 */
export function createdBy(statement: Pick<Statement, 'operations'>): string[] {
  return [...new Set(statement.operations.filter((one) => one.inside !== 'function').flatMap(createdIn))]
}

function createdIn(operation: Operation): string[] {
  const { action, table, column, constraint, index, type } = operation
  if (CREATIONS.has(action) && table) return [table.key]
  if (action === 'create type' || action === 'create domain') return typeof type === 'string' ? [type] : []
  if (!table) return []
  const beside = (name: string) => `${table.schema}.${name}`
  if ((action === 'define column' || action === 'add column') && column && (column.serial || column.identity))
    return [beside(makeName(table.name, column.name, 'seq'))]
  if (action === 'add constraint' && constraint && !constraint.index) {
    const columns = constraint.columns?.length ? constraint.columns.join('_') : column?.name
    if (constraint.type === 'primary key') return [beside(constraint.name ?? makeName(table.name, undefined, 'pkey'))]
    if (constraint.type === 'unique') return [beside(constraint.name ?? makeName(table.name, columns, 'key'))]
    if (constraint.type === 'exclusion' && constraint.name) return [beside(constraint.name)]
  }
  return action === 'create index' && index?.name ? [beside(index.name)] : []
}
