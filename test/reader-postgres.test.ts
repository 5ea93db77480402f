/** What the reader says of types and functions, compared with a running Postgres. */
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { IMMUTABLE, STABLE, VOLATILE } from '../src/sql/reader/built-in-volatility.ts'
import { readScript } from '../src/sql/reader/read-script.ts'

let database: PGlite
beforeAll(async () => {
  database = await PGlite.create()
}, 60_000)
afterAll(() => database.close())

const TYPES = [
  'int',
  'int2',
  'int4',
  'int8',
  'integer',
  'smallint',
  'bigint',
  'float',
  'float(20)',
  'float4',
  'real',
  'double precision',
  'decimal',
  'dec(5)',
  'numeric',
  'numeric(10, 2)',
  'numeric(3)',
  'bool',
  'boolean',
  'char',
  'char(8)',
  'bpchar',
  'character varying',
  'varchar',
  'varchar(20)',
  'varchar(20)[]',
  'text',
  'text[][]',
  'national character varying(5)',
  'bit',
  'bit(3)',
  'bit varying',
  'varbit(8)',
  'date',
  'time',
  'time(3)',
  'timetz',
  'time(2) with time zone',
  'timestamp',
  'timestamp(3)',
  'timestamptz',
  'timestamptz(6)',
  'timestamp with time zone',
  'interval',
  'interval(3)',
  'interval year to month',
  'interval day to second(3)',
  'interval hour',
  'interval second(2)',
  'uuid',
  'json',
  'jsonb',
  'bytea',
  'inet',
  'money',
  'name',
  'oid',
  'int4range',
  'integer array',
  'pg_catalog.int4',
  'tsvector',
  'xml',
]

test('types are spelled as format_type spells them', async () => {
  const sql = `create table t (${TYPES.map((type, index) => `c${index} ${type}`).join(', ')})`
  await database.exec(sql)
  const { rows } = await database.query<{ type: string }>(
    "select format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum",
  )
  const [{ operations } = { operations: [] }] = await readScript(sql)
  const columns = operations.filter((one) => one.action === 'define column').map((one) => one.column)
  expect(columns.map((one) => one?.fullType)).toEqual(rows.map((row) => row.type))
  expect(columns[TYPES.indexOf('timestamptz(6)')]).toMatchObject({ type: 'timestamp with time zone', modifiers: [6] })
})

test('serial columns are what Postgres makes of them', async () => {
  const sql = 'create table s (a serial, b bigserial, c smallserial, d int generated always as identity)'
  await database.exec(sql)
  const { rows } = await database.query(
    "select attname as name, format_type(atttypid, atttypmod) as type, not attnotnull as nullable from pg_attribute where attrelid = 's'::regclass and attnum > 0 order by attnum",
  )
  const [{ operations } = { operations: [] }] = await readScript(sql)
  expect(operations.slice(1).map(({ column }) => ({ name: column?.name, type: column?.fullType, nullable: column?.nullable }))).toEqual(
    rows,
  )
})

test('the volatility of the functions of Postgres is that of pg_proc', async () => {
  const { rows } = await database.query<{ name: string; volatility: string }>(`
    select proname as name, case when bool_or(provolatile = 'v') then 'volatile' when bool_or(provolatile = 's') then 'stable' else 'immutable' end as volatility
    from pg_proc where pronamespace = 'pg_catalog'::regnamespace and prokind in ('f', 'w')
      and not exists (select from unnest(proargtypes) type where type in ('internal'::regtype, 'cstring'::regtype))
      and prorettype not in ('internal'::regtype, 'cstring'::regtype, 'trigger'::regtype, 'event_trigger'::regtype)
    group by proname`)
  const by = (volatility: string) =>
    rows
      .filter((row) => row.volatility === volatility)
      .map((row) => row.name)
      .sort()
  expect([...VOLATILE].sort()).toEqual(by('volatile'))
  expect([...STABLE].sort()).toEqual(by('stable'))
  expect([...IMMUTABLE].sort()).toEqual(by('immutable'))
})

test.each([
  ['5', 'constant'],
  ["'x'", 'constant'],
  ['null', 'none'],
  ['null::text', 'none'],
  ["'{}'::jsonb", 'constant'],
  ['array[1, 2]', 'constant'],
  ['1 + 2', 'constant'],
  ['-1', 'constant'],
  ["lower('X')", 'constant'],
  ['now()', 'stable'],
  ['current_date', 'stable'],
  ['current_timestamp', 'stable'],
  ['current_user', 'stable'],
  ["now() + interval '1 day'", 'stable'],
  ["timezone('utc', now())", 'stable'],
  ['pg_catalog.now()', 'stable'],
  ['clock_timestamp()', 'volatile'],
  ['random()', 'volatile'],
  ['gen_random_uuid()', 'volatile'],
  ["nextval('s')", 'volatile'],
  ['my_function()', 'volatile'],
  ['case when now() is null then random() end', 'volatile'],
])('a default of %s is %s', async (expression, expected) => {
  const [{ operations } = { operations: [] }] = await readScript(
    `alter table t add column c text default ${expression} not null, alter d set default ${expression}`,
  )
  for (const { column } of operations) expect(column).toMatchObject({ default: expected, defaultExpression: expression })
})

test('statements of our fixtures that Postgres parses are those we parse', async () => {
  for (const sql of [
    'alter table a add b int;',
    'alter table a ad b int;',
    'select $1 from "é"',
    'create tabel x ()',
    "select e'\\''",
    'select (1',
  ]) {
    const error = await database.exec(`do $check$ begin return; ${sql.replace(/;$/, '')}; end $check$`).then(
      () => undefined,
      (one: { code: string }) => one.code,
    )
    const [statement] = await readScript(sql)
    expect([sql, statement?.syntaxError !== undefined]).toEqual([sql, error === '42601'])
  }
})
