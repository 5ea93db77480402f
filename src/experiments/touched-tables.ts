import type { Clone } from '../clones/clone.ts'
import type { CatalogRelation } from '../sql/catalog.ts'
import { LOCK_MODES, type LockMode } from '../sql/effects.ts'
import { predict } from '../sql/prediction/predict.ts'
import type { Statement } from '../sql/statement.ts'
import { readCatalog } from './read-catalog.ts'

export interface TouchedTable {
  relation: CatalogRelation
  /** `schema.name`, unquoted. */
  key: string
  /** As SQL: `public."Order"`. */
  name: string
  /** The strongest that any statement is predicted to take. */
  mode: LockMode
}

/** Tables that are there and that a script locks or changes, those with the strongest locks first. */
export async function touchedTables(clone: Clone, statements: readonly Statement[]): Promise<TouchedTable[]> {
  const catalog = await readCatalog(clone)
  const strongest = new Map<string, LockMode>()
  const earlier: Statement[] = []
  for (const statement of statements) {
    const existed = (key: string): boolean => catalog.relations.has(key) || catalog.types.has(key)
    const { effects } = predict(statement, { catalog, existed, postgres: clone.postgres, earlier })
    earlier.push(statement)
    for (const { relation, kind, mode } of effects.locks) {
      if (kind !== 'table' || !catalog.relations.has(relation)) continue
      const known = strongest.get(relation)
      if (known === undefined || rank(mode) > rank(known)) strongest.set(relation, mode)
    }
  }
  return [...strongest]
    .flatMap(([key, mode]) => {
      const relation = catalog.relations.get(key)
      return relation ? [{ relation, key, name: `${quoted(relation.schema)}.${quoted(relation.name)}`, mode }] : []
    })
    .sort((a, b) => rank(b.mode) - rank(a.mode))
}

/** Other tables of the clone that can be read. */
export async function otherTables(clone: Clone, touched: readonly TouchedTable[]): Promise<string[]> {
  const { relations } = await readCatalog(clone)
  const taken = new Set(touched.map(({ key }) => key))
  return [...relations]
    .filter(([key, { kind }]) => kind === 'table' && !taken.has(key))
    .map(([, { schema, name }]) => `${quoted(schema)}.${quoted(name)}`)
}

function rank(mode: LockMode): number {
  return LOCK_MODES.indexOf(mode)
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
