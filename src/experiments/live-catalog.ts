import type { Catalog, CatalogRelation, CatalogType, Volatility } from '../sql/catalog.ts'
import { number, type RawRelation, type Row, relationOf, type Surrounding } from './catalog-rows.ts'

/**
 * A catalog that knows the numbers behind its names, so that it can be brought up to date. It is never changed: bringing it up to date
 * makes a new one, which shares what stayed the same.
 */
export interface LiveCatalog extends Catalog {
  /** What was last found of Postgres itself, see tampering.ts; as long as nothing else ran it need not be asked again. */
  system?: string
  raw: ReadonlyMap<number, RawRelation>
  /** Names and rows of the types somebody made, by oid. */
  rawTypes: ReadonlyMap<number, Row>
}

/** The relations this one hangs on. */
export function linksOf(raw: RawRelation | undefined): number[] {
  if (!raw) return []
  const draws = raw.draws.size > 0 ? [...raw.draws.values()] : []
  return [...raw.parents, ...raw.reads, ...draws, ...[raw.owner, raw.table].filter((oid) => oid !== undefined)]
}

/** Relations by key: those of `affected` made anew, the others as they were. */
export function relationsOf(
  raw: ReadonlyMap<number, RawRelation>,
  affected: ReadonlySet<number>,
  before: ReadonlyMap<string, CatalogRelation>,
  rawBefore: ReadonlyMap<number, RawRelation> = new Map(),
): Map<string, CatalogRelation> {
  const around = surroundings(raw, affected)
  const relations = new Map(before)
  for (const oid of affected) relations.delete(rawBefore.get(oid)?.key ?? '')
  for (const oid of affected) {
    const one = raw.get(oid)
    if (one)
      relations.set(
        one.key,
        relationOf(one, raw, { children: [], readBy: [], ownedSequences: [], columnsReadBy: new Map(), ...around.get(oid) }),
      )
  }
  return relations
}

function surroundings(raw: ReadonlyMap<number, RawRelation>, affected: ReadonlySet<number>): Map<number, Surrounding> {
  const around = new Map<number, Surrounding>(
    [...affected].map((oid) => [oid, { children: [], readBy: [], ownedSequences: [], columnsReadBy: new Map() }]),
  )
  for (const one of raw.values()) {
    for (const parent of one.parents) around.get(parent)?.children.push(one.key)
    for (const read of one.reads) around.get(read)?.readBy.push(one.key)
    for (const link of one.links) {
      const columns = link.link === 'reads' ? around.get(number(link, 'other'))?.columnsReadBy : undefined
      columns?.set(number(link, 'number'), [...(columns.get(number(link, 'number')) ?? []), one.key])
    }
    if (one.owner !== undefined) around.get(one.owner)?.ownedSequences.push(one.key)
  }
  return around
}

export function usesType(column: Row): boolean {
  return column.usesType !== null
}

export function typesOf(rawTypes: ReadonlyMap<number, Row>, raw: ReadonlyMap<number, RawRelation>): Map<string, CatalogType> {
  const users = new Map<number, Set<string>>()
  const use = (type: number, key: string): void => {
    users.set(type, (users.get(type) ?? new Set()).add(key))
    // A domain over a domain: a table that uses the one is affected by the other.
    const base = number(rawTypes.get(type) ?? {}, 'baseOid')
    if (base > 0) use(base, key)
  }
  for (const one of raw.values()) for (const column of one.columns) if (usesType(column)) use(number(column, 'usesType'), one.key)
  return new Map(
    [...rawTypes].map(([oid, row]) => {
      const usedBy = [...(users.get(oid) ?? [])].sort()
      return [`${row.schema}.${row.name}`, typeOf(row, usedBy)]
    }),
  )
}

function typeOf(row: Row, usedBy: string[]): CatalogType {
  if (row.kind === 'd') {
    const checks = row.checks ? { checks: JSON.parse(row.checks) as Array<{ name: string; definition: string }> } : {}
    return { kind: 'domain', base: row.base ?? '', constrained: row.constrained === 't', notNull: row.notNull === 't', usedBy, ...checks }
  }
  return { kind: row.kind === 'e' ? 'enum' : row.kind === 'r' ? 'range' : 'composite', usedBy }
}

export function volatilityOf(builtIns: readonly Row[], functions: readonly Row[], searchPath: readonly string[]): Map<string, Volatility> {
  const all = new Map<string, Volatility>()
  const weakest: Volatility[] = ['immutable', 'stable', 'volatile']
  const add = (name: string, volatility: Volatility): void => {
    const lower = name.toLowerCase()
    if (weakest.indexOf(volatility) >= weakest.indexOf(all.get(lower) ?? 'immutable')) all.set(lower, volatility)
  }
  for (const row of builtIns) add(row.name ?? '', row.volatility as Volatility)
  for (const row of functions) {
    add(`${row.schema}.${row.name}`, row.volatility as Volatility)
    if (searchPath.includes(row.schema ?? '')) add(row.name ?? '', row.volatility as Volatility)
  }
  return all
}

export function publicationsOf(rows: readonly Row[]): Map<string, string[]> {
  const publications = new Map<string, string[]>()
  for (const { name, table } of rows) publications.set(name ?? '', [...(publications.get(name ?? '') ?? []), ...(table ? [table] : [])])
  return publications
}

export function settingsOf(rows: readonly Row[]): Pick<Catalog, 'timeZone' | 'searchPath'> {
  return { timeZone: rows[0]?.timeZone ?? 'UTC', searchPath: JSON.parse(rows[0]?.searchPath ?? '[]') as string[] }
}
