import type { Connection } from '../clones/clone.ts'

/** Everything of a schema that a migration means to leave, by what it is called: `column public.orders.note` -> its definition. */
export type Schema = ReadonlyMap<string, string>

export interface SchemaDifference {
  /** `column public.orders.note`. */
  object: string
  /** Null where there is none. */
  before: string | null
  after: string | null
}

const OWN = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
const NOT_OF_EXTENSION = (catalog: string, oid: string): string =>
  `not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and e.objid = ${oid} and e.deptype = 'e')`

/**
 * Names instead of numbers, and no name that Postgres makes up where it stands for nothing else. Types of columns with their modifiers; the
 * order of columns is an object of its own, since a migration back cannot restore it.
 */
const PARTS = [
  `select 'schema ' || pg_catalog.quote_ident(n.nspname), pg_catalog.coalesce_acl(n.nspacl) from pg_catalog.pg_namespace n where ${OWN} and ${NOT_OF_EXTENSION('pg_namespace', 'n.oid')}`,
  `select case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end || c.oid::pg_catalog.regclass,
     pg_catalog.concat_ws(' ', case c.relkind when 'p' then 'partitioned' when 'f' then 'foreign' end,
       case c.relpersistence when 'u' then 'unlogged' end, case when c.relrowsecurity then 'row security' end, case when c.relforcerowsecurity then 'forced' end,
       pg_catalog.array_to_string(c.reloptions, ','), pg_catalog.pg_get_expr(c.relpartbound, c.oid),
       case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
       case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
       (select pg_catalog.string_agg('inherits ' || i.inhparent::pg_catalog.regclass, ' ' order by i.inhseqno) from pg_catalog.pg_inherits i where i.inhrelid = c.oid),
       c.relreplident, pg_catalog.coalesce_acl(c.relacl))
   from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where ${OWN} and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${NOT_OF_EXTENSION('pg_class', 'c.oid')}`,
  `select 'column ' || c.oid::pg_catalog.regclass || '.' || pg_catalog.quote_ident(a.attname),
     pg_catalog.concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
       case when a.attidentity <> '' then 'identity ' || a.attidentity end, case when a.attgenerated <> '' then 'generated ' || a.attgenerated end,
       pg_catalog.pg_get_expr(d.adbin, d.adrelid), case when a.attcollation <> t.typcollation then a.attcollation::pg_catalog.regcollation::text end,
       case when a.attstorage <> t.typstorage then 'storage ' || a.attstorage end, case when a.attstattarget >= 0 then 'statistics ' || a.attstattarget end,
       pg_catalog.coalesce_acl(a.attacl))
   from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     join pg_catalog.pg_type t on t.oid = a.atttypid left join pg_catalog.pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
   where ${OWN} and c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and ${NOT_OF_EXTENSION('pg_class', 'c.oid')}`,
  `select 'order of columns ' || c.oid::pg_catalog.regclass, pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum)
   from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where ${OWN} and c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped group by c.oid`,
  `select 'constraint ' || case when k.conrelid = 0 then k.contypid::pg_catalog.regtype::text else k.conrelid::pg_catalog.regclass::text end || '.' || pg_catalog.quote_ident(k.conname),
     pg_catalog.pg_get_constraintdef(k.oid)
   from pg_catalog.pg_constraint k join pg_catalog.pg_namespace n on n.oid = k.connamespace where ${OWN} and k.contype not in ('t', 'n') and ${NOT_OF_EXTENSION('pg_class', 'k.conrelid')}`,
  `select 'index ' || i.indexrelid::pg_catalog.regclass, pg_catalog.concat_ws(' ', pg_catalog.pg_get_indexdef(i.indexrelid), case when not i.indisvalid then 'INVALID' end,
     case when i.indisclustered then 'clustered' end, case when i.indisreplident then 'replica identity' end)
   from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where ${OWN} and ${NOT_OF_EXTENSION('pg_class', 'i.indrelid')}`,
  `select 'trigger ' || t.tgrelid::pg_catalog.regclass || '.' || pg_catalog.quote_ident(t.tgname), pg_catalog.pg_get_triggerdef(t.oid) || ' ' || t.tgenabled
   from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${OWN} and not t.tgisinternal`,
  `select 'function ' || p.oid::pg_catalog.regprocedure, case when p.prokind = 'a' then 'aggregate' else pg_catalog.pg_get_functiondef(p.oid) end || pg_catalog.coalesce_acl(p.proacl)
   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where ${OWN} and ${NOT_OF_EXTENSION('pg_proc', 'p.oid')}`,
  `select 'type ' || t.oid::pg_catalog.regtype, pg_catalog.concat_ws(' ', t.typtype, case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end,
     case when t.typnotnull then 'not null' end, t.typdefault,
     (select pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_catalog.pg_enum e where e.enumtypid = t.oid),
     (select pg_catalog.string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) from pg_catalog.pg_attribute a
       where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped))
   from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace left join pg_catalog.pg_class c on c.oid = t.typrelid
   where ${OWN} and (t.typtype in ('d', 'e', 'r') or t.typtype = 'c' and c.relkind = 'c') and ${NOT_OF_EXTENSION('pg_type', 't.oid')}`,
  `select 'sequence settings ' || s.seqrelid::pg_catalog.regclass, pg_catalog.concat_ws(' ', s.seqtypid::pg_catalog.regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
   from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${OWN}`,
  `select 'policy ' || p.polrelid::pg_catalog.regclass || '.' || pg_catalog.quote_ident(p.polname), pg_catalog.concat_ws(' ', p.polcmd, p.polpermissive, p.polroles::pg_catalog.regrole[]::text,
     pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) from pg_catalog.pg_policy p`,
  `select 'statistics ' || s.oid::pg_catalog.text, pg_catalog.pg_get_statisticsobjdef(s.oid) from pg_catalog.pg_statistic_ext s`,
  `select 'extension ' || extname, extversion from pg_catalog.pg_extension`,
  `select 'publication ' || p.pubname, (select pg_catalog.string_agg(r.prrelid::pg_catalog.regclass::text, ', ' order by r.prrelid::pg_catalog.regclass::text)
     from pg_catalog.pg_publication_rel r where r.prpubid = p.oid) from pg_catalog.pg_publication p`,
  `select 'rule ' || r.ev_class::pg_catalog.regclass || '.' || r.rulename, pg_catalog.pg_get_ruledef(r.oid) from pg_catalog.pg_rewrite r
     join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${OWN} and r.rulename <> '_RETURN'`,
  `select 'comment on ' || pg_catalog.pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description from pg_catalog.pg_description d where d.objoid >= 16384`,
]

const QUERY = PARTS.join('\nunion all ')
  .replaceAll(/pg_catalog\.coalesce_acl\(([\w.]+)\)/g, "coalesce(' grants ' || $1::pg_catalog.text, '')")
  .replaceAll("'statistics ' || s.oid::pg_catalog.text", "'statistics ' || pg_catalog.quote_ident(s.stxname)")

/** The schema as it is now, in schemas that are not Postgres's own. */
export async function readSchema(connection: Pick<Connection, 'batch'>, signal: AbortSignal): Promise<Schema> {
  const [, outcome] = await connection.batch(
    [
      { sql: "select pg_catalog.set_config('search_path', 'pg_catalog', true)", name: 'schema path' },
      { sql: `select object, definition from (${QUERY}) parts (object, definition) order by 1`, name: 'schema' },
    ],
    signal,
  )
  if (outcome?.error) throw new Error(`the schema cannot be read: ${outcome.error.message}`)
  return new Map((outcome?.values ?? []).map(({ object, definition }) => [object ?? '', definition ?? '']))
}

/** What differs, in the order of names; the order of columns only when `order` is asked for. */
export function compareSchemas(before: Schema, after: Schema, { order = false } = {}): SchemaDifference[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  return names
    .filter((object) => before.get(object) !== after.get(object))
    .filter((object) => order || !object.startsWith('order of columns '))
    .map((object) => ({ object, before: before.get(object) ?? null, after: after.get(object) ?? null }))
}
