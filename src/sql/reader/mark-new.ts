/** Which relations a change itself creates, so that nobody uses them yet. */
import type { Operation, TableWords } from '../operation.ts'
import type { Statement } from '../statement.ts'
import { isTemporary } from './names.ts'

/**
 * The statements with `table.new` and `constraint.references.table.new` worked out again, for a change that also creates
 * `createdKeys` (`schema.name`) elsewhere, before this script.
 */
export function markNew(statements: Statement[], createdKeys: ReadonlySet<string>): Statement[] {
  const created = new Set(createdKeys)
  return statements.map((statement) => ({
    ...statement,
    operations: statement.operations.map((operation) =>
      operation.inside === 'function' ? mark(operation, created) : note(operation, created),
    ),
  }))
}

/** Keys of the relations that are new after the statements ran, those of `createdKeys` still there included. */
export function createdKeysAfter(statements: Statement[], createdKeys: ReadonlySet<string> = new Set()): Set<string> {
  const created = new Set(createdKeys)
  for (const { operations } of statements) {
    for (const operation of operations) if (operation.inside !== 'function') note(operation, created)
  }
  return created
}

const CREATES = new Set([
  'create table',
  'create table as',
  'create foreign table',
  'create view',
  'create materialized view',
  'create sequence',
])
const DROPS = new Set(['drop table', 'drop foreign table', 'drop view', 'drop materialized view', 'drop sequence', 'drop index'])
const RENAMES = new Set(['rename table', 'rename index'])

/** Marks the operation, and remembers what it creates, drops or renames. */
export function note(operation: Operation, created: Set<string>): Operation {
  const { action, table } = operation
  if (table && CREATES.has(action) && operation.replace !== true) created.add(table.key)
  const marked = mark(operation, created)
  if (!table) return marked
  if (DROPS.has(action)) created.delete(table.key)
  if (RENAMES.has(action)) move(created, table.key, `${table.schema}.${operation.to}`)
  if (action === 'set schema') move(created, table.key, `${operation.to}.${table.name}`)
  if (marked.table?.new) for (const key of dependents(operation, table)) created.add(key)
  return marked
}

export function mark(operation: Operation, created: ReadonlySet<string>): Operation {
  const { table, constraint } = operation
  const references = constraint?.references
  return {
    ...operation,
    ...(table && { table: marked(table, created) }),
    ...(constraint &&
      references && { constraint: { ...constraint, references: { ...references, table: marked(references.table, created) } } }),
  }
}

function marked(table: TableWords, created: ReadonlySet<string>): TableWords {
  return { ...table, new: isTemporary(table) || created.has(table.key) }
}

/** The name is taken over: an existing relation renamed to one the script created and dropped is not new. */
function move(created: Set<string>, from: string, to: string): void {
  if (created.delete(from)) created.add(to)
  else created.delete(to)
}

/** Indexes and sequences that come with a new table: named, or as Postgres names them. */
function dependents({ action, column, constraint, index }: Operation, table: TableWords): string[] {
  const key = (name: string) => `${table.schema}.${name}`
  if (action === 'create index') return index?.name ? [key(index.name)] : []
  if (action === 'define column' || action === 'add column')
    return column?.serial || column?.identity ? [key(`${table.name}_${column.name}_seq`)] : []
  if (action !== 'add constraint' || !constraint) return []
  if (constraint.type === 'primary key') return [key(constraint.name ?? `${table.name}_pkey`)]
  return constraint.type === 'unique' ? [key(constraint.name ?? `${table.name}_${(constraint.columns ?? []).join('_')}_key`)] : []
}
