import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clone, Connection } from '../src/clones/clone.ts'
import { openConnection } from '../src/clones/native/connection.ts'
import { readProductionStatistics } from '../src/clones/twin/export.ts'
import { twinClones } from '../src/clones/twin.ts'
import { UserError } from '../src/errors.ts'
import { parseDump } from '../src/statistics/dump.ts'
import { parseStatistics, type Statistics } from '../src/statistics/statistics.ts'
import { withoutValues } from '../src/statistics/without-values.ts'
import { type Server, SHOP, startServer } from './fixtures/servers.ts'

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
/** Made after ANALYZE. */
const NEVER = 'create table never (a int)'
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
  `select * from readings where lower(kind) = 'kind 7' and amount * 2 < 30`,
  `select * from logs where lower(message) = 'message 7'`,
  ...ODD_COLUMNS.map((column) => `select * from ${name(ODD_SCHEMA)}.${name(ODD_TABLE)} where ${name(column)} = ${literal(ATTACK)}`),
]

let server: Server
let rows: DumpRows
let dump: string
let json: string

beforeAll(async () => {
  server = await startServer(18)
  for (const sql of [...SCHEMA, ...ROWS, 'vacuum analyze', NEVER]) await server.query(sql, 'production')
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

async function twinOf(text: string, schema: readonly string[] = [...SHOP, ...SCHEMA, NEVER]): Promise<Clone> {
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
  expect([...(ofExport.notes ?? []), ...(ofDump.notes ?? [])]).toEqual([])
  // Estimates that only statistics give: all rows of one kind, and one of the odd values.
  expect(JSON.stringify(wanted[1])).toMatch(/"Plan Rows":1[34]\d{3}\b/)
  expect(JSON.stringify(wanted.at(-1))).toMatch(/"Plan Rows":125\b/)
  expect(await plansOf(ofDump)).toEqual(wanted)
})

/** Is in every file below, and may be in no message. */
const SECRET = 'ada@example.com'
const COLUMN = {
  column: 'id',
  inherited: false,
  nullFraction: 0,
  averageWidth: 4,
  distinct: -1,
  mostCommonValues: `{"${SECRET}"}`,
  mostCommonFrequencies: '{0.5}',
}
const RELATION = {
  schema: 'public',
  name: 'victims',
  kind: 'r',
  pages: 10,
  analyzedPages: 10,
  tuples: 1000,
  allVisiblePages: 0,
  columns: [COLUMN],
}
const FILE = {
  version: 1,
  postgres: 180_000,
  exportedAt: '',
  blockSize: 8192,
  values: true,
  settings: {},
  relations: [RELATION],
  extended: [],
}

/** A file of ours with a relation changed, its column, or the whole. */
function exported(relation: object, column: object = {}, file: object = {}): string {
  return JSON.stringify({ ...FILE, relations: [{ ...RELATION, columns: [{ ...COLUMN, ...column }], ...relation }], ...file })
}

function call(of: 'relation' | 'attribute', given: Record<string, string>): string {
  const target =
    of === 'relation' ? { schemaname: `'public'`, relname: `'victims'` } : { schemaname: `'public'`, relname: `'victims'`, attname: `'id'` }
  const pairs = Object.entries({ ...target, ...given }).map(([key, value]) => `\t'${key}', ${value}`)
  return `SELECT * FROM pg_catalog.pg_restore_${of}_stats(\n${pairs.join(',\n')}\n);\n`
}
const COUNTS = call('relation', { relpages: `'10'::integer`, reltuples: `'1000'::real`, relallvisible: `'0'::integer` })
const VALUE = call('attribute', {
  inherited: `'f'::boolean`,
  most_common_vals: `'{"${SECRET}"}'::text`,
  most_common_freqs: `'{0.5}'::real[]`,
})
/** A dump of one relation with one column, with something between. */
function dumped(between: string): string {
  return `${HEAD}${COUNTS}${between}${VALUE}${FOOT}`
}

/** What the user is told of a file that cannot be used; undefined when it can. */
function complaint(text: string): string | undefined {
  try {
    twinClones({ postgres: 18, statistics: { path: 'shop.stats', text } })
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    const { message } = error as Error
    expect(message).toContain('shop.stats')
    expect(message.length).toBeLessThan(2_000)
    expect(message).not.toContain(SECRET)
    expect(message).not.toMatch(/\b(?:undefined|NaN|Infinity|TypeError|RangeError)\b|\n\s+at /)
    return message
  }
}

const NESTED = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const ZEROS = '0'.repeat(16)
/** Little-endian header of n-distinct statistics of one item, whose number of columns is missing. */
const DISTINCT = `a4bf52a30100000001000000${ZEROS}`
const BROKEN_EXPORTS: Array<[string, string, RegExp]> = [
  ['an empty file', '', /is empty/],
  ['white space', ' \n\t', /is empty/],
  ['binary', Buffer.from([0, 255, 254, 1, 2, 3, 0, 128]).toString('utf8'), /no text in UTF-8/],
  ['UTF-16', Buffer.from(exported({}), 'utf16le').toString('utf8'), /no text in UTF-8/],
  ['gzip', gzipSync(exported({})).toString('utf8'), /compressed: unpack/],
  ['a custom dump', `PGDMP\x01\x10\0${SECRET}`, /custom format.*pg_restore/],
  [
    'a dump without statistics',
    `-- PostgreSQL database dump\nCREATE TABLE t (a text DEFAULT '${SECRET}');\n`,
    /neither JSON nor a dump with statistics/,
  ],
  ['text', SECRET, /neither JSON nor a dump/],
  ['half a file', exported({}).slice(0, -20), /broken or was cut off/],
  ['JSON of others', JSON.stringify([SECRET]), /expected object/],
  ['null', 'null', /expected object/],
  ['deep nesting', NESTED, /expected object/],
  ['deep nesting inside', exported({}).replace('"columns":[', `"columns":[${NESTED},`), /columns > 0: .*expected object/],
  ['a key of its own', exported({ [SECRET.slice(0, 3).repeat(200_000)]: 1 }), /public\.victims: Unrecognized key/],
  ['a key that ends a line', exported({ '\x1b[2J\n': 1 }), /public\.victims: Unrecognized key: "\?\[2J\?"$/],
  ['a prototype', exported({}).replace('{"schema"', '{"__proto__":{"polluted":true},"schema"'), /Unrecognized key/],
  ['a constructor', exported({ constructor: { prototype: { polluted: true } } }), /Unrecognized key/],
  ['text for a number', exported({ tuples: SECRET }), /public\.victims > tuples: .*expected number/],
  ['a number for text', exported({ name: 7 }), /name: .*expected string/],
  ['relations that are none', exported({}, {}, { relations: { length: 1e9 } }), /relations: .*expected array/],
  ['1e400', exported({}).replace('"tuples":1000', '"tuples":1e400'), /tuples: .*expected number/],
  ['2^63', exported({}).replace('"analyzedPages":10', '"analyzedPages":9223372036854775808'), /analyzedPages: .*<=/],
  ['no real', exported({}).replace('"distinct":-1', '"distinct":1e-320'), /id > distinct: .*type real/],
  ['half a page', exported({ pages: 0.5 }), /pages: .*expected int/],
  ['more rows than there are', exported({ tuples: 1e15 }), /tuples: Too big/],
  ['negative pages', exported({ pages: -5 }), /pages: Too small/],
  ['more pages than there are', exported({ pages: 2 ** 40 }), /pages: Too big/],
  [
    'a million files',
    exported({}, {}, { relations: Array.from({ length: 40 }, (_, n) => ({ ...RELATION, name: `t${n}`, pages: 4e9 })) }),
    /128 TB/,
  ],
  ['a fraction over 1', exported({}, { nullFraction: 1.5 }), /public\.victims > columns > id > nullFraction: Too big/],
  ['no array', exported({}, { mostCommonValues: SECRET }), /mostCommonValues: .*start with/],
  ['a name of a million characters', exported({ name: 'x'.repeat(1e6) }), /name: Too big/],
  ['no name', exported({ name: '' }), /name: Too small/],
  ['a name with escapes of terminals', exported({ name: '\x1b]0;gone\x07', pages: -1 }), /public\.\?\]0;gone\? > pages/],
  ['a relation twice', exported({}, {}, { relations: [RELATION, RELATION] }), /public\.victims: is there twice/],
  ['a column twice', exported({ columns: [COLUMN, COLUMN] }), /public\.victims > columns > id: is there twice/],
  ['a column without name and number', exported({}, { column: null }), /no number/],
  ['another version', exported({}, {}, { version: 2 }), /version: /],
  ['blocks of 4 kB', exported({}, {}, { blockSize: 4096 }), /another size than 8192/],
  ['a setting of two lines', exported({}, {}, { settings: { work_mem: "4MB'\n; drop table victims" } }), /work_mem: a setting is/],
  ...[`${DISTINCT}ffffff0f0100`, `${DISTINCT}02000000`, `${DISTINCT}0200000001000200ff`, '', '00', 'zz'].map(
    (distinct): [string, string, RegExp] => [
      `extended statistics of ${distinct || 'nothing'}`,
      exported({}, {}, { extended: [{ schema: 'public', name: 's', inherited: false, columns: [1, 2], distinct }] }),
      /extended > 0 > distinct|public\.s > distinct/,
    ],
  ),
]

const BROKEN_DUMPS: Array<[string, string, RegExp]> = [
  ['half a dump', dumped('').slice(0, -FOOT.length), /has no end.*cut off/],
  ['half a call', dumped('').slice(0, HEAD.length + COUNTS.length + 61), /line \d+: .*cut off/],
  ['half a value', dumped('').slice(0, dumped('').indexOf(SECRET) + 3), /line \d+: .*cut off/],
  ['a comment that does not end', dumped('/* '), /has no end.*cut off/],
  ['a string that does not end', dumped(`SELECT '`), /line 23: .*cut off/],
  ['UTF-16', Buffer.from(dumped(''), 'utf16le').toString('utf8'), /no text in UTF-8/],
  ['gzip', gzipSync(dumped('')).toString('utf8'), /compressed: unpack/],
  [
    'text for a number',
    dumped(call('attribute', { attname: `'b'`, null_frac: `'${SECRET}'::real` })),
    /line 23: null_frac is not a number/,
  ],
  ...['1e400', 'NaN', 'Infinity', '-Infinity', '0x10', '', ' 1', '1_000'].map((number): [string, string, RegExp] => [
    `${number || 'nothing'} for a number`,
    dumped(call('attribute', { attname: `'b'`, n_distinct: `'${number}'::real` })),
    /n_distinct is not a number/,
  ]),
  ['2^63', dumped(call('relation', { relname: `'b'`, relpages: `'9223372036854775808'::integer` })), /public\.b > analyzedPages: Too big/],
  [
    'negative pages',
    dumped(call('relation', { relname: `'b'`, relpages: `'-4294967299'::integer` })),
    /public\.b > analyzedPages: Too small/,
  ],
  ['negative rows', dumped(call('relation', { relname: `'b'`, reltuples: `'-2'::real` })), /public\.b > tuples: Too small/],
  [
    'a fraction over 1',
    dumped(call('attribute', { attname: `'b'`, null_frac: `'2'::real` })),
    /public\.victims > columns > b > nullFraction/,
  ],
  ['no array', dumped(call('attribute', { attname: `'b'`, most_common_vals: `'${SECRET}'::text` })), /mostCommonValues/],
  ['no boolean', dumped(call('attribute', { attname: `'b'`, inherited: `'${SECRET}'` })), /inherited is neither/],
  ['a column without name and number', dumped(call('attribute', { attname: 'NULL' })), /no number/],
  ['a name of a million characters', dumped(call('relation', { relname: `'${'x'.repeat(1e6)}'` })), /name: Too big/],
  ['a relation twice', dumped(COUNTS), /line 23: .*second statistics/],
  ['a column twice', dumped(VALUE), /public\.victims > columns > id: is there twice/],
  [
    'a form before the release',
    dumped(`SELECT * FROM pg_catalog.pg_restore_relation_stats(\n\t'relation', 'public.t'::regclass\n);\n`),
    /no schemaname/,
  ],
  ['a function for a value', dumped(call('attribute', { attname: `pg_read_file('/etc/passwd')` })), /value of 'attname' is no literal/],
  ['a sum of strings', dumped(call('attribute', { attname: `'a' || '${SECRET}'` })), /neither a comma nor the end/],
  ['an escape by number', dumped(call('attribute', { attname: `E'\\x61'` })), /value of 'attname' is no literal/],
  ['something behind a call', dumped(COUNTS.replace(');', ') FROM victims;')), /does not end with/],
  ['an argument without a value', dumped(call('attribute', {}).replace(`, 'id'`, '')), /'attname' has no value/],
  ['two databases', dumped(`\\connect other\n`), /several databases/],
  ['another encoding', dumped('').replace('UTF8', 'LATIN1').replace(SECRET, 'b\uFFFDb'), /written in LATIN1.*--encoding=UTF8/],
]

describe('a file that cannot be used is told in a sentence', () => {
  test.each(BROKEN_EXPORTS)('%s in an export', (_, text, message) => expect(complaint(text)).toMatch(message))
  test.each(BROKEN_DUMPS)('%s in a dump', (_, text, message) => expect(complaint(text)).toMatch(message))
  test('wherever it was cut off', () => {
    for (const whole of [exported({}), dumped(''), dump, json].map((text) => text.trimEnd())) {
      expect(complaint(whole)).toBeUndefined()
      const step = Math.ceil(whole.length / 40)
      // A dump is whole from its last comment on.
      const end = whole.startsWith('{') ? whole.length : whole.indexOf('database dump complete')
      for (let length = 1; length < end; length += step) expect(complaint(whole.slice(0, length)), `${length} characters`).toBeDefined()
    }
  })
  test('nothing reaches other objects', () => expect({}).not.toHaveProperty('polluted'))
})

/** Statements of which each hides statistics where psql would find none. */
const HIDDEN = call('relation', { relname: `'hidden'`, relpages: `'7'::integer` })
const BETWEEN: Array<[string, string]> = [
  ['settings', `SET lock_timeout = 0;\nSELECT pg_catalog.set_config('search_path', '', false);\n`],
  ['comments', `-- ${HIDDEN.replaceAll('\n', ' ')}\n/* /* ' */ ${HIDDEN} */ -- it's\n`],
  ['commands of psql', `\\restrict x\n\\echo ${HIDDEN.replaceAll('\n', ' ')}\n\\! rm -rf /\n`],
  ['rows', `COPY public."a;b 'c" (id, "x;y") FROM stdin;\n1\t'\n${HIDDEN}\\.\n\nCOPY public.empty (id) FROM stdin;\n\\.\n`],
  ['strings', `INSERT INTO t VALUES ('${HIDDEN.replaceAll("'", "''")}', E'\\'${HIDDEN.replaceAll("'", "\\'")}', 'it''s \\');\n`],
  [
    'functions',
    `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $_$ ${HIDDEN} $$ ' $_$;\nCREATE FUNCTION g$1(a int) RETURNS int AS 'select $1' LANGUAGE sql;\n`,
  ],
  ['identifiers', `CREATE TABLE "a;'" (id int, "$$" int, b$c$d int);\n`],
  ['other statements', `DROP TABLE victims; SELECT 1; DO $$ begin ${HIDDEN} end $$;\n`],
  ['statistics of a later version', `SELECT * FROM pg_catalog.pg_restore_extended_stats(\n\t'version', '190000'::integer\n);\n`],
]

describe('a dump may hold besides', () => {
  const plain = parseDump(dumped(''), 'shop.sql')
  test.each(BETWEEN)('%s', (_, between) => {
    expect(complaint(dumped(between))).toBeUndefined()
    expect(parseDump(dumped(between), 'shop.sql')).toEqual(plain)
    expect(parseDump(between + dumped(''), 'shop.sql')).toEqual(plain)
  })
  test('the one database it creates', () => {
    expect(parseDump(`CREATE DATABASE shop;\n\\connect shop\n${dumped('')}`, 'shop.sql')).toEqual(plain)
  })
  test('arguments nobody knows yet, and values without quotes', () => {
    const other = dumped('')
      .replace(`'10'::integer`, '10::integer')
      .replace(`'f'::boolean`, `false, '__proto__', 'x', 'new_in_19', NULL::real[]`)
    expect(parseDump(other, 'shop.sql')).toEqual(plain)
  })
  test('pages that do not fit into a number with a sign', () => {
    expect(parseDump(dumped('').replace(`'10'::integer`, `'-2000000000'::integer`), 'shop.sql').relations[0]).toMatchObject({
      pages: 2_294_967_296,
    })
  })
  test('a value of very many quotes, backslashes, braces', () => {
    const long = `{${`''\\{$$/*--`.repeat(2e5)}}`
    const text = dumped(
      call('attribute', { attname: `'b'`, most_common_vals: `'${long}'::text`, histogram_bounds: `E'${long.replaceAll('\\', '\\\\')}'` }),
    )
    const [column] = parseDump(text, 'shop.sql').relations[0]?.columns ?? []
    expect(column?.mostCommonValues).toBe(long.replaceAll(`''`, `'`))
    expect(column?.histogramBounds).toBe(column?.mostCommonValues)
  })
})

test('an export whose values look like a dump is an export', () => {
  expect(complaint(exported({}, { mostCommonValues: `{"${COUNTS.replaceAll('\n', ' ')}"}` }))).toBeUndefined()
})

describe('what can be loaded is data', () => {
  const relations = [
    {
      ...RELATION,
      columns: [
        { ...COLUMN, mostCommonValues: `{1,2}'); drop table victims; --}` },
        { ...COLUMN, column: ATTACK },
      ],
    },
    { ...RELATION, schema: ODD_SCHEMA, name: ATTACK },
    { ...RELATION, schema: 'pg_catalog', name: 'pg_class', pages: 1e6 },
    { ...RELATION, name: 'readings', tuples: 1e9, pages: 100_000, analyzedPages: 2 ** 32 - 2, columns: [] },
  ]
  const settings = {
    work_mem: `4MB'; drop table victims; --`,
    search_path: 'evil',
    'work_mem; drop table victims; --': '1',
    constructor: 'x',
  }
  const hostileExport = exported({}, {}, { relations, settings }).replace('"settings":{', '"settings":{"__proto__":"on",')
  const hostileDump = dumped(
    call('relation', { relname: literal(ATTACK), relpages: `'3'::integer` }) +
      call('attribute', {
        attname: literal(ATTACK),
        most_common_vals: literal(`{1}'); drop table victims; --}`),
        most_common_freqs: `'{1}'`,
      }) +
      call('relation', { relname: `'readings'`, reltuples: `'1e+09'::real`, relpages: `'100000'::integer` }),
  )
  test.each([
    ['export', hostileExport],
    ['dump', hostileDump],
  ])('in an %s', async (_, text) => {
    await using twin = await twinOf(text)
    expect(
      await twin.query(`select to_regclass('public.victims') is not null as there, current_setting('search_path') like '%evil%' as evil`),
    ).toEqual([{ there: true, evil: false }])
    expect(JSON.stringify(await twin.query('explain (format json) select * from readings'))).toContain('Seq Scan')
    expect(twin.notes?.join()).toContain(`public.victims.${ATTACK}`)
    expect(twin.notes?.join()).toContain('which the schema here does not have')
  })
})

test('what the type of a column runs has the rights of scripts, and what does not fit a column is told', async () => {
  const schema = [
    'create table ran (by text)',
    'grant insert on ran to public',
    `create function judge(value int) returns boolean language plpgsql as $$ begin insert into public.ran values (current_user); return true; end $$`,
    'create domain judged as int check (public.judge(value))',
    'create table victims (id judged, other int)',
  ]
  const columns = [
    { ...COLUMN, mostCommonValues: '{1}' },
    { ...COLUMN, column: 'other' },
  ]
  await using twin = await twinOf(exported({ columns }), schema)
  expect(await twin.query('select distinct by from ran')).toEqual([{ by: 'postgres' }])
  expect(twin.notes?.join()).toContain('public.victims.other')
  expect(twin.notes?.join()).not.toContain(SECRET)
})

test('a stranger sees no value of a row: what is left is what an export without values has', () => {
  const column = {
    column: 'email',
    inherited: false,
    nullFraction: 0,
    averageWidth: 20,
    distinct: -1,
    mostCommonValues: '{canary@example.com}',
    mostCommonFrequencies: '{0.5}',
    histogramBounds: '{canary-a,canary-z}',
    correlation: 0.5,
    mostCommonElements: '{canary}',
    mostCommonElementFrequencies: '{0.5,0.5,0.5}',
    elementCountHistogram: null,
    rangeLengthHistogram: '{1}',
    rangeEmptyFraction: 0,
    rangeBoundsHistogram: '{"[1,2)"}',
  }
  const relation = {
    schema: 'public',
    name: 'people',
    kind: 'r',
    pages: 10,
    analyzedPages: 10,
    tuples: 100,
    allVisiblePages: 0,
    toastPages: 0,
    columns: [column],
  }
  const file = {
    version: 1,
    postgres: 180000,
    exportedAt: '2026-01-01T00:00:00Z',
    blockSize: 8192,
    values: true,
    settings: {},
    relations: [relation],
    extended: [],
  }
  const text = withoutValues(JSON.stringify(file), 'stats.json')
  expect(text).not.toContain('canary')
  const { values, relations } = parseStatistics(text, 'stats.json')
  expect(values).toBe(false)
  expect(relations[0]?.columns[0]).toMatchObject({
    column: 'email',
    distinct: -1,
    correlation: 0.5,
    mostCommonValues: null,
    histogramBounds: null,
  })
})
