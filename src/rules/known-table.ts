import type { CatalogIndex, CatalogRelation } from '../sql/catalog.ts'
import type { IndexWords, Operation } from '../sql/operation.ts'
import type { Scene } from './claim.ts'

/** What is known of a table: from the catalog before the script, from the script itself, or from both. */
export interface KnownTable {
  key: string
  columns: Map<string, KnownColumn>
  indexes: KnownIndex[]
  partitioned: boolean
  /** Nothing is missing: its catalog entry was read, or the script spells the whole table out. */
  whole: boolean
}

export interface KnownColumn {
  /** Without modifiers: `character varying`. Unset when the script does not say. */
  type: string | undefined
  notNull: boolean
}

export interface KnownIndex {
  name: string
  method: string
  unique: boolean
  primary: boolean
  valid: boolean
  /** Key columns in order, null for an expression. */
  columns: Array<string | null>
  /** The same with operator class, collation and direction: `email text_pattern_ops DESC`, lower case. */
  keys: string[]
  /** Does every row stand in it: no WHERE? */
  predicate: string | undefined
  include: string[]
}

/** The table after the script: as the catalog shows it, or, without a clone, as the script's statements add up. */
export function tableAfter(scene: Scene, key: string): KnownTable | undefined {
  if (!scene.after) return tableAt(scene, key)
  const relation = scene.after.relations.get(key)
  return relation && fromCatalog(key, relation)
}

/** The table as it stood before the script and as the script's first `until` statements changed it, whether or not they ran. */
export function tableAt(scene: Scene, key: string, until = Number.POSITIVE_INFINITY): KnownTable | undefined {
  const relation = scene.before?.relations.get(key)
  let table = relation && fromCatalog(key, relation)
  for (const statement of scene.statements) {
    if (statement.index >= until) break
    for (const operation of statement.operations) if (operation.table?.key === key) table = changed(table, operation)
  }
  return table
}

export function isPartitioned(scene: Scene, key: string | undefined): boolean {
  return key !== undefined && tableAt(scene, key)?.partitioned === true
}

function fromCatalog(key: string, relation: CatalogRelation): KnownTable {
  return {
    key,
    columns: new Map(relation.columns.map(({ name, type, notNull }) => [name, { type: withoutModifiers(type), notNull }])),
    indexes: relation.indexes.map(indexFromCatalog),
    partitioned: relation.kind === 'partitioned table',
    whole: true,
  }
}

/** `timestamp(3) with time zone` and `numeric(10,2)` without their numbers. */
function withoutModifiers(type: string): string {
  return type.replace(/\([^)]*\)/, '')
}

export function indexFromCatalog({ name, method, unique, primary, valid, columns, predicate, definition }: CatalogIndex): KnownIndex {
  const { keys, include } = partsOf(definition)
  return { name, method, unique, primary, valid, columns, keys, predicate, include }
}

/** The lists in the parentheses of `pg_get_indexdef`: its keys, and those of INCLUDE. */
function partsOf(definition: string): { keys: string[]; include: string[] } {
  const start = definition.indexOf('(', definition.indexOf(' USING '))
  const keys = listAt(definition, start)
  const including = definition.indexOf(' INCLUDE (', keys.end)
  return { keys: keys.items.map((one) => one.toLowerCase()), include: including < 0 ? [] : listAt(definition, including + ' INCLUDE '.length).items }
}

/** The items of a parenthesised list, split at its own commas only. */
function listAt(text: string, start: number): { items: string[]; end: number } {
  const items = ['']
  let depth = 0
  let quote = ''
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at] ?? ''
    if (quote) quote = letter === quote ? '' : quote
    else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '(') depth += 1
    else if (letter === ')') depth -= 1
    if (depth === 0) return { items: items.map((one) => one.trim()), end: at }
    if (letter === ',' && depth === 1 && !quote) items.push('')
    else if (at > start) items.push(`${items.pop() ?? ''}${letter}`)
  }
  return { items: [], end: text.length }
}

/** The table after one more operation on it. What cannot be followed (renames, LIKE, parents) makes it no longer whole. */
function changed(table: KnownTable | undefined, operation: Operation): KnownTable | undefined {
  const { action, column, constraint } = operation
  if (action === 'create table') return table ?? created(operation)
  if (action === 'drop table') return undefined
  const known = table ?? { key: operation.table?.key ?? '', columns: new Map(), indexes: [], partitioned: false, whole: false }
  const columns = new Map(known.columns)
  const indexes = [...known.indexes]
  const previous = column && columns.get(column.name)
  if (column && (action === 'define column' || action === 'add column')) {
    columns.set(column.name, { type: `${column.type}${column.array ? '[]' : ''}`, notNull: column.nullable === false })
  }
  if (column && action === 'alter column type') columns.set(column.name, { type: column.type, notNull: previous?.notNull ?? false })
  if (column && action === 'set not null') columns.set(column.name, { type: previous?.type, notNull: true })
  if (column && action === 'drop not null') columns.set(column.name, { type: previous?.type, notNull: false })
  if (column && action === 'drop column') columns.delete(column.name)
  if (action === 'create index' && operation.index) indexes.push(indexFromWords({ ...operation.index, name: indexName(operation) }, operation.unique === true))
  if (action === 'add constraint' && (constraint?.type === 'unique' || constraint?.type === 'primary key')) {
    const primary = constraint.type === 'primary key'
    const used = indexes.findIndex(({ name }) => name === constraint.index)
    const found = indexes[used]
    // An index that a constraint takes over takes its name too.
    const own = found ? { ...found, name: constraint.name ?? found.name } : indexFromWords({ name: indexName(operation), columns: constraint.columns ?? [] }, true)
    indexes.splice(found ? used : indexes.length, 1, { ...own, primary })
    if (primary) for (const name of own.columns) if (name !== null) columns.set(name, { type: columns.get(name)?.type, notNull: true })
  }
  const whole = known.whole && !action.startsWith('rename') && action !== 'drop constraint' && action !== 'inherit' && action !== 'attach partition'
  return { ...known, columns, indexes, whole }
}

function created(operation: Operation): KnownTable {
  const { guarded, like, inherits, partitionOf, ofType } = operation
  return {
    key: operation.table?.key ?? '',
    columns: new Map(),
    indexes: [],
    partitioned: operation.partitioned === true,
    whole: !guarded && [like, inherits, partitionOf, ofType].every((one) => one === undefined),
  }
}

/** Does the operation make an index of its own? */
export function makesIndex({ action, constraint }: Operation): boolean {
  return action === 'create index' ||
    (action === 'add constraint' && constraint?.index === undefined && (constraint?.type === 'unique' || constraint?.type === 'primary key'))
}

/** The name of the index an operation makes: the one written, or as ChooseIndexName puts it together. */
export function indexName({ table, index, constraint }: Operation): string {
  if (constraint?.type === 'primary key') return constraint.name ?? `${table?.name}_pkey`
  const columns = (index?.columns ?? constraint?.columns ?? []).map((one) => (one.startsWith('(') ? 'expr' : one))
  return index?.name ?? constraint?.name ?? [table?.name, ...columns, constraint ? 'key' : 'idx'].join('_').slice(0, 63)
}

function indexFromWords(index: IndexWords & { name: string }, unique: boolean): KnownIndex {
  const written = index.columns ?? []
  const columns = written.map((one) => (one.startsWith('(') ? null : one))
  const keys = written.map((one, at) =>
    [one, index.collations?.[at], index.operatorClasses?.[at], index.orders?.[at]].filter(Boolean).join(' ').toLowerCase())
  return {
    name: index.name, method: index.method ?? 'btree', unique, primary: false, valid: true, columns, keys,
    predicate: index.predicate, include: index.include ?? [],
  }
}
