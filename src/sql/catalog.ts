/**
 * What a database is known to hold, as far as effects depend on it. Read from a clone by
 * `experiments/read-catalog.ts`; pure data here, so that prediction needs no connection.
 */
export interface Catalog {
  /** Major version. */
  postgres: number
  /** With the minor one: `18.6`. */
  version?: string
  /** The session's TimeZone: it decides whether timestamp to timestamptz rewrites. */
  timeZone: string
  searchPath: string[]
  /** By `schema.name`; system schemas are left out. */
  relations: Map<string, CatalogRelation>
  /** Domains, enums and composite types by `schema.name`. */
  types: Map<string, CatalogType>
  /** The weakest volatility promise among the functions of a name (`now`, `public.f`), lower case. */
  volatility: Map<string, Volatility>
  /** Tables of each publication, by its name. */
  publications?: Map<string, string[]>
}

export type Volatility = 'immutable' | 'stable' | 'volatile'

export interface CatalogRelation {
  oid: number
  schema: string
  name: string
  /** As `pg_class.relkind` spells out. */
  kind:
    | 'table'
    | 'partitioned table'
    | 'index'
    | 'partitioned index'
    | 'view'
    | 'materialized view'
    | 'sequence'
    | 'foreign table'
    | 'composite type'
  persistence: 'permanent' | 'unlogged' | 'temporary'
  columns: CatalogColumn[]
  constraints: CatalogConstraint[]
  /** Of a table or materialized view. */
  indexes: CatalogIndex[]
  /** Keys of inheritance parents; for a partition, of its one parent. */
  parents: string[]
  children: string[]
  isPartition: boolean
  isDefaultPartition: boolean
  /** `pg_get_partkeydef`, of a partitioned table: `RANGE (created_at)`. */
  partitionKey?: string
  /** `pg_get_expr(relpartbound, oid)`, of a partition: `FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')` or `DEFAULT`. */
  bounds?: string
  /** `schema.name` of the composite type of CREATE TABLE … OF. */
  ofType?: string
  /** Names of the extended statistics on it. */
  statistics?: string[]
  /** Keys of views and materialized views that read it. */
  readBy: string[]
  /** Keys of sequences its columns own. */
  ownedSequences: string[]
  /** For an index: the key of its table. */
  table?: string
  accessMethod?: string
  tablespace?: string
  triggers: string[]
  /** Names of its row security policies. */
  policies?: string[]
  rowSecurity: boolean
  /** pg_class.reltuples; -1 when never analyzed. */
  rows: number
}

export interface CatalogColumn {
  name: string
  /** `format_type` with modifiers, lower case: `character varying(20)`. */
  type: string
  notNull: boolean
  hasDefault: boolean
  /** `pg_get_expr` of its default or generation expression. */
  default?: string
  /** Key of the sequence its identity or `nextval` default draws from. */
  sequence?: string
  /** `pg_attribute.attislocal`: false when it is only inherited. */
  local?: boolean
  /** Keys of the views and materialized views that read this column. */
  readBy?: string[]
  generated?: 'stored' | 'virtual'
  identity: boolean
  collation?: string
}

export interface CatalogConstraint {
  name: string
  type: 'foreign key' | 'check' | 'unique' | 'primary key' | 'exclusion' | 'not null' | 'trigger'
  valid: boolean
  enforced: boolean
  columns: string[]
  /** `pg_get_constraintdef`, which for a CHECK holds its expression. */
  definition: string
  references?: { table: string; columns: string[] }
  /** The index it rests on; for a foreign key the index of the referenced table. */
  index?: string
  /** `conislocal`: false when it is only inherited, as in a partition. */
  local?: boolean
  /** `connoinherit`. */
  noInherit?: boolean
  /** Of a foreign key: the letters of `confdeltype` and `confupdtype` spelled out, `no action`, `cascade`, … */
  onDelete?: string
  onUpdate?: string
}

export interface CatalogIndex {
  name: string
  schema: string
  method: string
  unique: boolean
  primary: boolean
  valid: boolean
  /** Key columns in order, null for an expression. */
  columns: Array<string | null>
  predicate?: string
  /** `pg_get_indexdef`. */
  definition: string
}

export type CatalogType =
  | {
      kind: 'domain'
      base: string
      constrained: boolean
      notNull?: boolean
      usedBy: string[]
      /** Its CHECKs with `pg_get_constraintdef`; unset when a NOT NULL or an unvalidated one is among its constraints. */
      checks?: Array<{ name: string; definition: string }>
    }
  | { kind: 'enum'; usedBy: string[] }
  | { kind: 'composite'; usedBy: string[] }
  | { kind: 'range'; usedBy: string[] }
