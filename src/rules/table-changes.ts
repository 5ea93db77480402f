/** What a statement makes of a table that is known, or that it makes known. */
import type { ColumnWords, IndexWords, Operation } from '../sql/operation.ts'
import type { KnownColumn, KnownIndex, KnownTable } from './known-table.ts'

/** After these the script alone no longer says how the table looks. */
const BLURS = new Set(['rename column', 'rename constraint', 'rename table', 'drop constraint', 'inherit', 'attach partition'])

/** The table after one more operation on it; undefined when it is gone. */
export function changed(table: KnownTable | undefined, operation: Operation): KnownTable | undefined {
  if (operation.action === 'create table') return table ?? created(operation)
  if (operation.action === 'drop table') return undefined
  const known = table ?? unknownTable(operation)
  const indexed = withIndex({ ...known, columns: withColumn(known.columns, operation) }, operation)
  return { ...indexed, whole: known.whole && !BLURS.has(operation.action) }
}

function unknownTable({ table }: Operation): KnownTable {
  return { key: table?.key ?? '', columns: new Map(), indexes: [], partitioned: false, whole: false }
}

function created(operation: Operation): KnownTable {
  const { guarded, like, inherits, partitionOf, ofType, partitioned } = operation
  const whole = !guarded && [like, inherits, partitionOf, ofType].every((one) => one === undefined)
  return { ...unknownTable(operation), partitioned: partitioned === true, whole }
}

type Column = (words: ColumnWords, previous: KnownColumn | undefined) => KnownColumn

const COLUMNS: Record<string, Column> = {
  'define column': asWritten,
  'add column': asWritten,
  'alter column type': ({ type }, previous) => ({ type, notNull: previous?.notNull ?? false }),
  'set not null': (_, previous) => ({ type: previous?.type, notNull: true }),
  'drop not null': (_, previous) => ({ type: previous?.type, notNull: false }),
}

function asWritten({ type, array, nullable }: ColumnWords): KnownColumn {
  return { type: `${type}${array ? '[]' : ''}`, notNull: nullable === false }
}

function withColumn(columns: KnownTable['columns'], { action, column }: Operation): KnownTable['columns'] {
  const after = new Map(columns)
  const change = COLUMNS[action]
  if (column && change) after.set(column.name, change(column, columns.get(column.name)))
  if (column && action === 'drop column') after.delete(column.name)
  return after
}

function withIndex(table: KnownTable, operation: Operation): KnownTable {
  const { action, index, unique, constraint } = operation
  if (action === 'create index' && index) {
    return { ...table, indexes: [...table.indexes, indexFromWords({ ...index, name: indexName(operation) }, unique === true)] }
  }
  if (action !== 'add constraint' || (constraint?.type !== 'unique' && constraint?.type !== 'primary key')) return table
  const found = table.indexes.find(({ name }) => name === constraint.index)
  const own = found ?? indexFromWords({ name: indexName(operation), columns: constraint.columns ?? [] }, true)
  const primary = constraint.type === 'primary key'
  // An index that a constraint takes over takes its name too.
  const indexes = [...table.indexes.filter((one) => one !== found), { ...own, name: constraint.name ?? own.name, primary }]
  return { ...table, indexes, columns: primary ? withoutNulls(table.columns, own) : table.columns }
}

function withoutNulls(columns: KnownTable['columns'], index: KnownIndex): KnownTable['columns'] {
  return new Map([...columns].map(([name, column]) => [name, index.columns.includes(name) ? { ...column, notNull: true } : column]))
}

/** Does the operation make an index of its own? */
export function makesIndex({ action, constraint }: Operation): boolean {
  if (action === 'create index') return true
  return (
    action === 'add constraint' && constraint?.index === undefined && (constraint?.type === 'unique' || constraint?.type === 'primary key')
  )
}

/** The name of the index an operation makes: the one written, or as ChooseIndexName puts it together. */
export function indexName({ table, index, constraint }: Operation): string {
  if (constraint?.type === 'primary key') return constraint.name ?? `${table?.name}_pkey`
  const columns = (index?.columns ?? constraint?.columns ?? []).map((one) => (one.startsWith('(') ? 'expr' : one))
  return index?.name ?? constraint?.name ?? [table?.name, ...columns, constraint ? 'key' : 'idx'].join('_').slice(0, 63)
}

function indexFromWords(index: IndexWords & { name: string }, unique: boolean): KnownIndex {
  const written = index.columns ?? []
  const keys = written.map((one, at) =>
    [one, index.collations?.[at], index.operatorClasses?.[at], index.orders?.[at]].filter(Boolean).join(' ').toLowerCase(),
  )
  return {
    name: index.name,
    method: index.method ?? 'btree',
    unique,
    primary: false,
    valid: true,
    columns: written.map((one) => (one.startsWith('(') ? null : one)),
    keys,
    predicate: index.predicate,
    include: index.include ?? [],
  }
}
