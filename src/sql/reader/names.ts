/** Turns the names of a statement into schema-qualified ones, as far as the script itself tells. */
import type { TableWords } from '../operation.ts'
import type { Node } from './parser.ts'

export interface Names {
  /** The schemas of `set search_path`, without those every session has. */
  searchPath: string[]
  /** Keys of relations the script has created so far. */
  created: ReadonlySet<string>
}

const TEMPORARY = 'pg_temp'

/** The words of a relation from its RangeVar. */
export function tableOf(range: Node, names: Names): TableWords {
  return named(range.schemaname, range.relname ?? '', names)
}

/** The words of a relation a statement creates. */
export function createdTableOf(range: Node, names: Names): TableWords {
  if (range.relpersistence === 't') return words(TEMPORARY, range.relname ?? '')
  return words(range.schemaname ?? names.searchPath[0] ?? 'public', range.relname ?? '')
}

/** The words of a relation from a list of names: `[name]`, `[schema, name]` or `[database, schema, name]`. */
export function tableOfPath(path: string[], names: Names): TableWords {
  return named(path.at(-2), path.at(-1) ?? '', names)
}

/** `schema.name` of a type or another object that is no relation. */
export function keyOfPath(path: string[], names: Names): string {
  return `${path.at(-2) ?? names.searchPath[0] ?? 'public'}.${path.at(-1) ?? ''}`
}

/** The strings of a list of String nodes. */
export function strings(list: Node[] | undefined): string[] {
  return (list ?? []).map((item) => item.String?.sval ?? '')
}

/** A key taken apart again. */
export function tableOfKey(key: string): TableWords {
  const dot = key.indexOf('.')
  return words(key.slice(0, dot), key.slice(dot + 1))
}

export function isTemporary(table: { schema: string }): boolean {
  return table.schema.startsWith(TEMPORARY)
}

/** An unqualified name is looked up as Postgres does: temporary relations, catalogs, then the path. */
function named(schema: string | undefined, name: string, names: Names): TableWords {
  if (schema !== undefined) return words(schema, name)
  if (names.created.has(`${TEMPORARY}.${name}`)) return words(TEMPORARY, name)
  if (name.startsWith('pg_') && !names.created.has(`public.${name}`)) return words('pg_catalog', name)
  const known = names.searchPath.find((one) => names.created.has(`${one}.${name}`))
  return words(known ?? names.searchPath[0] ?? 'public', name)
}

function words(schema: string, name: string): TableWords {
  return { schema, name, key: `${schema}.${name}`, new: schema.startsWith(TEMPORARY) }
}
