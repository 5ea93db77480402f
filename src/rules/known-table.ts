import type { CatalogIndex, CatalogRelation } from '../sql/catalog.ts'
import type { Operation } from '../sql/operation.ts'
import type { Scene } from './claim.ts'
import { partsOf } from './index-definition.ts'
import { changed } from './table-changes.ts'

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
  /** The same with operator class, collation and direction: `email text_pattern_ops desc`, lower case. */
  keys: string[]
  /** Its WHERE; undefined when every row stands in it. */
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
  for (const operation of operationsOn(scene.statements).get(key) ?? []) {
    if (operation.number >= until) break
    table = changed(table, operation)
  }
  return table
}

const grouped = new WeakMap<Scene['statements'], Map<string, Operation[]>>()

/** The operations of a script by the key of their table, sorted out once: a dump has thousands of statements, and detectors ask for each. */
function operationsOn(statements: Scene['statements']): Map<string, Operation[]> {
  const known = grouped.get(statements)
  if (known) return known
  const groups = Map.groupBy(
    statements.flatMap(({ operations }) => operations).filter(({ table }) => table !== undefined),
    ({ table }) => table?.key ?? '',
  )
  grouped.set(statements, groups)
  return groups
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

function indexFromCatalog({ name, method, unique, primary, valid, columns, predicate, definition }: CatalogIndex): KnownIndex {
  return { name, method, unique, primary, valid, columns, predicate, ...partsOf(definition) }
}
