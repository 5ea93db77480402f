import type {
  Catalog,
  CatalogColumn,
  CatalogConstraint,
  CatalogIndex,
  CatalogRelation,
  CatalogType,
  Volatility,
} from '../../src/sql/catalog.ts'

type Query = <Row>(sql: string) => Promise<Row[]>

/** Namespaces of the user's: those of the system, of TOAST and of other sessions are nobody's risk. */
const OURS = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast' AND n.nspname NOT LIKE 'pg_temp_%'`
const KINDS = `CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'i' THEN 'index' WHEN 'I' THEN 'partitioned index' WHEN 'v' THEN 'view'
  WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' END`
const key = (oid: string) =>
  `(SELECT kn.nspname || '.' || kc.relname FROM pg_class kc JOIN pg_namespace kn ON kn.oid = kc.relnamespace WHERE kc.oid = ${oid})`
const typeKey = (oid: string) =>
  `(SELECT kn.nspname || '.' || kt.typname FROM pg_type kt JOIN pg_namespace kn ON kn.oid = kt.typnamespace WHERE kt.oid = ${oid})`

const RELATIONS = `SELECT c.oid::int, n.nspname AS schema, c.relname AS name, ${KINDS} AS kind,
  CASE c.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged' ELSE 'temporary' END AS persistence,
  c.relispartition AS "isPartition", pg_get_expr(c.relpartbound, c.oid) AS bounds,
  CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS "partitionKey",
  a.amname AS "accessMethod", t.spcname AS tablespace, c.relrowsecurity AS "rowSecurity", c.reltuples::float8 AS rows,
  ${key('(SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = c.oid)')} AS table,
  CASE WHEN c.reloftype <> 0 THEN ${typeKey('c.reloftype')} END AS "ofType",
  ARRAY(SELECT ${key('h.inhparent')} FROM pg_inherits h WHERE h.inhrelid = c.oid ORDER BY h.inhseqno) AS parents,
  ARRAY(SELECT ${key('h.inhrelid')} FROM pg_inherits h WHERE h.inhparent = c.oid ORDER BY 1) AS children,
  ARRAY(SELECT DISTINCT ${key('r.ev_class')} FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm') WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND r.ev_class <> c.oid) AS "readBy",
  ARRAY(SELECT DISTINCT ${key('d.objid')} FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.deptype IN ('a', 'i')) AS "ownedSequences",
  ARRAY(SELECT g.tgname::text FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal ORDER BY 1) AS triggers,
  ARRAY(SELECT p.polname::text FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY 1) AS policies,
  ARRAY(SELECT s.stxname::text FROM pg_statistic_ext s WHERE s.stxrelid = c.oid ORDER BY 1) AS statistics
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am a ON a.oid = c.relam LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
  WHERE ${OURS} AND c.relkind IN ('r', 'p', 'i', 'I', 'v', 'm', 'S', 'f', 'c')`

const COLUMNS = `SELECT c.oid::int AS relation, a.attname AS name, lower(format_type(a.atttypid, a.atttypmod)) AS type, a.attnotnull AS "notNull", a.atthasdef AS "hasDefault",
  pg_get_expr(d.adbin, d.adrelid) AS default, CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END AS generated, a.attidentity <> '' AS identity,
  CASE WHEN a.attcollation <> y.typcollation THEN (SELECT collname FROM pg_collation WHERE oid = a.attcollation) END AS collation, a.attislocal AS local,
  ARRAY(SELECT DISTINCT ${key('r.ev_class')} FROM pg_depend v JOIN pg_rewrite r ON r.oid = v.objid AND v.classid = 'pg_rewrite'::regclass
    WHERE v.refclassid = 'pg_class'::regclass AND v.refobjid = c.oid AND v.refobjsubid = a.attnum AND r.ev_class <> c.oid) AS "readBy",
  CASE WHEN a.attidentity <> '' THEN ${key(`(SELECT s.objid FROM pg_depend s WHERE s.classid = 'pg_class'::regclass AND s.refclassid = 'pg_class'::regclass AND s.refobjid = c.oid AND s.refobjsubid = a.attnum AND s.deptype = 'i' LIMIT 1)`)}
    ELSE ${key(`(SELECT s.refobjid FROM pg_depend s JOIN pg_class q ON q.oid = s.refobjid AND q.relkind = 'S' WHERE s.classid = 'pg_attrdef'::regclass AND s.objid = d.oid AND s.refclassid = 'pg_class'::regclass LIMIT 1)`)} END AS sequence
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type y ON y.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  WHERE ${OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.oid, a.attnum`

const attributes = (relation: string, numbers: string) =>
  `ARRAY(SELECT a.attname::text FROM unnest(${numbers}) WITH ORDINALITY u(n, o) JOIN pg_attribute a ON a.attrelid = ${relation} AND a.attnum = u.n ORDER BY u.o)`
const ACTION = (column: string) =>
  `CASE ${column} WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END`

const constraints = (postgres: number) => `SELECT k.conrelid::int AS relation, k.conname AS name,
  CASE k.contype WHEN 'f' THEN 'foreign key' WHEN 'c' THEN 'check' WHEN 'u' THEN 'unique' WHEN 'p' THEN 'primary key' WHEN 'x' THEN 'exclusion' WHEN 'n' THEN 'not null' ELSE 'trigger' END AS type,
  k.convalidated AS valid, ${postgres >= 18 ? 'k.conenforced' : 'true'} AS enforced, ${attributes('k.conrelid', 'k.conkey')} AS columns, pg_get_constraintdef(k.oid) AS definition,
  CASE WHEN k.confrelid <> 0 THEN ${key('k.confrelid')} END AS target, ${attributes('k.confrelid', 'k.confkey')} AS "targetColumns",
  (SELECT i.relname FROM pg_class i WHERE i.oid = k.conindid) AS index, k.conislocal AS local, k.connoinherit AS "noInherit", ${ACTION('k.confdeltype')} AS "onDelete", ${ACTION('k.confupdtype')} AS "onUpdate"
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${OURS} ORDER BY k.oid`

const INDEXES = `SELECT i.indrelid::int AS relation, x.relname AS name, n.nspname AS schema, m.amname AS method, i.indisunique AS unique, i.indisprimary AS primary, i.indisvalid AS valid,
  ARRAY(SELECT (SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attnum = k.n) FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(n, o) WHERE k.o <= i.indnkeyatts ORDER BY k.o) AS columns,
  pg_get_expr(i.indpred, i.indrelid) AS predicate, pg_get_indexdef(i.indexrelid) AS definition
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam JOIN pg_namespace n ON n.oid = x.relnamespace WHERE ${OURS} ORDER BY x.relname`

const USED_BY = `ARRAY(SELECT DISTINCT ${key('a.attrelid')} FROM pg_attribute a JOIN pg_class u ON u.oid = a.attrelid AND u.relkind IN ('r', 'p', 'm', 'f')
  WHERE a.atttypid = t.oid AND NOT a.attisdropped AND a.attnum > 0)`
const TYPES = `SELECT n.nspname || '.' || t.typname AS key, CASE t.typtype WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum' WHEN 'r' THEN 'range' ELSE 'composite' END AS kind,
  lower(format_type(t.typbasetype, t.typtypmod)) AS base, ${USED_BY} AS "usedBy", t.typnotnull AS "notNull",
  t.typnotnull OR EXISTS (SELECT 1 FROM pg_constraint k WHERE k.contypid = t.oid) AS constrained
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE ${OURS} AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')`
const FUNCTIONS = `SELECT CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE n.nspname || '.' END || p.proname AS name, p.proname AS bare, max(CASE p.provolatile WHEN 'v' THEN 2 WHEN 's' THEN 1 ELSE 0 END) AS worst
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_toast' AND p.prokind <> 'a' GROUP BY 1, 2`
const PUBLICATIONS = `SELECT p.pubname AS name, ARRAY(SELECT ${key('r.prrelid')} FROM pg_publication_rel r WHERE r.prpubid = p.oid) AS tables FROM pg_publication p`

type RelationRow = Omit<CatalogRelation, 'columns' | 'constraints' | 'indexes' | 'isDefaultPartition'>
type ConstraintRow = CatalogConstraint & { relation: number; target: string | null; targetColumns: string[] }

export async function readCatalog(query: Query, postgres: number): Promise<Catalog> {
  const relations = new Map<number, CatalogRelation>()
  for (const row of await query<RelationRow>(RELATIONS))
    relations.set(row.oid, { ...present(row), columns: [], constraints: [], indexes: [], isDefaultPartition: row.bounds === 'DEFAULT' })
  for (const { relation, ...column } of await query<CatalogColumn & { relation: number }>(COLUMNS))
    relations.get(relation)?.columns.push(present(column))
  for (const { relation, target, targetColumns, ...constraint } of await query<ConstraintRow>(constraints(postgres))) {
    relations
      .get(relation)
      ?.constraints.push({ ...present(constraint), ...(target && { references: { table: target, columns: targetColumns } }) })
  }
  for (const { relation, ...index } of await query<CatalogIndex & { relation: number }>(INDEXES))
    relations.get(relation)?.indexes.push(present(index))
  const types = await query<CatalogType & { key: string }>(TYPES)
  const functions = await query<{ name: string; worst: number }>(FUNCTIONS)
  const [session] = await query<{ zone: string; path: string[] }>(
    `SELECT current_setting('TimeZone') AS zone, current_schemas(false)::text[] AS path`,
  )
  return {
    postgres,
    timeZone: session!.zone,
    searchPath: session!.path,
    relations: new Map([...relations.values()].map((relation) => [`${relation.schema}.${relation.name}`, relation])),
    types: new Map(types.map(({ key: name, ...type }) => [name, type])),
    volatility: new Map(functions.map((row) => [row.name, (['immutable', 'stable', 'volatile'] as Volatility[])[row.worst]!])),
    publications: new Map((await query<{ name: string; tables: string[] }>(PUBLICATIONS)).map((row) => [row.name, row.tables])),
  }
}

/** The row without its nulls: an unset word is a missing one. */
function present<Row extends object>(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row
}
