import type { Clone } from '../../clones/clone.ts'
import { quoteIdentifier } from '../../sql/identifier.ts'

/** What indexes on a table depend on. A partition stands for the table it is part of. */
export interface TableFacts {
  schema: string
  name: string
  isPartitioned: boolean
  /** Leaves, of a partitioned table, as SQL names; else the table itself. */
  leaves: string[]
  rows: number
  /** Of the table without its indexes and TOAST. */
  bytes: number
  columns: Map<string, ColumnFacts>
}

interface ColumnFacts {
  /** `text`, `jsonb`, `_int4`. */
  type: string
  /** As `pg_type.typcategory` has it: `A` for arrays, `S` for strings. */
  category: string
  /** Estimated different values; null when nothing is known. */
  distinct: number | null
  /** Average bytes. */
  width: number
}

/** `schema.name` as SQL. */
export function sqlNameOf({ schema, name }: { schema: string; name: string }): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

interface Row {
  known: string
  schema: string
  name: string
  partitioned: boolean
  leaves: string[]
  rows: number
  bytes: number
  columns: Array<{ name: string; type: string; category: string; distinct: number | null; width: number | null }>
}

/** For every relation given as `schema.name` (SQL) the table that has it. Reads the catalog and statistics without values. */
export async function readTableFacts(clone: Clone, relations: readonly string[]): Promise<Map<string, TableFacts>> {
  const rows = await clone.query<Row>(QUERY, [relations])
  const facts = new Map<string, TableFacts>()
  for (const { known, schema, name, partitioned, leaves, rows: count, bytes, columns } of rows) {
    const byName = columns.map(({ name: column, type, category, distinct, width }): [string, ColumnFacts] => {
      const different = distinct === null ? null : distinct < 0 ? Math.max(1, -distinct * count) : distinct
      return [column, { type, category, distinct: different, width: width ?? 8 }]
    })
    facts.set(known, { schema, name, isPartitioned: partitioned, leaves, rows: Math.max(count, 0), bytes, columns: new Map(byName) })
  }
  return facts
}

/** Of tables that were never analyzed. */
const UNKNOWN_ROW_BYTES = 128

const QUERY = `with named as (
    select known, pg_catalog.to_regclass(known) as oid from pg_catalog.unnest($1::pg_catalog.text[]) as n (known)
  ), rooted as (
    select known, coalesce(pg_catalog.pg_partition_root(oid), oid) as root from named where oid is not null
  )
  select r.known, n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name, c.relkind = 'p' as partitioned,
    case when c.relkind = 'p' then array(select t.relid::pg_catalog.text from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf) else array[c.oid::pg_catalog.regclass::pg_catalog.text] end as leaves,
    (select coalesce(sum(case when l.reltuples > 0 or l.relpages > 0 then l.reltuples else pg_catalog.pg_relation_size(l.oid) / ${UNKNOWN_ROW_BYTES} end), 0)
      from pg_catalog.pg_class l where l.oid = c.oid and c.relkind <> 'p'
        or c.relkind = 'p' and l.oid in (select t.relid from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf))::pg_catalog.float8 as rows,
    case when c.relkind = 'p' then (select coalesce(sum(pg_catalog.pg_relation_size(t.relid)), 0) from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf)
      else pg_catalog.pg_relation_size(c.oid) end::pg_catalog.float8 as bytes,
    (select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname, 'type', t.typname, 'category', t.typcategory,
        'distinct', s.n_distinct, 'width', coalesce(s.avg_width, nullif(t.typlen, -1)))), '[]')
      from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
      left join lateral (select n_distinct, avg_width from pg_catalog.pg_stats p
        where p.schemaname = n.nspname and p.tablename = c.relname and p.attname = a.attname order by inherited desc limit 1) s on true
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from rooted r join pg_catalog.pg_class c on c.oid = r.root join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
