/**
 * What is asked of the system catalogs. Every name is qualified, since a script may have changed the search path. Each of the
 * questions about relations comes for all of them or for some, given as an array of oids.
 */
type Scope = 'all' | 'some'

/** Objects of initdb have lower numbers: those of pg_catalog and information_schema. */
const FIRST_OURS = 16384

function filter(scope: Scope, column: string): string {
  return scope === 'all' ? `${column} >= ${FIRST_OURS}` : `${column} = any ($1::pg_catalog.oid[])`
}

const classes = (scope: Scope): string => `select c.oid, n.nspname as schema, c.relname as name, c.relkind as kind,
  c.relpersistence as persistence, c.relfilenode as file, c.relispartition as "isPartition", c.reltuples as rows,
  c.relrowsecurity as "rowSecurity", am.amname as "accessMethod", ts.spcname as tablespace,
  ix.indrelid as "table", case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as bounds,
  case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end as "partitionKey",
  case when c.reloftype <> 0 then (select tn.nspname || '.' || t.typname from pg_catalog.pg_type t
    join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace where t.oid = c.reloftype) end as "ofType"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index ix on ix.indexrelid = c.oid
left join pg_catalog.pg_am am on am.oid = c.relam
left join pg_catalog.pg_tablespace ts on ts.oid = c.reltablespace
where ${filter(scope, 'c.oid')} and c.relkind <> 't' and n.nspname <> 'pg_toast'`

/** `usesType` is the column's type, or its array's element type, when it is not built in. */
const columns = (scope: Scope): string => `select a.attrelid as oid, a.attnum as number, a.attname as name,
  pg_catalog.format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "notNull", a.attgenerated as generated, a.attidentity as identity,
  a.attislocal as local, co.collname as collation, pg_catalog.pg_get_expr(d.adbin, d.adrelid) as "default",
  case when a.atttypid >= ${FIRST_OURS} then (select coalesce(nullif(t.typelem, 0), t.oid) from pg_catalog.pg_type t
    where t.oid = a.atttypid) end as "usesType"
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
left join pg_catalog.pg_attrdef d on a.atthasdef and d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_catalog.pg_collation co on co.oid = a.attcollation and co.collname <> 'default'
where ${filter(scope, 'a.attrelid')} and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum`

const constraints = (
  scope: Scope,
  postgres: number,
): string => `select k.conrelid as oid, k.oid as number, k.conname as name, k.contype as type, k.convalidated as valid,
  ${postgres >= 18 ? 'k.conenforced' : 'true'} as enforced, k.conislocal as local, k.connoinherit as "noInherit", pg_catalog.pg_get_constraintdef(k.oid) as definition,
  k.conkey as columns, k.confrelid as referenced, k.confkey as "referencedColumns", k.confdeltype as "onDelete", k.confupdtype as "onUpdate",
  ic.relname as index
from pg_catalog.pg_constraint k
left join pg_catalog.pg_class ic on ic.oid = k.conindid
where ${filter(scope, 'k.conrelid')} order by k.conrelid, k.conname`

const indexes = (
  scope: Scope,
): string => `select i.indrelid as oid, i.indexrelid as index, c.relname as name, n.nspname as schema, am.amname as method,
  i.indisunique as unique, i.indisprimary as primary, i.indisvalid as valid, i.indkey as keys, i.indnkeyatts as "keyCount",
  pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate, pg_catalog.pg_get_indexdef(i.indexrelid) as definition
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname <> 'pg_toast'
join pg_catalog.pg_am am on am.oid = c.relam
where ${filter(scope, 'i.indrelid')} order by i.indrelid, c.relname`

type Link = 'parent' | 'reads' | 'owner' | 'identity' | 'default' | 'trigger' | 'policy' | 'statistics'

/**
 * What a relation hangs together with: `parent` of a table, `reads` of a view (the table's column by number), `owner` of a sequence, the sequence that a column's `default` or
 * `identity` draws from; names of triggers, policies and statistics. OFFSET 0 keeps the planner, which has no statistics here, from starting at the wrong end.
 */
const LINKS: Record<Link, (scope: Scope) => string> = {
  parent: (scope) => `select 'parent' as link, h.inhrelid as oid, h.inhparent as other, h.inhseqno as number, null as name
    from pg_catalog.pg_inherits h where ${filter(scope, 'h.inhrelid')}`,
  reads: (scope) => `select 'reads' as link, r.ev_class as oid, d.refobjid as other, d.refobjsubid as number, null as name
    from (select oid, ev_class from pg_catalog.pg_rewrite where ${filter(scope, 'ev_class')} offset 0) r
    join pg_catalog.pg_depend d on d.classid = 2618 and d.objid = r.oid and d.refclassid = 1259 and d.refobjid <> r.ev_class`,
  owner: (
    scope,
  ) => `select 'owner' as link, d.objid as oid, d.refobjid as other, d.refobjsubid as number, null as name from pg_catalog.pg_depend d
    where d.classid = 1259 and d.refclassid = 1259 and d.deptype in ('a', 'i') and d.refobjsubid > 0 and ${filter(scope, 'd.objid')}`,
  identity: (
    scope,
  ) => `select 'identity' as link, d.refobjid as oid, d.objid as other, d.refobjsubid as number, null as name from pg_catalog.pg_depend d
    where d.classid = 1259 and d.refclassid = 1259 and d.deptype = 'i' and d.refobjsubid > 0 and ${filter(scope, 'd.refobjid')}`,
  default: (scope) => `select 'default' as link, a.adrelid as oid, d.refobjid as other, a.adnum as number, null as name
    from (select oid, adrelid, adnum from pg_catalog.pg_attrdef where ${filter(scope, 'adrelid')} offset 0) a
    join pg_catalog.pg_depend d on d.classid = 2604 and d.objid = a.oid and d.refclassid = 1259 and d.refobjid <> a.adrelid`,
  trigger: (scope) => `select 'trigger' as link, t.tgrelid as oid, null::pg_catalog.oid as other, 0 as number, t.tgname as name
    from pg_catalog.pg_trigger t where not t.tgisinternal and ${filter(scope, 't.tgrelid')}`,
  policy: (scope) => `select 'policy' as link, p.polrelid as oid, null::pg_catalog.oid as other, 0 as number, p.polname as name
    from pg_catalog.pg_policy p where ${filter(scope, 'p.polrelid')}`,
  statistics: (scope) => `select 'statistics' as link, e.stxrelid as oid, null::pg_catalog.oid as other, 0 as number, e.stxname as name
    from pg_catalog.pg_statistic_ext e where ${filter(scope, 'e.stxrelid')}`,
}

/** Words without which a statement cannot change a kind of link. What runs other code, or drops what others depend on, may change all. */
const CHANGES: Record<Link, RegExp> = {
  parent: /partition|inherit/i,
  reads: /view|rule/i,
  trigger: /trigger/i,
  policy: /policy/i,
  statistics: /statistics/i,
  owner: /serial|sequence|identity|owned/i,
  identity: /identity/i,
  default: /default|nextval|serial/i,
}
const MAY_CHANGE_ALL = /^\s*(?:do|call|select|with|execute|drop)\b|\b(?:cascade|like|extension)\b/i

/** The questions about links that have another answer after this statement. */
export function linkQueries(scope: Scope, text: string | undefined): Map<Link, string> {
  const asked = Object.entries(LINKS) as Array<[Link, (scope: Scope) => string]>
  const all = text === undefined || MAY_CHANGE_ALL.test(text)
  return new Map(asked.filter(([link]) => all || CHANGES[link].test(text)).map(([link, sql]) => [link, sql(scope)]))
}

/** The questions about relations, by what they ask for. */
export function relationQueries(
  scope: Scope,
  postgres: number,
): { classes: string; columns: string; constraints: string; indexes: string } {
  return { classes: classes(scope), columns: columns(scope), constraints: constraints(scope, postgres), indexes: indexes(scope) }
}

/** Types somebody made: row types of tables, array types and multiranges come by themselves and are left out. */
export const TYPES = `select t.oid, n.nspname as schema, t.typname as name, t.typtype as kind, pg_catalog.format_type(t.typbasetype, t.typtypmod) as base,
  t.typnotnull or exists (select from pg_catalog.pg_constraint k where k.contypid = t.oid) as constrained, t.typnotnull as "notNull", t.typbasetype as "baseOid",
  (select case when pg_catalog.bool_and(k.contype = 'c' and k.convalidated) and not t.typnotnull
     then pg_catalog.json_agg(pg_catalog.json_build_object('name', k.conname, 'definition', pg_catalog.pg_get_constraintdef(k.oid)) order by k.conname) end
   from pg_catalog.pg_constraint k where k.contypid = t.oid) as checks
from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.oid >= ${FIRST_OURS} and (t.typtype in ('d', 'e', 'r')
  or t.typtype = 'c' and exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'))`

const VOLATILITY = `case pg_catalog.max(case p.provolatile when 'i' then 0 when 's' then 1 else 2 end)
  when 0 then 'immutable' when 1 then 'stable' else 'volatile' end as volatility`

export const BUILT_IN_FUNCTIONS = `select p.proname as name, ${VOLATILITY} from pg_catalog.pg_proc p where p.oid < ${FIRST_OURS} group by 1`

export const FUNCTIONS = `select n.nspname as schema, p.proname as name, ${VOLATILITY}
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid >= ${FIRST_OURS} group by 1, 2`

export const PUBLICATIONS = `select p.pubname as name, t.schemaname || '.' || t.tablename as "table"
from pg_catalog.pg_publication p left join pg_catalog.pg_publication_tables t on t.pubname = p.pubname`

export const SETTINGS = `select pg_catalog.current_setting('TimeZone') as "timeZone",
  pg_catalog.array_to_json(pg_catalog.current_schemas(false)) as "searchPath"`

/**
 * Locks this connection holds on relations and types, with the relation's file as it is now: null when it was dropped. System catalogs are left out. `made`
 * says of a type whether somebody made it, and is false for a dropped one.
 */
export const LOCKS = `select l.relation, l.objid as type, l.mode, c.relfilenode as file, t.oid is not null as made
from pg_catalog.pg_locks l
left join pg_catalog.pg_class c on c.oid = l.relation
left join pg_catalog.pg_type t on t.oid = l.objid
  and (t.typtype in ('d', 'e', 'r') or t.typtype = 'c' and exists (select from pg_catalog.pg_class r where r.oid = t.typrelid and r.relkind = 'c'))
where l.pid = pg_catalog.pg_backend_pid()
  and (l.locktype = 'relation' and l.relation >= ${FIRST_OURS} or l.locktype = 'object' and l.classid = 1247 and l.objid >= ${FIRST_OURS})`

/** All relations with their files and, for an index, its table: what a statement outside a transaction changed. */
export const FILES = `select c.oid, c.relfilenode as file, i.indrelid as "table"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_index i on i.indexrelid = c.oid
where c.oid >= ${FIRST_OURS} and c.relkind <> 't' and n.nspname <> 'pg_toast'`
