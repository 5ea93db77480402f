import type { Catalog, CatalogConstraint, CatalogIndex, CatalogRelation, CatalogType } from '../catalog.ts'
import type { Operation } from '../operation.ts'
import type { Statement } from '../statement.ts'

/** What a prediction may rely on besides the statement itself. */
export interface Knowledge {
  /** The catalog as it is before the statement. Without one, what the script did not create counts as existing. */
  catalog?: Catalog
  /** Did this relation or type (`schema.name`) exist before the script began? */
  existed(key: string): boolean
  /** Major version of the server predicted for. */
  postgres: number
  /** Statements of this change that ran before: without a catalog they tell what they made and checked. */
  earlier?: readonly Pick<Statement, 'operations'>[]
  /** TimeZone of the session where it is known to differ from the catalog's. */
  timeZone?: string
}

/** Knowledge while one statement is predicted: with its other operations, and its names looked up. */
export interface Scene {
  known: Knowledge
  operations: Operation[]
  /** Keys of what the statement itself creates: nobody can wait for those. */
  created: ReadonlySet<string>
}

/** A foreign key seen from the table it points at. */
export interface Reference {
  table: CatalogRelation
  constraint: CatalogConstraint
}

export function keyOf(relation: { schema: string; name: string }): string {
  return `${relation.schema}.${relation.name}`
}

/** The relation of a key, along the search path where the script leaves the schema out; undefined without a catalog. */
export function relationOf({ known: { catalog } }: Scene, key: string): CatalogRelation | undefined {
  if (!catalog) return undefined
  const found = catalog.relations.get(key)
  if (found) return found
  const [schema = '', name = ''] = splitKey(key)
  if (schema === 'pg_temp') return [...catalog.relations.values()].find((one) => one.persistence === 'temporary' && one.name === name)
  // An unqualified name was given the first schema of the path, or `public`; Postgres looks through all of them.
  if (schema !== 'public' && !catalog.searchPath.includes(schema)) return undefined
  return catalog.searchPath.map((one) => catalog.relations.get(`${one}.${name}`)).find(Boolean)
}

/** Whether a relation is there to be touched. Without a catalog everything is. */
export function isThere(scene: Scene, key: string): boolean {
  return scene.known.catalog === undefined || relationOf(scene, key) !== undefined
}

export function splitKey(key: string): [schema: string, name: string] {
  const dot = key.indexOf('.')
  return [key.slice(0, dot), key.slice(dot + 1)]
}

/** The relation, then its partitions or inheritance children at every depth. */
export function treeOf(scene: Scene, key: string): string[] {
  const relation = relationOf(scene, key)
  if (!relation) return [key]
  const keys = new Set([keyOf(relation)])
  for (const one of keys) for (const child of relationOf(scene, one)?.children ?? []) keys.add(child)
  return [...keys]
}

/** The tables a partition is part of, the nearest first. */
export function ancestorsOf(scene: Scene, key: string): string[] {
  const relation = relationOf(scene, key)
  return relation?.isPartition ? relation.parents.flatMap((parent) => [parent, ...ancestorsOf(scene, parent)]) : []
}

export function isPartitioned(scene: Scene, key: string): boolean {
  return relationOf(scene, key)?.kind === 'partitioned table'
}

/** The tree of a partitioned table; any other relation alone, its inheritance children left out. */
export function partitionsOf(scene: Scene, key: string): string[] {
  return isPartitioned(scene, key) ? treeOf(scene, key) : [nameOf(scene, key)]
}

/** Those of the keys that have a file of their own. */
export function stored(scene: Scene, keys: string[]): string[] {
  return keys.filter((key) => ['table', 'materialized view'].includes(relationOf(scene, key)?.kind ?? 'table'))
}

export function nameOf(scene: Scene, key: string): string {
  const relation = relationOf(scene, key)
  return relation ? keyOf(relation) : key
}

export function indexesOf(scene: Scene, key: string): CatalogIndex[] {
  return relationOf(scene, key)?.indexes ?? []
}

export function constraintsOf(scene: Scene, key: string): CatalogConstraint[] {
  return relationOf(scene, key)?.constraints ?? []
}

export function constraintNamed(scene: Scene, key: string, name: string | undefined): CatalogConstraint | undefined {
  return constraintsOf(scene, key).find((one) => one.name === name)
}

/** The partition with no bounds of its own, of a partitioned table. */
export function defaultPartitionOf(scene: Scene, key: string): CatalogRelation | undefined {
  return relationOf(scene, key)
    ?.children.map((child) => relationOf(scene, child))
    .find((child) => child?.isDefaultPartition)
}

export function typeOf(scene: Scene, name: string): CatalogType | undefined {
  return scene.known.catalog?.types.get(typeKeyOf(scene, name))
}

/** `schema.name` of a type as a statement or `format_type` writes it. */
export function typeKeyOf({ known: { catalog } }: Scene, name: string): string {
  const bare = name.replace(/\(.*\)/, '').replaceAll('"', '')
  if (catalog?.types.has(bare)) return bare
  const local = bare.startsWith('public.') ? bare.slice('public.'.length) : bare
  return catalog?.searchPath.map((schema) => `${schema}.${local}`).find((key) => catalog.types.has(key)) ?? bare
}

/** Foreign keys that point at the table. */
export function referencesTo({ known: { catalog } }: Scene, key: string): Reference[] {
  return catalog ? (indexed(catalog).references.get(key) ?? []) : []
}

/** The first minor of each major that locks what a new object depends on, so that it cannot vanish meanwhile. Later majors all do. */
const LOCKS_DEPENDENCIES: Record<number, number> = { 14: 25, 15: 20, 16: 16, 17: 12, 18: 6 }

/** Without a catalog the newest minor is assumed. */
export function locksDependencies({ known: { postgres, catalog } }: Scene): boolean {
  const minor = catalog?.version === undefined ? undefined : Number(/^\d+\.(\d+)/.exec(catalog.version)?.[1] ?? 0)
  return postgres > 18 || (postgres >= 14 && (minor ?? Infinity) >= (LOCKS_DEPENDENCIES[postgres] ?? 0))
}

/** The indexes foreign keys to these columns rest on, in the table and its partitions; no columns stand for the primary key. */
export function referencedIndexes(scene: Scene, table: string, columns: string[]): CatalogIndex[] {
  const fits = (index: CatalogIndex): boolean =>
    columns.length === 0 ? index.primary : index.unique && [...index.columns].sort().join() === [...columns].sort().join()
  return partitionsOf(scene, table).flatMap((key) => indexesOf(scene, key).find(fits) ?? [])
}

/** Keys of the relations a view or materialized view reads directly. */
export function readsOf({ known: { catalog } }: Scene, key: string): string[] {
  return catalog ? (indexed(catalog).reads.get(key) ?? []) : []
}

/** Views and materialized views over the relation, at every depth. */
export function readersOf(scene: Scene, key: string): string[] {
  const keys = new Set(relationOf(scene, key)?.readBy ?? [])
  for (const one of keys) for (const reader of relationOf(scene, one)?.readBy ?? []) keys.add(reader)
  return [...keys]
}

interface Inversions {
  references: Map<string, Reference[]>
  reads: Map<string, string[]>
}
const inversions = new WeakMap<Catalog, Inversions>()

/** The catalog read from the other end, made once a catalog. */
function indexed(catalog: Catalog): Inversions {
  const known = inversions.get(catalog)
  if (known) return known
  const made: Inversions = { references: new Map(), reads: new Map() }
  for (const [key, table] of catalog.relations) {
    for (const constraint of table.constraints)
      if (constraint.references) append(made.references, constraint.references.table, { table, constraint })
    for (const reader of table.readBy) append(made.reads, reader, key)
  }
  inversions.set(catalog, made)
  return made
}

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}
