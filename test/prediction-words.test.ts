import { describe, expect, test } from 'vitest'
import type { Operation } from '../src/sql/operation.ts'
import { applyPrediction, createdBy, predict } from '../src/sql/prediction/predict.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import type { Statement } from '../src/sql/statement.ts'

/** The last statement of a script, with the words of its operations set as a change without a catalog sets them. */
async function lastOf(script: string): Promise<Statement> {
  const statements = await readScript(script, 'file')
  const statement = statements.at(-1)
  if (!statement) throw new Error('an empty script')
  const earlier = statements.slice(0, -1)
  const created = new Set(statements.flatMap(createdBy))
  const before = new Set(earlier.flatMap(createdBy))
  applyPrediction(statement, predict(statement, { existed: (key) => !before.has(key), postgres: 18, earlier }), created)
  return statement
}

async function wordsOf(script: string): Promise<Array<Pick<Operation, 'lock' | 'rewrites' | 'scans' | 'builds'>>> {
  return (await lastOf(script)).operations.map(({ lock, rewrites, scans, builds }) => ({ lock, rewrites, scans, builds }))
}

const nothing = { lock: 'none', rewrites: false, scans: false, builds: false }

describe('the effect words of operations', () => {
  test('are of each operation by itself', async () => {
    expect(
      await wordsOf('alter table t add column a uuid default gen_random_uuid(), validate constraint c, alter b set statistics 5'),
    ).toEqual([
      { lock: 'access exclusive', rewrites: true, scans: false, builds: false },
      { lock: 'share update exclusive', rewrites: false, scans: false, builds: false },
      { lock: 'share update exclusive', rewrites: false, scans: false, builds: false },
    ])
  })

  test.each([
    ['create index i on t (a)', { lock: 'share', rewrites: false, scans: true, builds: true }],
    ['create index concurrently i on t (a)', { lock: 'share update exclusive', rewrites: false, scans: true, builds: true }],
    ['alter table t add column a timestamptz default now()', { ...nothing, lock: 'access exclusive' }],
    ['alter table t add column a int generated always as identity', { ...nothing, lock: 'access exclusive', rewrites: true }],
    ['alter table t add constraint c check (a > 0) not valid', { ...nothing, lock: 'access exclusive' }],
    ['alter table t add constraint c check (a > 0)', { ...nothing, lock: 'access exclusive', scans: true }],
    ['alter table t add constraint c foreign key (a) references u', { ...nothing, lock: 'share row exclusive', scans: true }],
    ['alter table t add constraint c unique using index i', { ...nothing, lock: 'access exclusive' }],
    ['alter table t alter a type text', { ...nothing, lock: 'access exclusive' }],
    ['alter table t alter a type bigint', { ...nothing, lock: 'access exclusive', rewrites: true }],
    ['alter table t alter a set not null', { ...nothing, lock: 'access exclusive', scans: true }],
    ['alter table t add not null a not valid', { ...nothing, lock: 'access exclusive' }],
    ['alter index i rename to j', nothing],
    ['alter view v rename to w', nothing],
    ['vacuum full t', { ...nothing, lock: 'access exclusive', rewrites: true }],
    ['select * from t', { ...nothing, lock: 'access share' }],
    ['create table n (a int references t)', nothing],
  ])('%s', async (sql, expected) => {
    expect((await wordsOf(sql))[0]).toEqual(expected)
  })

  test('of a foreign key in CREATE TABLE are those on the other table', async () => {
    expect((await wordsOf('create table n (a int references t)')).at(-1)?.lock).toBe('share row exclusive')
  })

  test('say nothing of what the change creates', async () => {
    const script = 'create table n (a int); alter table n alter a type bigint, add constraint c check (a > 0), add unique (a)'
    expect(await wordsOf(script)).toEqual([nothing, nothing, nothing])
  })

  test('say nothing of the body of a function, and all of a DO block', async () => {
    expect(await wordsOf("create function f() returns void language plpgsql as 'begin update t set a = 1; end'")).toContainEqual(nothing)
    expect(await wordsOf("create function f() returns void language plpgsql as 'begin update t set a = 1; end'")).not.toContainEqual({
      ...nothing,
      lock: 'row exclusive',
    })
    expect(await wordsOf("do 'begin update t set a = 1; end'")).toContainEqual({ ...nothing, lock: 'row exclusive' })
  })
})

describe('without a catalog, earlier statements tell', () => {
  const present = 'alter table t add constraint present check (a is not null) not valid;'
  test.each([
    [
      'a validated CHECK that proves NOT NULL',
      `${present} alter table t validate constraint present; alter table t alter a set not null`,
      false,
    ],
    ['one that is not validated', `${present} alter table t alter a set not null`, true],
    [
      'one that was dropped',
      `${present} alter table t validate constraint present; alter table t drop constraint present; alter table t alter a set not null`,
      true,
    ],
    ['a CHECK of something else', 'alter table t add constraint p check (a > 0); alter table t alter a set not null', true],
    ['a CHECK spelled otherwise', 'alter table t add check (b > 0 and not (A IS NULL)); alter table t alter a set not null', false],
  ])('%s', async (_, script, scans) => {
    expect((await lastOf(script)).operations[0]?.scans).toBe(scans)
  })

  test('the type a column had', async () => {
    expect((await lastOf('alter table t add a varchar(20); alter table t alter a type varchar(40)')).operations[0]?.rewrites).toBe(false)
    expect((await lastOf('alter table t add a varchar(40); alter table t alter a type varchar(20)')).operations[0]?.rewrites).toBe(true)
  })

  test("the session's time zone", async () => {
    const script = (zone: string): string =>
      `set timezone = '${zone}'; alter table t add a timestamp; alter table t alter a type timestamptz`
    expect((await lastOf(script('UTC'))).operations[0]?.rewrites).toBe(false)
    expect((await lastOf(script('Europe/Berlin'))).operations[0]?.rewrites).toBe(true)
  })

  test('both tables of a foreign key that is dropped', async () => {
    const script = 'alter table t add constraint c foreign key (a) references u not valid; alter table t drop constraint c'
    const statements = await readScript(script, 'file')
    const [first, last] = statements as [Statement, Statement]
    const { effects } = predict(last, { existed: () => true, postgres: 18, earlier: [first] })
    expect(effects.locks.map((lock) => `${lock.mode} ${lock.relation}`)).toEqual([
      'AccessExclusiveLock public.t',
      'AccessExclusiveLock public.u',
    ])
  })
})

test('createdBy names tables, sequences, indexes, views and types', async () => {
  const script = `create table t (id serial primary key, a int unique, b int generated always as identity);
    create index i on t (a); create view v as select 1; create type m as enum ('a'); create domain d as int;
    alter table t add constraint k unique (a, b); create materialized view s.w as select 1`
  expect((await readScript(script)).flatMap(createdBy).sort()).toEqual([
    'public.d',
    'public.i',
    'public.k',
    'public.m',
    'public.t',
    'public.t_a_key',
    'public.t_b_seq',
    'public.t_id_seq',
    'public.t_pkey',
    'public.v',
    's.w',
  ])
})
