import type { CatalogColumn, CatalogType } from '../../sql/catalog.ts'
import type { Operation } from '../../sql/operation.ts'
import type { Scene } from '../claim.ts'

/** The operation's column as the database held it before the script; undefined without a clone, or when the script made it. */
export function columnBefore({ before }: Scene, { table, column }: Operation): CatalogColumn | undefined {
  return before?.relations.get(table?.key ?? '')?.columns.find(({ name }) => name === column?.name)
}

export interface NamedType {
  /** `schema.name`. */
  key: string
  type: CatalogType
}

/** The domain, enum or other type of the user's own that a name in the script means; undefined for built-in types. */
export function ownType({ before, after }: Scene, name: string | undefined): NamedType | undefined {
  const catalog = after ?? before
  if (!catalog || !name) return undefined
  const keys = name.includes('.') ? [name] : [...catalog.searchPath, 'public'].map((schema) => `${schema}.${name}`)
  for (const key of keys) {
    const type = catalog.types.get(key) ?? before?.types.get(key)
    if (type) return { key, type }
  }
  return undefined
}

/** `numeric(10,2)` as its name and numbers; `timestamp(3) with time zone` as `timestamp with time zone` and `[3]`. */
export function typeParts(type: string): { name: string; modifiers: number[] } {
  const [, numbers] = /\(([\d,\s-]+)\)/.exec(type) ?? []
  return { name: type.replace(/\([\d,\s-]+\)/, '').trim(), modifiers: numbers ? numbers.split(',').map(Number) : [] }
}
