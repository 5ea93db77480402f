import { expect, test } from 'vitest'
import type { Operation } from '../src/sql/operation.ts'
import { readScript } from '../src/sql/reader/read-script.ts'

async function read(sql: string): Promise<Operation[]> {
  const statements = await readScript(sql)
  expect(statements.filter((one) => one.syntaxError)).toEqual([])
  return statements.flatMap((one) => one.operations)
}

test('constraints written on a column are operations of their own', async () => {
  const operations = await read(
    'alter table orders add column customer bigint not null default 0 references customers (id) on delete cascade deferrable initially deferred check (customer > 0) unique',
  )
  expect(operations.map((one) => [one.action, one.constraint?.type, one.constraint?.inline])).toEqual([
    ['add column', undefined, undefined],
    ['add constraint', 'foreign key', true],
    ['add constraint', 'check', true],
    ['add constraint', 'unique', true],
  ])
  expect(operations[0]?.column).toMatchObject({
    name: 'customer',
    type: 'bigint',
    nullable: false,
    default: 'constant',
    defaultExpression: '0',
    unique: true,
    primary: false,
  })
  expect(operations[1]?.constraint).toMatchObject({
    columns: ['customer'],
    references: { table: { key: 'public.customers', new: false }, columns: ['id'] },
    onDelete: 'cascade',
    onUpdate: 'no action',
    deferrable: true,
    initiallyDeferred: true,
    valid: true,
    enforced: true,
  })
  expect(operations[2]?.constraint?.expression).toBe('customer > 0')
})

test('CREATE TABLE defines columns and adds constraints', async () => {
  const operations =
    await read(`create table t (id int, a text not null default 'x', b int references o, c int generated always as (id * 2) stored,
    d int generated always as (id + 1), primary key (id, b), constraint positive check (b > 0) not enforced, unique (a) include (b), exclude using gist (a with =), constraint n not null c)`)
  expect(operations.map((one) => `${one.statement}: ${one.action} ${one.column?.name ?? ''} ${one.constraint?.type ?? ''}`.trim())).toEqual(
    [
      'create table: create table',
      'create table: define column id',
      'create table: define column a',
      'create table: define column b',
      'create table: add constraint b foreign key',
      'create table: define column c',
      'create table: define column d',
      'create table: add constraint  primary key',
      'create table: add constraint  check',
      'create table: add constraint  unique',
      'create table: add constraint  exclusion',
      'create table: add constraint  not null',
    ],
  )
  expect(operations[0]).toMatchObject({ columns: 5, primaryKey: true, persistence: 'permanent', partitioned: false, guarded: false })
  const nullable = operations.filter((one) => one.action === 'define column').map((one) => one.column?.nullable)
  expect(nullable).toEqual([false, false, false, false, true])
  expect(operations[5]?.column).toMatchObject({ generated: 'stored', generatedExpression: 'id * 2', default: 'none' })
  expect(operations[6]?.column).toMatchObject({ generated: 'virtual' })
  expect(operations[8]?.constraint).toMatchObject({ name: 'positive', enforced: false, valid: false, expression: 'b > 0' })
})

test.each([
  [
    'alter table t add constraint c check (a > 0) not valid',
    'add constraint',
    { constraint: { type: 'check', valid: false, name: 'c', expression: 'a > 0' } },
  ],
  [
    'alter table t add constraint c foreign key (a) references p not valid',
    'add constraint',
    { constraint: { type: 'foreign key', valid: false, columns: ['a'] } },
  ],
  ['alter table t add constraint c unique using index i', 'add constraint', { constraint: { type: 'unique', index: 'i', valid: true } }],
  [
    'alter table t add constraint c not null a not valid',
    'add constraint',
    { constraint: { type: 'not null', valid: false, columns: ['a'] } },
  ],
  [
    'alter table t alter a type varchar(30) using trim(a)',
    'alter column type',
    { column: { name: 'a', fullType: 'character varying(30)' }, using: 'trim(a)' },
  ],
  [
    'alter table only t drop column if exists a cascade',
    'drop column',
    { only: true, guarded: true, cascade: true, column: { name: 'a' } },
  ],
  [
    'alter table t attach partition p for values from (1) to (2)',
    'attach partition',
    { partition: 'public.p', default: false, bounds: 'for values from (1) to (2)' },
  ],
  ['alter table t attach partition p default', 'attach partition', { default: true, bounds: 'default' }],
  ['alter table t detach partition p concurrently', 'detach partition', { concurrently: true, finalize: false }],
  [
    'alter index i attach partition app.j',
    'attach index',
    { partition: 'app.j', statement: 'alter index', index: { name: 'i', schema: 'public' } },
  ],
  [
    'alter table t set (autovacuum_enabled = off, fillfactor = 5)',
    'set options',
    { options: ['autovacuum_enabled', 'fillfactor'], autovacuumOff: true },
  ],
  ['alter table t set (autovacuum_enabled)', 'set options', { autovacuumOff: false }],
  ['alter view v rename to w', 'rename table', { to: 'w', object: 'view', statement: 'alter view' }],
  ['alter table t replica identity using index i', 'replica identity', { to: 'index', index: { name: 'i' } }],
  ['alter table t disable trigger all', 'disable trigger', { name: 'all' }],
  [
    "alter type app.mood add value if not exists 'x' before 'y'",
    'add enum value',
    { value: 'x', before: 'y', guarded: true, type: 'app.mood' },
  ],
  [
    'alter domain d add constraint c check (value > 0) not valid',
    'alter domain',
    { what: 'add constraint', valid: false, type: 'public.d' },
  ],
  [
    'create unique index concurrently i on only t using btree (a, lower(b) desc) include (c) where d is null',
    'create index',
    {
      concurrently: true,
      unique: true,
      only: true,
      columnCount: 2,
      calls: ['lower'],
      index: { columns: ['a', '(…)'], include: ['c'], predicate: 'd is null', expressions: true, orders: [null, 'desc'] },
    },
  ],
  ['reindex (concurrently false) table t', 'reindex', { concurrently: false, object: 'table' }],
  ['vacuum (full off) t', 'vacuum', { full: false }],
  ['update t set a = 1, b = 2 where true', 'update', { where: false, sets: ['a', 'b'] }],
  ['update t set a = 1 where a is null', 'update', { where: true, nullFilter: true, column: { name: 'a' } }],
  ['insert into t (a) values (1), (2) on conflict do nothing', 'insert', { columns: true, into: ['a'], values: 2, onConflict: true }],
  ["create table t (id int default nextval('app.s'))", 'create table', { primaryKey: false }],
  ['lock table t', 'lock table', { mode: 'access exclusive', nowait: false }],
  [
    'create function f() returns int language sql security definer set search_path = app return 1',
    'create function',
    { securityDefiner: true, searchPath: true, language: 'sql' },
  ],
  [
    'create materialized view m as select * from t with no data',
    'create materialized view',
    { withData: false, star: true, reads: ['public.t'] },
  ],
])('%s', async (sql, action, words) => {
  const [first] = await read(sql)
  expect(first).toMatchObject({ action, lock: 'none', rewrites: false, scans: false, builds: false, ...words })
})

test('a list of objects is an operation each', async () => {
  expect(
    (await read('drop table a, app.b cascade; truncate a, b; lock a, b; vacuum a, b; drop index i, j; drop type x, y')).map(
      (one) => one.table?.key ?? one.type,
    ),
  ).toEqual([
    'public.a',
    'app.b',
    'public.a',
    'public.b',
    'public.a',
    'public.b',
    'public.a',
    'public.b',
    'public.i',
    'public.j',
    'public.x',
    'public.y',
  ])
})

test('a query tells what it reads, common table expressions and aliases left out', async () => {
  const [select] = await read(
    'with x as (select * from a), y as (select 1) select (select max(q) from app.b) from x join y on true join c as z using (id) where exists (select from d) for update of z',
  )
  expect(select).toMatchObject({
    action: 'select',
    reads: ['app.b', 'public.c', 'public.d', 'public.a'],
    locked: ['public.c'],
    star: false,
    forUpdate: true,
  })
  expect(
    (await read('with gone as (delete from a returning *), y as (update b set c = 1) insert into d select * from gone')).map((one) => [
      one.action,
      one.table?.key,
    ]),
  ).toEqual([
    ['insert', 'public.d'],
    ['delete', 'public.a'],
    ['update', 'public.b'],
  ])
})

test('comparisons name their column, table and constant', async () => {
  const compared = (
    await read(
      "select 1 from orders o join lines l on o.id = l.order_id where o.code like '%x' and lower(l.note) = 'y' and not (o.id in (select 1)) and l.at::date > '2020-01-01' and 5 <= qty and o.a + 1 = 2",
    )
  )
    .filter((one) => one.action === 'compare')
    .map((one) => [one.operator, one.table?.key, one.column?.name, one.wrapped, one.constant])
  expect(compared).toEqual([
    ['=', 'public.orders', 'id', undefined, undefined],
    ['like', 'public.orders', 'code', undefined, '%x'],
    ['=', 'public.lines', 'note', 'lower', 'y'],
    ['not in', 'public.orders', 'id', undefined, undefined],
    ['>', 'public.lines', 'at', 'cast', '2020-01-01'],
    ['<=', undefined, 'qty', undefined, '5'],
    ['=', 'public.orders', 'a', 'expression', '2'],
  ])
})
