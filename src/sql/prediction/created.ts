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
  const { action, table, column, index, type } = operation
  if (CREATIONS.has(action) && table) return [table.key]
  if (action === 'create type' || action === 'create domain') return typeof type === 'string' ? [type] : []
  if (!table) return []
  const beside = (name: string) => `${table.schema}.${name}`
  if ((action === 'define column' || action === 'add column') && column && (column.serial || column.identity))
    return [beside(makeName(table.name, column.name, 'seq'))]
  if (action === 'add constraint') return constraintIndex(operation).map(beside)
  return action === 'create index' && index?.name ? [beside(index.name)] : []
}

/** The name of the index a constraint makes for itself. */
function constraintIndex({ table, column, constraint }: Operation): string[] {
  if (!constraint || constraint.index || !LABELS[constraint.type ?? '']) return []
  if (constraint.name) return [constraint.name]
  if (constraint.type === 'exclusion') return []
  const columns = constraint.columns?.length ? constraint.columns.join('_') : column?.name
  return [makeName(table?.name ?? '', constraint.type === 'primary key' ? undefined : columns, LABELS[constraint.type ?? ''] ?? '')]
}

const LABELS: Record<string, string> = { 'primary key': 'pkey', unique: 'key', exclusion: 'excl' }
