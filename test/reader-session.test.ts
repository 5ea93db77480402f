import { expect, test } from 'vitest'
import type { Operation } from '../src/sql/operation.ts'
import { createdKeysAfter, markNew } from '../src/sql/reader/mark-new.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import type { TransactionMode } from '../src/sql/statement.ts'

async function operations(sql: string, mode?: TransactionMode): Promise<Operation[]> {
  return (await readScript(sql, mode)).flatMap((statement) => statement.operations)
}

/** Of each SELECT, which stands for any statement: its value of a setting. */
async function settings(name: string, sql: string, mode?: TransactionMode) {
  return (await operations(sql, mode)).filter((one) => one.action === 'select').map((one) => one.settings[name])
}

/** `0 block`, `1 none explicit` of each statement. */
async function transactions(sql: string, mode?: TransactionMode) {
  return (await operations(sql, mode)).map(
    ({ transaction: { number, mode: kind, explicit } }) => `${number} ${kind}${explicit ? ' explicit' : ''}`,
  )
}

test('SET and RESET hold for what follows', async () => {
  expect(
    await settings(
      'lock_timeout',
      "select 1; set Lock_Timeout = '2s'; select 2; reset lock_timeout; select 3; set lock_timeout to 5; select 4; reset all; select 5",
    ),
  ).toEqual([undefined, '2s', undefined, '5', undefined])
  expect(
    await settings(
      'lock_timeout',
      "set lock_timeout = '2s'; set lock_timeout to default; select 1; set lock_timeout = 1; discard all; select 2",
    ),
  ).toEqual([undefined, undefined])
  expect(await settings('search_path', 'set search_path to app, "Other", public; select 1')).toEqual(['app, Other, public'])
  expect(await settings('timezone', "set time zone 'UTC'; select 1; set timezone = 'Europe/Paris'; select 2")).toEqual([
    'UTC',
    'Europe/Paris',
  ])
})

test('set_config is SET', async () => {
  const sql = "select set_config('lock_timeout', '2s', false), set_config('Statement_Timeout', '5s', true); select 1"
  expect(await settings('lock_timeout', sql)).toEqual([undefined, '2s'])
  expect(await settings('statement_timeout', sql, 'file')).toEqual([undefined, '5s'])
  expect(await settings('statement_timeout', sql, 'none')).toEqual([undefined, undefined])
})

test('SET LOCAL ends with its transaction and has no effect outside one', async () => {
  const sql = "set local lock_timeout = '1s'; select 1; begin; set local lock_timeout = '2s'; select 2; commit; select 3"
  expect(await settings('lock_timeout', sql, 'none')).toEqual([undefined, '2s', undefined])
  expect(await settings('lock_timeout', sql, 'file')).toEqual(['1s', '2s', undefined])
  expect(await settings('lock_timeout', "set lock_timeout = '1s'; begin; set local lock_timeout = '2s'; select 1; end; select 2")).toEqual([
    '2s',
    '1s',
  ])
  expect(
    await settings('lock_timeout', "begin; set local lock_timeout = '2s'; set lock_timeout = '3s'; select 1; commit; select 2"),
  ).toEqual(['3s', '3s'])
})

test('ROLLBACK takes back what was set', async () => {
  expect(
    await settings(
      'lock_timeout',
      "begin; set lock_timeout = '2s'; select 1; rollback; select 2; begin; set lock_timeout = '3s'; commit; select 3",
    ),
  ).toEqual(['2s', undefined, '3s'])
  expect(
    await settings(
      'lock_timeout',
      "begin; set lock_timeout = '1s'; savepoint a; set lock_timeout = '2s'; select 1; rollback to a; select 2; commit; select 3",
    ),
  ).toEqual(['2s', '1s', '1s'])
})

test('a DO block can set; a function has its own settings and leaves none', async () => {
  const sql = `do $$ begin set local lock_timeout = '1s'; perform 1; set statement_timeout = '9s'; end $$; select 2;
    create function f() returns void language sql set lock_timeout = '7s' as 'select 3'; select 4`
  expect(await settings('lock_timeout', sql)).toEqual(['1s', undefined, '7s', undefined])
  expect(await settings('statement_timeout', sql)).toEqual([undefined, '9s', '9s', '9s'])
})

test('by the mode of the script', async () => {
  expect(await transactions('select 1; select 2', 'none')).toEqual(['0 none', '1 none'])
  expect(await transactions('select 1; select 2', 'implicit')).toEqual(['0 implicit', '0 implicit'])
  expect(await transactions('select 1', 'implicit')).toEqual(['0 none'])
  expect(await transactions('select 1; select 2', 'file')).toEqual(['0 block', '0 block'])
})

test('by what the script itself says', async () => {
  expect(await transactions('select 1; begin; select 2; commit; select 3', 'none')).toEqual([
    '0 none',
    '1 block explicit',
    '1 block explicit',
    '1 block explicit',
    '2 none',
  ])
  expect(await transactions('select 1; commit; select 2; select 3; begin; select 4; rollback', 'file')).toEqual([
    '0 block',
    '0 block',
    '1 none',
    '2 none',
    '3 block explicit',
    '3 block explicit',
    '3 block explicit',
  ])
  expect(await transactions('select 1; begin; select 2; commit; select 3; select 4', 'implicit')).toEqual([
    '0 implicit',
    '0 block explicit',
    '0 block explicit',
    '0 block explicit',
    '1 implicit',
    '1 implicit',
  ])
  expect(await transactions('begin; commit and chain; select 1; end', 'none')).toEqual([
    '0 block explicit',
    '0 block explicit',
    '1 block explicit',
    '1 block explicit',
  ])
  expect(await transactions("begin; prepare transaction 'x'; commit prepared 'x'", 'none')).toEqual([
    '0 block explicit',
    '0 block explicit',
    '1 none',
  ])
})

test('a table is new from its creation on', async () => {
  const news = (
    await operations(
      'alter table a add b int; create table a (id int primary key references a); alter table a add c int; alter table b add c int references a; truncate b',
    )
  ).map((one) => [one.action, one.table?.new, one.constraint?.references?.table.new])
  expect(news).toEqual([
    ['add column', false, undefined],
    ['create table', true, undefined],
    ['define column', true, undefined],
    ['add constraint', true, undefined],
    ['add constraint', true, true],
    ['add column', true, undefined],
    ['add column', false, undefined],
    ['add constraint', false, true],
    ['truncate', false, undefined],
  ])
})

test.each([
  ['create table a (i int); alter table a rename to b; truncate b', true],
  ['create table a (i int); drop table a; alter table c rename to a; truncate a', false],
  ['create table a (i int); alter table a set schema app; truncate app.a', true],
  ['create table a (i int); alter table a set schema app; truncate a', false],
  ['create table a (i int); alter table b rename to c; truncate b', false],
  ['create temp table t (i int); truncate t', true],
  ['create temp table t (i int); truncate public.t', false],
  ['create table app.a (i int); truncate a', false],
  ['set search_path = app; create table a (i int); truncate app.a', true],
  ['set search_path = app; create table a (i int); reset search_path; truncate a', false],
  ["select set_config('search_path', '', false); create table public.a (i int); truncate a", true],
  ['create table app.a (i int); set search_path = other, app; truncate a', true],
  ['create table a as select 1; truncate a', true],
  ['select 1 as i into a; truncate a', true],
  ['create view v as select 1; drop view v', true],
  ['create or replace view v as select 1; drop view v', false],
  ['create materialized view m as select 1; refresh materialized view m', true],
  ['create table a (i int); create index i on a (i); drop index i', true],
  ['create index i on a (i); drop index i', false],
  ['create table a (id serial primary key); alter sequence a_id_seq restart', true],
  ['create table a (id int primary key, b int unique); drop index a_b_key', true],
  ['do $$ begin create table a (i int); end $$; truncate a', true],
  ["create function f() returns void language sql as 'create table a (i int)'; truncate a", false],
  ['create schema app create table a (i int); truncate app.a', true],
])('%s: new is %s', async (sql, expected) => {
  expect((await operations(sql)).at(-1)?.table?.new).toBe(expected)
})

test('tables created elsewhere in the change are marked afterwards', async () => {
  const statements = await readScript(
    'alter table a add b int; alter table c add constraint f foreign key (x) references a; drop table a; create table d (i int); truncate a',
  )
  const marked = markNew(statements, new Set(['public.a']))
  const news = (list: typeof statements) => list.flatMap((one) => one.operations).map((one) => one.table?.new)
  expect(news(marked)).toEqual([true, false, true, true, true, false])
  expect(marked[1]?.operations[0]?.constraint?.references?.table.new).toBe(true)
  expect(news(statements)).toEqual([false, false, false, true, true, false])
  expect([...createdKeysAfter(statements, new Set(['public.a', 'public.x']))]).toEqual(['public.x', 'public.d'])
})
