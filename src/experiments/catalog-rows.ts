import type { CatalogColumn, CatalogConstraint, CatalogIndex, CatalogRelation } from '../sql/catalog.ts'

/** Rows of the catalog queries, and one relation made of them. Links to other relations are still numbers here. */
export type Row = Record<string, string | null>
export interface RelationRows {
  classes: Row[]
  columns: Row[]
  constraints: Row[]
  indexes: Row[]
  /** Links of the kinds in `asked`; those of other kinds are as they were. */
  links: Row[]
  asked: ReadonlySet<string>
}

export interface RawRelation {
  oid: number
  key: string
  kind: CatalogRelation['kind']
  /** `pg_class.relfilenode`: another number means another file. */
  file: number
  row: Row
  columns: Row[]
  /** Column names by `attnum`. */
  names: ReadonlyMap<number, string>
  constraints: Row[]
  indexes: Row[]
  links: Row[]
  parents: number[]
  reads: number[]
  /** Of an index: its table. */
  table: number | undefined
  /** Of a sequence: the table whose column owns it. */
  owner: number | undefined
  /** Sequences columns draw from, by `attnum`. */
  draws: ReadonlyMap<number, number>
  triggers: string[]
  policies: string[]
  statistics: string[]
}

const KINDS: Record<string, CatalogRelation['kind']> = {
  r: 'table',
  p: 'partitioned table',
  i: 'index',
  I: 'partitioned index',
  v: 'view',
  m: 'materialized view',
  S: 'sequence',
  f: 'foreign table',
  c: 'composite type',
}
const CONSTRAINTS: Record<string, CatalogConstraint['type']> = {
  f: 'foreign key',
  c: 'check',
  u: 'unique',
  p: 'primary key',
  x: 'exclusion',
  n: 'not null',
  t: 'trigger',
}
const ACTIONS: Record<string, string> = { a: 'no action', r: 'restrict', c: 'cascade', n: 'set null', d: 'set default' }

/** One raw relation for each class row; `before` says what was not asked. */
export function rawRelations(rows: RelationRows, before?: ReadonlyMap<number, RawRelation>): RawRelation[] {
  const columns = byOid(rows.columns)
  const constraints = byOid(rows.constraints)
  const indexes = byOid(rows.indexes)
  const links = byOid(rows.links)
  return rows.classes.map((row) => {
    const oid = number(row, 'oid')
    const mine = links.get(oid) ?? []
    const old = before?.get(oid)
    const linked = (link: string): Row[] => (rows.asked.has(link) ? mine : (old?.links ?? [])).filter((one) => one.link === link)
    const others = (link: string): number[] => linked(link).map((one) => number(one, 'other'))
    const itsColumns = columns.get(oid) ?? []
    const kept = (old?.links ?? []).filter((one) => !rows.asked.has(one.link ?? ''))
    return {
      oid,
      key: `${row.schema}.${row.name}`,
      kind: KINDS[row.kind ?? ''] ?? 'table',
      file: number(row, 'file'),
      row,
      columns: itsColumns,
      names: new Map(itsColumns.map((column) => [number(column, 'number'), column.name ?? ''])),
      constraints: constraints.get(oid) ?? [],
      indexes: indexes.get(oid) ?? [],
      links: [...kept, ...mine],
      parents: others('parent'),
      reads: [...new Set(others('reads'))],
      table: row.table === null ? undefined : number(row, 'table'),
      // Indexes hang on columns in the same way.
      owner: row.kind === 'S' ? others('owner')[0] : undefined,
      draws: new Map([...linked('default'), ...linked('identity')].map((one) => [number(one, 'number'), number(one, 'other')])),
      triggers: linked('trigger')
        .map((one) => one.name ?? '')
        .sort(),
      policies: linked('policy')
        .map((one) => one.name ?? '')
        .sort(),
      statistics: linked('statistics')
        .map((one) => one.name ?? '')
        .sort(),
    }
  })
}

/** What other relations say about one. */
export interface Surrounding {
  children: string[]
  readBy: string[]
  ownedSequences: string[]
  /** Views that read a column, by its `attnum`. */
  columnsReadBy: Map<number, string[]>
}

export function relationOf(raw: RawRelation, all: ReadonlyMap<number, RawRelation>, around: Surrounding): CatalogRelation {
  const { row } = raw
  const { columnsReadBy, ...whole } = around
  const key = (oid: number | undefined): string | undefined => (oid === undefined ? undefined : all.get(oid)?.key)
  const known = (oids: readonly number[]): string[] => oids.flatMap((oid) => key(oid) ?? [])
  const bounds = row.bounds ?? undefined
  return {
    oid: raw.oid,
    schema: row.schema ?? '',
    name: row.name ?? '',
    kind: raw.kind,
    persistence: row.persistence === 't' ? 'temporary' : row.persistence === 'u' ? 'unlogged' : 'permanent',
    columns: raw.columns.map((column) =>
      columnOf(column, key(raw.draws.get(number(column, 'number'))), columnsReadBy.get(number(column, 'number'))),
    ),
    constraints: raw.constraints.map((constraint) => constraintOf(constraint, raw, all)),
    indexes: raw.indexes.map((index) => indexOf(index, raw)),
    parents: known(raw.parents),
    ...whole,
    isPartition: row.isPartition === 't',
    isDefaultPartition: bounds === 'DEFAULT',
    triggers: raw.triggers,
    policies: raw.policies,
    rowSecurity: row.rowSecurity === 't',
    rows: Number(row.rows ?? -1),
    ...defined({
      bounds,
      partitionKey: row.partitionKey ?? undefined,
      ofType: row.ofType ?? undefined,
      table: key(raw.table),
      accessMethod: row.accessMethod ?? undefined,
      tablespace: row.tablespace ?? undefined,
      statistics: raw.statistics.length > 0 ? raw.statistics : undefined,
    }),
  }
}

function columnOf(row: Row, sequence: string | undefined, readBy: string[] | undefined): CatalogColumn {
  const generated: CatalogColumn['generated'] = row.generated === 's' ? 'stored' : row.generated === 'v' ? 'virtual' : undefined
  return {
    name: row.name ?? '',
    type: row.type ?? '',
    notNull: row.notNull === 't',
    hasDefault: row.default !== null && generated === undefined,
    identity: row.identity !== '',
    local: row.local === 't',
    ...defined({ default: row.default ?? undefined, generated, sequence, readBy, collation: row.collation ?? undefined }),
  }
}

function constraintOf(row: Row, raw: RawRelation, all: ReadonlyMap<number, RawRelation>): CatalogConstraint {
  const type = CONSTRAINTS[row.type ?? ''] ?? 'check'
  const referenced = type === 'foreign key' ? all.get(number(row, 'referenced')) : undefined
  return {
    name: row.name ?? '',
    type,
    valid: row.valid === 't',
    enforced: row.enforced === 't',
    columns: names(row.columns, raw.names),
    definition: row.definition ?? '',
    local: row.local === 't',
    noInherit: row.noInherit === 't',
    ...(referenced && { references: { table: referenced.key, columns: names(row.referencedColumns, referenced.names) } }),
    ...(type === 'foreign key' && {
      onDelete: ACTIONS[row.onDelete ?? ''] ?? 'no action',
      onUpdate: ACTIONS[row.onUpdate ?? ''] ?? 'no action',
    }),
    ...defined({ index: row.index ?? undefined }),
  }
}

function indexOf(row: Row, raw: RawRelation): CatalogIndex {
  const keys = (row.keys ?? '').split(' ').slice(0, number(row, 'keyCount')).map(Number)
  return {
    name: row.name ?? '',
    schema: row.schema ?? '',
    method: row.method ?? '',
    unique: row.unique === 't',
    primary: row.primary === 't',
    valid: row.valid === 't',
    columns: keys.map((key) => raw.names.get(key) ?? null),
    definition: row.definition ?? '',
    ...defined({ predicate: row.predicate ?? undefined }),
  }
}

/** `{1,3}` as the names of those columns. */
function names(array: string | null | undefined, known: ReadonlyMap<number, string>): string[] {
  return (array ?? '')
    .replace(/[{}]/g, '')
    .split(',')
    .filter(Boolean)
    .map((one) => known.get(Number(one)) ?? '')
}

function byOid(rows: readonly Row[]): Map<number, Row[]> {
  const groups = new Map<number, Row[]>()
  for (const row of rows) {
    const oid = number(row, 'oid')
    const group = groups.get(oid)
    if (group) group.push(row)
    else groups.set(oid, [row])
  }
  return groups
}

export function number(row: Row, name: string): number {
  return Number(row[name] ?? 0)
}

/** Leaves out what is undefined, for properties that are either there or not. */
function defined<const T extends Record<string, unknown>>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
