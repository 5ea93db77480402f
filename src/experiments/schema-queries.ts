/**
 * A query a kind of object: `object`, its name with what it is, and `definition`. They run with pg_catalog alone on the search path, so that every
 * name comes with its schema. Left out is what belongs to an extension, and what Postgres keeps for itself.
 */
const NOT_OURS = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
const inExtension = (catalog: string, oid: string): string =>
  `exists (select from pg_depend e where e.classid = '${catalog}'::regclass and e.objid = ${oid} and e.deptype = 'e')`
const ours = (catalog: string, oid: string): string => `${NOT_OURS} and not ${inExtension(catalog, oid)}`
/** Rights as they are in force: those that nobody changed are written down as soon as somebody does. */
const rights = (acl: string, kind: string, owner: string): string =>
  `(select 'grants ' || string_agg(one::text, ' ' order by one::text) from unnest(coalesce(${acl}, acldefault('${kind}', ${owner}))) one)`
const owner = (oid: string): string => `'owner ' || pg_get_userbyid(${oid})`
const RELATION = 'join pg_class c on c.oid = %.% join pg_namespace n on n.oid = c.relnamespace'
const relation = (table: string, column: string): string => RELATION.replace('%', table).replace('%', column)

const SCHEMAS = `select 'schema ' || quote_ident(n.nspname), concat_ws(' ', ${owner('n.nspowner')}, ${rights('n.nspacl', 'n', 'n.nspowner')})
  from pg_namespace n where ${ours('pg_namespace', 'n.oid')}`

const RELATIONS = `select case c.relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence ' else 'table ' end || c.oid::regclass,
    concat_ws(' ', case c.relkind when 'p' then 'partitioned ' || pg_get_partkeydef(c.oid) when 'f' then 'foreign' end,
      case when c.relpersistence = 'u' then 'unlogged' end, case when c.relrowsecurity then 'row security' end,
      case when c.relforcerowsecurity then 'forced' end, 'with ' || array_to_string(c.reloptions, ','),
      (select string_agg('inherits ' || i.inhparent::regclass, ' ' order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid),
      pg_get_expr(c.relpartbound, c.oid), case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
      case when not c.relispopulated then 'unpopulated' end, case when c.relreplident not in ('d', 'n') then 'replica identity ' || c.relreplident::text end,
      (select 'using ' || am.amname from pg_am am where am.oid = c.relam and am.amname <> 'heap'),
      (select 'tablespace ' || s.spcname from pg_tablespace s where s.oid = c.reltablespace),
      (select concat('owned by ', d.refobjid::regclass, '.', quote_ident(a.attname)) from pg_depend d
        join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
        where c.relkind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')),
      ${owner('c.relowner')}, case when c.relkind = 'S' then ${rights('c.relacl', 's', 'c.relowner')} else ${rights('c.relacl', 'r', 'c.relowner')} end)
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and ${ours('pg_class', 'c.oid')}`

const COLUMNS = `select concat('column ', c.oid::regclass, '.', quote_ident(a.attname)),
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
      case a.attidentity when 'a' then 'identity always' when 'd' then 'identity by default' end,
      case when a.attgenerated <> '' then 'generated ' || a.attgenerated::text end, 'default ' || pg_get_expr(d.adbin, d.adrelid),
      case when a.attcollation <> t.typcollation then (select 'collate ' || quote_ident(l.collname) from pg_collation l where l.oid = a.attcollation) end,
      case when a.attstorage <> t.typstorage then 'storage ' || a.attstorage::text end, 'compression ' || nullif(to_jsonb(a) ->> 'attcompression', ''),
      'statistics ' || nullif(to_jsonb(a) ->> 'attstattarget', '-1'), 'with ' || array_to_string(a.attoptions, ','),
      (select 'grants ' || string_agg(one::text, ' ' order by one::text) from unnest(a.attacl) one))
  from pg_attribute a ${relation('a', 'attrelid')} join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and ${ours('pg_class', 'c.oid')}`

/** An object of its own, since a migration back cannot restore it. */
const ORDER = `select 'order of columns ' || c.oid::regclass, string_agg(quote_ident(a.attname), ', ' order by a.attnum)
  from pg_attribute a ${relation('a', 'attrelid')}
  where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and ${ours('pg_class', 'c.oid')} group by c.oid`

/** The names of NOT NULL constraints came with 18, and nothing hangs on them. */
const CONSTRAINTS = `select concat('constraint ', case when k.conrelid = 0 then k.contypid::regtype::text else k.conrelid::regclass::text end, '.', quote_ident(k.conname)),
    pg_get_constraintdef(k.oid)
  from pg_constraint k join pg_namespace n on n.oid = k.connamespace
  where k.contype not in ('t', 'n') and ${NOT_OURS} and not ${inExtension('pg_class', 'k.conrelid')} and not ${inExtension('pg_type', 'k.contypid')}`

const INDEXES = `select 'index ' || i.indexrelid::regclass, concat_ws(' ', pg_get_indexdef(i.indexrelid), case when not i.indisvalid then 'INVALID' end,
    case when i.indisclustered then 'clustered' end, case when i.indisreplident then 'replica identity' end,
    (select 'tablespace ' || s.spcname from pg_tablespace s where s.oid = c.reltablespace))
  from pg_index i ${relation('i', 'indexrelid')} where ${NOT_OURS} and not ${inExtension('pg_class', 'i.indrelid')}`

const TRIGGERS = `select concat('trigger ', t.tgrelid::regclass, '.', quote_ident(t.tgname)),
    concat_ws(' ', pg_get_triggerdef(t.oid), case t.tgenabled when 'D' then 'DISABLED' when 'R' then 'REPLICA' when 'A' then 'ALWAYS' end)
  from pg_trigger t ${relation('t', 'tgrelid')} where not t.tgisinternal and ${NOT_OURS}`

const FUNCTIONS = `select 'function ' || p.oid::regprocedure, concat_ws(' ',
    case when p.prokind = 'a' then (select concat('aggregate ', g.aggtransfn, ' ', g.aggfinalfn) from pg_aggregate g where g.aggfnoid = p.oid)
      else pg_get_functiondef(p.oid) end, ${owner('p.proowner')}, ${rights('p.proacl', 'f', 'p.proowner')})
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace where ${ours('pg_proc', 'p.oid')}`

const TYPES = `select 'type ' || t.oid::regtype, concat_ws(' ', case t.typtype when 'd' then 'domain over ' || format_type(t.typbasetype, t.typtypmod) when 'e' then 'enum'
      when 'r' then 'range of ' || (select r.rngsubtype::regtype from pg_range r where r.rngtypid = t.oid) else 'composite' end,
    case when t.typnotnull then 'not null' end, 'default ' || t.typdefault,
    (select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
    (select string_agg(concat(quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum) from pg_attribute a
      where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped),
    ${owner('t.typowner')}, ${rights('t.typacl', 'T', 't.typowner')})
  from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
  where (t.typtype in ('d', 'e', 'r') or (t.typtype = 'c' and c.relkind = 'c')) and ${ours('pg_type', 't.oid')}`

const SEQUENCES = `select 'settings of sequence ' || s.seqrelid::regclass,
    concat_ws(' ', s.seqtypid::regtype, 'start', s.seqstart, 'increment', s.seqincrement, 'from', s.seqmin, 'to', s.seqmax, 'cache', s.seqcache, case when s.seqcycle then 'cycle' end)
  from pg_sequence s ${relation('s', 'seqrelid')} where ${ours('pg_class', 'c.oid')}`

const POLICIES = `select concat('policy ', p.polrelid::regclass, '.', quote_ident(p.polname)), concat_ws(' ', p.polcmd::text,
    case when not p.polpermissive then 'restrictive' end,
    'to ' || (select string_agg(case when r = 0 then 'public' else pg_get_userbyid(r)::text end, ', ' order by r) from unnest(p.polroles) r),
    'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid)) from pg_policy p`

const RULES = `select concat('rule ', r.ev_class::regclass, '.', quote_ident(r.rulename)), pg_get_ruledef(r.oid)
  from pg_rewrite r ${relation('r', 'ev_class')} where r.rulename <> '_RETURN' and ${NOT_OURS}`

const STATISTICS = `select concat('statistics ', quote_ident(n.nspname), '.', quote_ident(s.stxname)), pg_get_statisticsobjdef(s.oid)
  from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace`

const EXTENSIONS = `select 'extension ' || quote_ident(x.extname), x.extversion || ' in ' || x.extnamespace::regnamespace::text from pg_extension x`

const PUBLICATIONS = `select 'publication ' || quote_ident(p.pubname), concat_ws(' ', case when p.puballtables then 'all tables' end,
    (select string_agg(r.prrelid::regclass::text, ', ' order by r.prrelid::regclass::text) from pg_publication_rel r where r.prpubid = p.oid))
  from pg_publication p`

const DEFAULT_RIGHTS = `select concat('default rights of ', pg_get_userbyid(d.defaclrole), ' in ', coalesce(d.defaclnamespace::regnamespace::text, 'any schema'), ' on ', d.defaclobjtype::text),
    (select string_agg(one::text, ' ' order by one::text) from unnest(d.defaclacl) one) from pg_default_acl d`

const COMMENTS = `select 'comment on ' || pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description
  from pg_description d where d.objoid >= 16384 and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')`

/** The marks are numbers, which no mask touches. */
export const SCHEMA_QUERY = `select object::text as object, coalesce(definition::text, '') as definition,
    hashtextextended(object::text, 0)::text as key, hashtextextended(coalesce(definition::text, ''), 0)::text as mark from (${[
      SCHEMAS,
      RELATIONS,
      COLUMNS,
      ORDER,
      CONSTRAINTS,
      INDEXES,
      TRIGGERS,
      FUNCTIONS,
      TYPES,
      SEQUENCES,
      POLICIES,
      RULES,
      STATISTICS,
      EXTENSIONS,
      PUBLICATIONS,
      DEFAULT_RIGHTS,
      COMMENTS,
    ].join('\nunion all ')}) parts (object, definition) where object is not null order by 1`
