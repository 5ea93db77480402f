import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { pruneCache } from '../src/clones/cache.ts'
import type { BaseScript, Clone } from '../src/clones/clone.ts'
import { embeddedClones } from '../src/clones/embedded.ts'
import { extensionsIn } from '../src/clones/extensions.ts'
import { readSnapshot } from '../src/clones/snapshot.ts'
import { ServiceError } from '../src/errors.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const signal = new AbortController().signal
const cacheDir = mkdtempSync(join(tmpdir(), 'pgwitness-clones-'))
const provider = embeddedClones({ cacheDir, statementMs: 1000 })

beforeAll(async () => {
  // The empty cluster, which every other test starts from.
  await using _ = await provider.create({ scripts: [] }, signal)
})
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }))

function script(path: string, ...texts: string[]): BaseScript {
  return { path, sql: texts.join(';\n'), statements: texts.map((text, index) => ({ text, line: index + 1 })) }
}

async function tables(clone: Clone): Promise<string[]> {
  const rows = await clone.query<{ name: string }>("select relname as name from pg_class where relkind = 'r' and oid >= 16384 order by 1")
  return rows.map(({ name }) => name)
}

describe('a clone', () => {
  let clone: Clone
  beforeAll(async () => {
    clone = await provider.create({ scripts: [] }, signal)
  })
  afterAll(async () => await clone[Symbol.asyncDispose]())

  test('is Postgres 18, as a server would be', async () => {
    expect(clone).toMatchObject({
      provider: 'embedded',
      postgres: 18,
      version: expect.stringMatching(/^18\.\d+$/),
      skipped: [],
      cached: true,
    })
    const [row] = await clone.query('select current_setting($1) as path, 2::int as n, true as b, array[1, 2] as list', ['search_path'])
    expect(row).toEqual({ path: '"$user", public', n: 2, b: true, list: [1, 2] })
  })
  test('answers a statement with rows, notices and errors', async () => {
    expect(await clone.run('create table t (a int)', signal)).toMatchObject({ notices: [] })
    expect(await clone.run('insert into t values (1), (2)', signal)).toMatchObject({ rows: 2 })
    expect((await clone.run('create table if not exists t (a int)', signal)).notices).toMatchObject([{ severity: 'NOTICE', code: '42P07' }])
    expect((await clone.run('select é from t', signal)).error).toMatchObject({ code: '42703', position: 8 })
    expect((await clone.run('set local lock_timeout = 3', signal)).notices).toMatchObject([{ severity: 'WARNING', code: '25P01' }])
  })
  test('takes one statement at a time', async () => {
    expect((await clone.run('create table one (a int); create table two (a int)', signal)).error?.code).toBe('42601')
    expect(await tables(clone)).not.toContain('one')
  })
  test.each([
    ['a NUL', 'select 1\0; drop table t', '22021'],
    ['COPY to a program', "copy t to program 'cat'", '42501'],
    ['COPY from a program', "COPY t\n FROM /* here */ PROGRAM 'cat'", '42501'],
    ['COPY without data', 'copy t from stdin', '57014'],
  ])('refuses %s and goes on', async (_, sql, code) => {
    expect((await clone.run(sql, signal)).error?.code).toBe(code)
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('drops rows nobody reads', async () => {
    expect(await clone.run("select repeat('x', 1000) from generate_series(1, 50000)", signal)).toMatchObject({ rows: 50_000 })
  })
  test('runs a batch until something fails, and then only what always runs', async () => {
    const outcomes = await clone.batch(
      [
        { sql: ['begin', 'create table batched (a int)'] },
        { sql: 'select * from nowhere' },
        { sql: 'select 1 as x', name: 'one' },
        { sql: ['rollback'], always: true },
        { sql: 'select $1::text as x', name: 'two', parameters: ['é'], always: true },
      ],
      signal,
    )
    expect(outcomes.map(({ error, skipped }) => error?.code ?? skipped)).toEqual([false, '42P01', true, false, false])
    expect(outcomes[4]?.values).toEqual([{ x: 'é' }])
    expect(outcomes[0]?.parts).toHaveLength(2)
  })
  test('keeps its named queries when a script discards them', async () => {
    const ask = async () => (await clone.batch([{ sql: 'select 1 as x', name: 'kept' }], signal))[0]?.values
    expect(await ask()).toEqual([{ x: '1' }])
    await clone.run('discard all', signal)
    expect(await ask()).toEqual([{ x: '1' }])
  })
  test('says what went wrong with a query of ours', async () => {
    await expect(clone.query('select nope')).rejects.toMatchObject({ code: '42703' })
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('a clone that is gone says so, always', () => {
  async function expectDead(clone: Clone, sql: string, reason: string, asked = signal): Promise<void> {
    await expect(clone.run(sql, asked)).rejects.toThrow(reason)
    await expect(clone.run('select 1', signal)).rejects.toBeInstanceOf(ServiceError)
    await expect(clone.query('select 1')).rejects.toThrow(reason)
  }
  test('after its time limit', async () => {
    await using clone = await provider.create({ scripts: [] }, signal)
    await expectDead(clone, 'do $$ begin loop end loop; end $$', 'one statement ran longer than 1 s')
  })
  test('when it is wedged', async () => {
    await using clone = await provider.create({ scripts: [] }, signal)
    await clone.run('create table t (a int)', signal)
    await expectDead(clone, `do $$ begin execute 'copy t to prog' || 'ram ''cat'''; end $$`, 'no longer answers')
  })
  test('when its caller stops it', async () => {
    await using clone = await provider.create({ scripts: [] }, signal)
    await expectDead(clone, 'select pg_sleep(10)', 'stopped by its caller', AbortSignal.timeout(100))
  })
  test('when it was closed', async () => {
    const clone = await provider.create({ scripts: [] }, signal)
    await clone[Symbol.asyncDispose]()
    await expect(clone.query('select 1')).rejects.toThrow('it was closed')
  })
  test('a limit is for one statement, not for many', async () => {
    await using clone = await provider.create({ scripts: [] }, signal)
    const outcomes = await clone.batch(
      Array.from({ length: 4 }, () => ({ sql: 'select pg_sleep(0.4)' })),
      signal,
    )
    expect(outcomes.every(({ error }) => !error)).toBe(true)
  })
  test('a create that is stopped', async () => {
    await expect(provider.create({ scripts: [] }, AbortSignal.abort())).rejects.toBeInstanceOf(ServiceError)
  })
})

describe('the base', () => {
  test('holds what can be replayed, and says what cannot', async () => {
    await using clone = await provider.create(
      {
        scripts: [
          script(
            '1.sql',
            'create table a (id int)',
            'create index concurrently a_id on a (id)',
            'alter table a owner to "The Owner"',
            'grant select on a to reader',
          ),
          script(
            '2.sql',
            'create extension postgis',
            'create table b (id int)',
            'create table c (g geometry)',
            'select 1\0',
            "copy b to program 'cat'",
          ),
          script(
            '3.sql',
            'begin',
            "set local search_path = 'pg_temp'",
            'create table d (id int)',
            'commit',
            'begin',
            'create table gone (id int)',
            'rollback',
          ),
          script('4.sql', 'create schema other', "set search_path = 'other'", 'create table e (id int)'),
          script('5.sql', 'create table f (id int)', 'copy f from stdin'),
        ],
      },
      signal,
    )
    expect(clone.skipped.map(({ path, line, reason }) => `${path}:${line} ${reason}`)).toEqual([
      '2.sql:4 invalid byte sequence for encoding "UTF8": 0x00 (22021)',
      '2.sql:5 COPY … PROGRAM is not run on a clone (42501)',
      '2.sql:1 the embedded Postgres has no extension "postgis"',
      '2.sql:3 type "geometry" does not exist (42704)',
    ])
    expect(await tables(clone)).toEqual(['a', 'b', 'e', 'f'])
    const [row] =
      await clone.query(`select to_regclass('public.f')::text as f, to_regclass('other.e')::text as e, to_regclass('a_id')::text as i,
      pg_get_userbyid(relowner) as owner from pg_class where relname = 'a'`)
    expect(row).toEqual({ f: 'f', e: 'other.e', i: 'a_id', owner: 'The Owner' })
  })
  test('leaves out a file that hangs', async () => {
    await using clone = await provider.create(
      {
        scripts: [
          script('1.sql', 'create table a (id int)'),
          script('2.sql', 'do $$ begin loop end loop; end $$'),
          script('3.sql', 'create table c (id int)'),
        ],
      },
      signal,
    )
    expect(clone.skipped).toMatchObject([{ path: '2.sql', reason: expect.stringContaining('ran longer than 1 s') }])
    expect(await tables(clone)).toEqual(['a', 'c'])
  })
  test('loads the extensions it and the change ask for', async () => {
    const texts = [
      'CREATE EXTENSION IF NOT EXISTS "uuid-ossp";',
      'create extension vector',
      'create  extension\nearthdistance cascade',
      'create extension postgis',
    ]
    expect(extensionsIn(texts)).toEqual(['cube', 'earthdistance', 'uuid-ossp', 'vector'])
    const base = {
      scripts: [
        script(
          '1.sql',
          'create extension "uuid-ossp"',
          'create extension vector',
          'create table v (id uuid default uuid_generate_v4(), e vector(3))',
        ),
      ],
    }
    for (const cached of [false, true]) {
      await using clone = await provider.create(
        { ...base, later: ['create extension hstore; create extension earthdistance cascade'] },
        signal,
      )
      expect(clone).toMatchObject({ skipped: [], cached })
      expect((await clone.run("insert into v (e) values ('[1,2,3]')", signal)).error).toBeUndefined()
      expect((await clone.run('create extension hstore', signal)).error).toBeUndefined()
      expect((await clone.run('create extension earthdistance cascade', signal)).error).toBeUndefined()
    }
  })
})

describe('the cache', () => {
  const first = script('1.sql', 'create table a (id int)', 'create table broken (g geometry)')
  const second = script('2.sql', 'insert into a values (7)')
  const snapshots = () =>
    readdirSync(cacheDir)
      .filter((name) => name.endsWith('.snapshot'))
      .sort()

  async function rows(scripts: BaseScript[]): Promise<{ rows: number; cached: boolean; skipped: number }> {
    await using clone = await provider.create({ scripts }, signal)
    const [row] = await clone.query<{ n: number }>('select count(*)::int as n from a')
    return { rows: row?.n ?? -1, cached: clone.cached, skipped: clone.skipped.length }
  }

  test('holds a base by its content, and what was skipped with it', async () => {
    expect(await rows([first])).toEqual({ rows: 0, cached: false, skipped: 1 })
    expect(await rows([first])).toEqual({ rows: 0, cached: true, skipped: 1 })
  })
  test('gives the beginning of a base that grew', async () => {
    const before = snapshots()
    expect(await rows([first, second])).toEqual({ rows: 1, cached: false, skipped: 1 })
    expect(snapshots().filter((name) => !before.includes(name))).toHaveLength(1)
    await using clone = await provider.create({ scripts: [first, second] }, signal)
    await clone.run('drop table a', signal)
    // What one does to its copy is nothing to the next.
    expect(await rows([first, second])).toEqual({ rows: 1, cached: true, skipped: 1 })
  })
  test('builds anew what is damaged', async () => {
    const scripts = [script('spoiled.sql', 'create table a (id int)')]
    const before = snapshots()
    await rows(scripts)
    const [name = 'nothing was stored'] = snapshots().filter((one) => !before.includes(one))
    const path = join(cacheDir, name)
    expect(readSnapshot(path)).toBeDefined()
    const whole = readFileSync(path)
    const changed = Buffer.from(whole)
    changed[whole.length - 5000] = (whole[whole.length - 5000] ?? 0) ^ 1
    for (const bytes of [whole.subarray(0, 1_000_000), whole.subarray(0, 10), Buffer.alloc(0), changed]) {
      writeFileSync(path, bytes)
      expect(readSnapshot(path)).toBeUndefined()
    }
    expect(await rows(scripts)).toMatchObject({ rows: 0, cached: false })
    expect(readSnapshot(path)).toBeDefined()
  })
  test('keeps what follows from a base, until something else has run', async () => {
    const scripts = [script('memo.sql', 'create table a (id int)')]
    const ask = async (clone: Clone, answer: string) => await clone.memo?.('answer', async () => answer)
    await using clone = await provider.create({ scripts }, signal)
    expect(await ask(clone, 'first')).toBe('first')
    expect(await ask(clone, 'second')).toBe('first')
    await clone.run('create table b (id int)', signal)
    expect(await ask(clone, 'third')).toBe('third')
    await using again = await provider.create({ scripts }, signal)
    expect(await ask(again, 'fourth')).toBe('first')
  })
  test('is shared by several at once', async () => {
    const scripts = [script('shared.sql', 'create table a (id int)')]
    const all = await Promise.all([rows(scripts), rows(scripts)])
    expect(all.map((one) => one.rows)).toEqual([0, 0])
    expect(readdirSync(cacheDir).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
  test('keeps the newest and drops what was abandoned', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pgwitness-prune-'))
    for (let i = 0; i < 5; i += 1) {
      writeFileSync(join(folder, `${i}.snapshot`), '')
      utimesSync(join(folder, `${i}.snapshot`), 1000 + i, 1000 + i)
    }
    for (const name of ['old.tmp', 'new.tmp']) writeFileSync(join(folder, name), '')
    utimesSync(join(folder, 'old.tmp'), 1000, 1000)
    pruneCache(folder, join(folder, '0.snapshot'), 2)
    expect(readdirSync(folder).sort()).toEqual(['0.snapshot', '3.snapshot', '4.snapshot', 'new.tmp'])
    rmSync(folder, { recursive: true })
  })
})

test('a clone that nobody closed does not keep the process alive', () => {
  const file = new URL('../src/clones/embedded.ts', import.meta.url).href
  const code = `const { embeddedClones } = await import(${JSON.stringify(file)})
    const clone = await embeddedClones({ cacheDir: ${JSON.stringify(cacheDir)} }).create({ scripts: [] }, new AbortController().signal)
    console.log((await clone.query('select 1 as x'))[0].x)`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8', timeout: 20_000 })
  expect({ stdout, stderr, status }).toEqual({ stdout: '1\n', stderr: '', status: 0 })
})
