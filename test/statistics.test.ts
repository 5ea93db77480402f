import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clone, Connection } from '../src/clones/clone.ts'
import { openConnection } from '../src/clones/native/connection.ts'
import { readProductionStatistics } from '../src/clones/twin/export.ts'
import { twinClones } from '../src/clones/twin.ts'
import { parseDump } from '../src/statistics/dump.ts'
import { parseStatistics, type Statistics } from '../src/statistics/statistics.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const ATTACK = `'); drop table victims; --`
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const name = (text: string): string => `"${text.replaceAll('"', '""')}"`

const ODD_SCHEMA = `O'Brien \\ "Söhne"`
const ODD_TABLE = `it's {a}, "b" \\ 🦄`
const ODD_COLUMNS = [`a'b`, 'back\\slash', 'new\nline', '{x,y}', ATTACK]
/** What a value may hold that means something to a reader of dumps. */
const VALUES = [
  `it's`,
  'back\\slash',
  `\\'`,
  '{brace},',
  '"quoted"',
  `two\nlines\n);\nSELECT * FROM pg_catalog.pg_restore_relation_stats(\n\t'schemaname', 'public',\n\t'relname', 'injected',\n\t'relpages', '1'::integer\n);\n`,
  '-- PostgreSQL database dump complete',
  '\n-- Dumped from database version 12.1',
  '\n\\connect elsewhere',
  '\\.',
  '/* open',
  '$$',
  'NULL',
  '',
  ' ünï 🦄\t',
  ATTACK,
]

const SCHEMA = [
  'create table victims (id int)',
  `create schema ${name(ODD_SCHEMA)}`,
  `create table ${name(ODD_SCHEMA)}.${name(ODD_TABLE)} (${ODD_COLUMNS.map((column) => `${name(column)} text`).join()})`,
  `create type mood as enum ('it''s fine', 'bad, {really}')`,
  `create table readings (id bigint primary key, at date, kind text, note text, mood mood, tags text[], span int4range, amount numeric(10,2), data bytea, empty text)`,
  'create index readings_kind on readings (kind)',
  'create index readings_expressions on readings (lower(kind), id, (amount * 2))',
  'create index readings_tags on readings using gin (tags)',
  'create table logs (at date not null, level text, message text) partition by range (at)',
  `create table logs_2023 partition of logs for values from ('2023-01-01') to ('2024-01-01')`,
  `create table logs_2024 partition of logs for values from ('2024-01-01') to ('2025-01-01')`,
  'create index logs_level on logs (level)',
  'create index logs_lower on logs (lower(message))',
]
const ODD_ROWS = `select (array[${VALUES.map(literal).join()}])[n % ${VALUES.length} + 1] as v from generate_series(1, 2000) n`
const ROWS = [
  `insert into ${name(ODD_SCHEMA)}.${name(ODD_TABLE)} select ${ODD_COLUMNS.map(() => 'v').join()} from (${ODD_ROWS}) o`,
  `insert into readings select n, date '2024-01-01' + n % 300, case when n % 10 < 7 then 'view' else 'Kind ' || n % 40 end,
     case when n % 3 > 0 then (array[${VALUES.map(literal).join()}])[n % ${VALUES.length} + 1] || n % 500 end, (enum_range(null::mood))[n % 2 + 1],
     array['t' || n % 30, 'it''s, {' || n % 7 || '}', null], int4range(n % 90, n % 90 + n % 5), n % 1000 / 3.0, decode(md5(n::text), 'hex'), null
   from generate_series(1, 20000) n`,
  `insert into logs select date '2023-01-01' + n % 730, case when n % 50 = 0 then 'error' else 'info' end, 'message ' || n % 900 from generate_series(1, 20000) n`,
]
const QUERIES = [
  'select * from readings where id = 7',
  `select * from readings where kind = 'view'`,
  `select * from readings where kind = 'Kind 7' and amount > 300`,
  `select * from readings where tags @> array['t7']`,
  `select * from readings where span && int4range(3, 9)`,
  `select * from readings where note = ${literal(`it's7`)}`,
  'select count(*) from readings where empty is null',
  `select kind, count(*) from readings group by kind`,
  `select * from readings r join logs l on l.at = r.at where l.level = 'error' and r.mood = 'it''s fine'`,
  `select * from logs where level = 'error'`,
  `select level, count(*) from logs where at >= '2024-02-01' group by level`,
  ...ODD_COLUMNS.map((column) => `select * from ${name(ODD_SCHEMA)}.${name(ODD_TABLE)} where ${name(column)} = ${literal(ATTACK)}`),
]

let server: Server
let rows: DumpRows
let dump: string
let json: string

beforeAll(async () => {
  server = await startServer(18)
  for (const sql of [...SCHEMA, ...ROWS, 'vacuum analyze', 'create table never (a int)']) await server.query(sql, 'production')
  // As pg_dump sets its session: setup_connection in pg_dump.c.
  const settings = { datestyle: 'ISO', intervalstyle: 'postgres', extra_float_digits: '3', search_path: '' }
  const target = { host: server.cluster.folder, database: 'production', user: 'pgwitness_admin', settings }
  await using connection = await openConnection(target, { service: 'test', statementMs: 60_000 }, signal)
  rows = await readRows(connection)
  dump = printDump(rows)
  ;({ json } = await readProductionStatistics({ url: server.url('production', 'pgwitness_admin'), values: true, schemas: [] }, signal))
})
afterAll(async () => await server[Symbol.asyncDispose]())

interface DumpRows {
  relations: Array<Record<string, string> & { names: string[] | null }>
  columns: Array<Record<string, string | null>>
}

/** What getTables, getIndexes and dumpRelationStats of pg_dump 18 select. */
async function readRows(connection: Connection): Promise<DumpRows> {
  const relations = await connection.query<
    DumpRows['relations'][number]
  >(`select n.nspname::text as schema, c.relname::text as name, c.relpages::text,
      c.reltuples::text, c.relallvisible::text, c.relallfrozen::text,
      case when i.indexprs is not null then (select array_agg(a.attname::text order by a.attnum) from pg_attribute a where a.attrelid = i.indexrelid) end as names
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_index i on i.indexrelid = c.oid
    where c.relkind in ('r', 'p', 'i', 'I', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by i.indexrelid is not null, 1, 2`)
  const columns = await connection.query<Record<string, string | null>>(`select schemaname::text, tablename::text, attname::text,
      inherited::text, null_frac::text, avg_width::text, n_distinct::text, most_common_vals::text, most_common_freqs::text, histogram_bounds::text,
      correlation::text, most_common_elems::text, most_common_elem_freqs::text, elem_count_histogram::text, range_length_histogram::text,
      range_empty_frac::text, range_bounds_histogram::text
    from pg_stats order by attname, inherited`)
  return { relations, columns }
}

const TYPES: Array<[string, string]> = [
  ['inherited', 'boolean'],
  ['null_frac', 'real'],
  ['avg_width', 'integer'],
  ['n_distinct', 'real'],
  ['most_common_vals', 'text'],
  ['most_common_freqs', 'real[]'],
  ['histogram_bounds', 'text'],
  ['correlation', 'real'],
  ['most_common_elems', 'text'],
  ['most_common_elem_freqs', 'real[]'],
  ['elem_count_histogram', 'real[]'],
  ['range_length_histogram', 'text'],
  ['range_empty_frac', 'real'],
  ['range_bounds_histogram', 'text'],
]
const HEAD = `--
-- PostgreSQL database dump
--

\\restrict OAubpvAxxekVROwIqsQpMT8FI89OvgJRJiI01BBLeC8hikpUN7TuV3dVFAgdEOp

-- Dumped from database version 18.3 (Debian 18.3-1.pgdg12+1)
-- Dumped by pg_dump version 18.3 (Debian 18.3-1.pgdg12+1)

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;

`
const FOOT = `--
-- PostgreSQL database dump complete
--

\\unrestrict OAubpvAxxekVROwIqsQpMT8FI89OvgJRJiI01BBLeC8hikpUN7TuV3dVFAgdEOp

`

/** As dumpRelationStats of pg_dump 18 prints it. `quote` is appendStringLiteralAH. */
function printDump({ relations, columns }: DumpRows, quote = literal, head = HEAD): string {
  const entries = relations.map(({ schema = '', name = '', names, relpages, reltuples, relallvisible, relallfrozen }) => {
    const start = `\t'version', '180003'::integer,\n\t'schemaname', ${quote(schema)},\n\t'relname', ${quote(name)}`
    const own = columns.filter(({ schemaname, tablename }) => schemaname === schema && tablename === name)
    const calls = own.map((column) => {
      const attname = column.attname ?? ''
      const which = names ? `\t'attnum', '${names.indexOf(attname) + 1}'::smallint` : `\t'attname', ${quote(attname)}`
      const given = TYPES.flatMap(([key, type]) => {
        // A boolean is `t` on the wire.
        const value = key === 'inherited' ? column[key]?.[0] : column[key]
        return value == null ? [] : [`\t'${key}', ${quote(value)}::${type}`]
      })
      return `SELECT * FROM pg_catalog.pg_restore_attribute_stats(\n${[start, which, ...given].join(',\n')}\n);\n`
    })
    return `--
-- Statistics for Name: ${name.replaceAll('\n', ' ')}; Type: STATISTICS DATA; Schema: ${schema}; Owner: -
--

SELECT * FROM pg_catalog.pg_restore_relation_stats(
${start},
\t'relpages', '${relpages}'::integer,
\t'reltuples', '${reltuples}'::real,
\t'relallvisible', '${relallvisible}'::integer,
\t'relallfrozen', '${relallfrozen}'::integer
);
${calls.join('')}

`
  })
  return `${head}${entries.join('')}${FOOT}`
}

/** What both kinds of files tell. Columns of indexes on expressions have names in the one, numbers in the other. */
function told({ relations }: Statistics): unknown[] {
  const numbered = new Set(rows.relations.filter(({ names }) => names).map(({ schema, name: own }) => `${schema}.${own}`))
  return relations
    .map(({ kind: _, toastPages: __, columns, ...one }) => ({
      ...one,
      columns: columns.map(({ number: ___, ...column }) => ({
        ...column,
        column: numbered.has(`${one.schema}.${one.name}`) ? null : column.column,
      })),
    }))
    .sort((a, b) => (`${a.schema}.${a.name}` < `${b.schema}.${b.name}` ? -1 : 1))
}

describe('a dump of a database', () => {
  test('tells what the export of it tells', () => {
    const parsed = parseDump(dump, 'shop.sql')
    expect(told(parsed)).toEqual(told(parseStatistics(json, 'shop.json')))
    expect(parsed.postgres).toBe(180_003)
    const columns = (relation: string): Statistics['relations'][number]['columns'] =>
      parsed.relations.find(({ name: own }) => own === relation)?.columns ?? []
    // The comparison above is worth as much as there is in it.
    expect(columns(ODD_TABLE).map(({ column }) => column)).toEqual(
      [...ODD_COLUMNS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    )
    expect(columns('readings_expressions').map(({ column, number }) => [column, number])).toEqual([
      [null, 3],
      [null, 1],
    ])
    expect(columns('logs').every(({ inherited }) => inherited)).toBe(true)
    expect(columns('readings').find(({ column }) => column === 'span')?.rangeBoundsHistogram).toMatch(/^\{/)
    expect(columns('readings').find(({ column }) => column === 'tags')?.mostCommonElements).toMatch(/^\{/)
    expect(columns('readings').find(({ column }) => column === 'empty')).toMatchObject({ nullFraction: 1, mostCommonValues: null })
    expect(parsed.relations.find(({ name: own }) => own === 'never')).toMatchObject({ tuples: -1, columns: [] })
    expect(parsed.relations.find(({ name: own }) => own === 'logs')).toMatchObject({ pages: 0, analyzedPages: -1, tuples: 20_000 })
    expect(parsed.relations.map(({ name: own }) => own)).not.toContain('injected')
  })
  test.each<[string, (text: string) => string, string]>([
    ['with backslashes doubled', (text) => literal(text.replaceAll('\\', '\\\\')), HEAD.replace('strings = on', 'strings = off')],
    ['as E strings', (text) => `E${literal(text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t'))}`, HEAD],
  ])('is the same %s', (_, quote, head) => {
    expect(parseDump(printDump(rows, quote, head), 'shop.sql')).toEqual(parseDump(dump, 'shop.sql'))
  })
  test('may have line ends of Windows between its statements, and no comments', () => {
    const bare = printDump({ relations: rows.relations.filter(({ name: own }) => own === 'readings_kind'), columns: [] })
    const [wanted] = parseDump(bare, 'shop.sql').relations
    expect(parseDump(`\uFEFF${bare.replaceAll('\n', '\r\n')}`, 'shop.sql').relations).toEqual([wanted])
    expect(parseDump(bare.replaceAll(/^--.*\n/gm, ''), 'shop.sql').relations).toEqual([wanted])
  })
})

async function twinOf(text: string, schema: readonly string[] = SCHEMA): Promise<Clone> {
  const statements = schema.map((one, index) => ({ text: one, line: index + 1 }))
  const twin = await twinClones({ postgres: 18, statistics: { path: 'shop.stats', text } }).create(
    { scripts: [{ path: '1.sql', sql: '', statements }] },
    signal,
  )
  await twin.atProductionSize?.(signal)
  return twin
}

async function plansOf(twin: Clone): Promise<unknown[]> {
  const plans: unknown[] = []
  for (const query of QUERIES) plans.push(await twin.query(`explain (format json, verbose) ${query}`))
  return plans
}

test('twins of a dump and of the export make the same plans', async () => {
  await using ofExport = await twinOf(json)
  await using ofDump = await twinOf(dump)
  expect(ofExport.skipped).toEqual([])
  const wanted = await plansOf(ofExport)
  // Estimates that only statistics give: all rows of one kind, and one of the odd values.
  expect(JSON.stringify(wanted[1])).toMatch(/"Plan Rows":1[34]\d{3}\b/)
  expect(JSON.stringify(wanted.at(-1))).toMatch(/"Plan Rows":125\b/)
  expect(await plansOf(ofDump)).toEqual(wanted)
})
