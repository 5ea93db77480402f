/** What a script's statements say of a table is what Postgres then shows of it. */
import { afterAll, describe, expect, test } from 'vitest'
import { embeddedClones } from '../src/clones/embedded.ts'
import { readCatalog } from '../src/experiments/read-catalog.ts'
import type { Scene } from '../src/rules/claim.ts'
import { blockingIndex } from '../src/rules/detectors/blocking-index.ts'
import { blockingIndexDrop } from '../src/rules/detectors/blocking-index-drop.ts'
import { concurrentTimeout } from '../src/rules/detectors/concurrent-timeout.ts'
import { type KnownTable, tableAfter, tableAt } from '../src/rules/known-table.ts'
import { readScript } from '../src/sql/reader/read-script.ts'

const signal = new AbortController().signal
const clone = await embeddedClones({}).create({ scripts: [] }, signal)
afterAll(() => clone[Symbol.asyncDispose]())

async function scene(text: string): Promise<Scene> {
  return { statements: await readScript(text, 'file'), postgres: 18, before: undefined, after: undefined }
}

/** Without what only one of the two can know. */
function plain(table: KnownTable | undefined) {
  return (
    table && {
      columns: [...table.columns],
      partitioned: table.partitioned,
      indexes: table.indexes
        .map(({ name, unique, primary, columns, keys, include, method }) => ({ name, unique, primary, columns, keys, include, method }))
        .sort((a, b) => a.name.localeCompare(b.name)),
    }
  )
}

describe('a table by its statements and by the catalog', () => {
  test.each([
    'create table t (id bigint primary key, code varchar(10) unique, total numeric(10,2) not null, tags text[])',
    'create table t (a int, b int, constraint one primary key (a, b)); create index on t (b); create index t_wide on t (b, a desc)',
    'create table t (a int not null, b text); create unique index t_a on t (b); alter table t add constraint t_key primary key using index t_a',
    'create table t (a int, at timestamp(3) with time zone); alter table t alter column a set not null; alter table t add column c date not null',
    'create table t (a int, b text); alter table t alter column a type bigint; alter table t drop column b; alter table t alter a drop not null',
    'create table t (id int, at date) partition by range (at); create index t_at on t using btree (at, id)',
    'create table t ("A,b" text, c int); create unique index t_e on t (coalesce("A,b", \'x,)\'), "A,b" desc) include (c)',
    'create table t (a text, b int); create index t_like on t (a text_pattern_ops) include (b); create index t_brin on t using brin (b)',
    'create table t (region int, number int, unique (region, number)); create index t_lower on t ((region + 1))',
  ])('agree: %s', async (text) => {
    for (const sql of ['drop schema public cascade', 'create schema public']) await clone.run(sql, signal)
    for (const statement of await readScript(text)) expect((await clone.run(statement.text, signal)).error).toBeUndefined()
    const said = await scene(text)
    const [spelled, shown] = [plain(tableAt(said, 'public.t')), plain(tableAfter({ ...said, after: await readCatalog(clone) }, 'public.t'))]
    for (const table of [spelled, shown]) for (const index of table?.indexes ?? []) if (index.columns.includes(null)) index.keys = []
    expect(spelled).toEqual(shown)
  })
  test('is not whole when something else shapes it', async () => {
    for (const text of [
      'create table t (like u)',
      'create table t () inherits (u)',
      'create table if not exists t (a int)',
      'alter table t add a int',
    ]) {
      expect(tableAt(await scene(text), 'public.t')?.whole, text).toBe(false)
    }
  })
})

describe('fixes a splice cannot write', () => {
  async function steps(text: string) {
    const { statements, ...rest } = await scene(text)
    const touched = statements.map((one) => ({
      ...one,
      operations: one.operations.map((it) => ({ ...it, builds: true, lock: 'access exclusive' as const })),
    }))
    return [...blockingIndex({ ...rest, statements: touched }), ...blockingIndexDrop({ ...rest, statements: touched })].map(
      (one) => one.steps,
    )
  }
  test('a concurrent build loses IF NOT EXISTS', async () => {
    expect(await steps('create unique  index if not exists "Mail" on t (email) where x')).toEqual([
      ['create unique  index concurrently "Mail" on t (email) where x'],
    ])
    expect(await steps('create index mail on t (email)')).toEqual([undefined])
  })
  test('indexes are dropped concurrently one at a time, without CASCADE', async () => {
    const drops = ['drop index concurrently public.a', 'drop index concurrently shop."B"']
    expect(await steps('drop index a, shop."B"')).toEqual([drops, drops])
    expect(await steps('drop index a cascade')).toEqual([['drop index concurrently public.a']])
    expect(await steps('drop index a')).toEqual([undefined])
  })
})

describe('timeouts on a concurrent build', () => {
  test.each([
    ["set lock_timeout = '5s'", true],
    ['set lock_timeout = 5000', true],
    ["set statement_timeout = '59min'", true],
    ["set lock_timeout to '1min'", true],
    ['set lock_timeout = 0', false],
    ["set lock_timeout = '0s'", false],
    ["set lock_timeout = '1h'", false],
    ["set statement_timeout = '2h'", false],
    ['set lock_timeout = default', false],
    ["set idle_in_transaction_session_timeout = '5s'", false],
  ])('%s', async (setting, isShort) => {
    const said = concurrentTimeout({
      ...(await scene('')),
      statements: await readScript(`${setting}; create index concurrently on t (a);`, 'none'),
    })
    expect(said.length > 0).toBe(isShort)
  })
})
