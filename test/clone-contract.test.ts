import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Clone, CloneDied } from '../src/clones/clone.ts'
import { ServiceError } from '../src/errors.ts'
import { type Contestant, openContestant } from './fixtures/contestants.ts'

const signal = new AbortController().signal
const CONTESTANTS = ['embedded', 'local 12', 'local 15', 'local 18', 'template 12', 'template 18', 'url 15', 'twin 18', 'dblab 16']

describe.each(CONTESTANTS)('a clone of %s', (name) => {
  let contestant: Contestant
  let before: string[]
  let clone: Clone
  beforeAll(async () => {
    contestant = await openContestant(name, { statementMs: 1000 })
    before = await contestant.inventory()
  })
  let live: Clone | undefined
  const renew = async (): Promise<void> => {
    await live?.[Symbol.asyncDispose]()
    live = await contestant.provider.create(contestant.base, signal)
    clone = live
  }
  beforeEach(async () => {
    // One that a test has ended is of no use to the next.
    const works = await live?.query('select 1').catch(() => undefined)
    if (!works) await renew()
  })
  afterAll(async () => {
    await live?.[Symbol.asyncDispose]()
    expect(await contestant.inventory()).toEqual(before)
    await contestant[Symbol.asyncDispose]()
  })

  test('says what it is', async () => {
    expect(clone.provider).toBe(name.split(' ')[0])
    expect(clone.provider).toBe(contestant.provider.name)
    expect(clone.version).toMatch(/^\d+\.\d+/)
    expect(clone.postgres).toBe(Number.parseInt(clone.version, 10))
    expect(clone.data).toBe(/template|url|dblab/.test(name) ? 'rows' : name.startsWith('twin') ? 'statistics' : 'nothing')
    expect(clone.skipped).toEqual([])
    const [row] = await clone.query<{ tables: number }>(
      "select count(*)::int as tables from pg_tables where tablename in ('customers', 'orders')",
    )
    expect(row).toEqual({ tables: 2 })
  })
  test('answers our own queries with typed rows', async () => {
    expect(
      await clone.query('select 2::int as n, true as b, array[1, 2] as list, null as nothing, $1::text as given, 3::bigint as big', ['é']),
    ).toEqual([{ n: 2, b: true, list: [1, 2], nothing: null, given: 'é', big: 3 }])
    await expect(clone.query('select nope')).rejects.toMatchObject({ code: '42703' })
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('answers a statement with rows, notices and errors', async () => {
    expect(await clone.run('create table contract_t (a int)', signal)).toMatchObject({ notices: [] })
    expect(await clone.run('insert into contract_t values (1), (2)', signal)).toMatchObject({ rows: 2, ms: expect.any(Number) })
    expect((await clone.run('create table if not exists contract_t (a int)', signal)).notices).toMatchObject([
      { severity: 'NOTICE', code: '42P07' },
    ])
    const { error } = await clone.run('select é from contract_t', signal)
    expect(error).toMatchObject({ code: '42703', position: 8 })
    expect((await clone.run('drop table contract_t', signal)).error).toBeUndefined()
  })
  test('takes one statement at a time and none of what it is never sent', async () => {
    const codes: Array<string | undefined> = []
    for (const sql of [
      'create table contract_one (a int); create table contract_two (a int)',
      'select 1\0',
      "copy orders to program 'cat'",
      "copy orders from /* here */ program 'cat'",
      'copy orders from stdin',
    ]) {
      codes.push((await clone.run(sql, signal)).error?.code)
    }
    expect(codes).toEqual(['42601', '22021', '42501', '42501', '57014'])
    expect(await clone.query("select to_regclass('contract_one') as one")).toEqual([{ one: null }])
  })
  test('runs a batch until something fails, and then only what always runs', async () => {
    const outcomes = await clone.batch(
      [
        { sql: ['begin', 'create table contract_batched (a int)'] },
        { sql: 'select * from nowhere' },
        { sql: 'select 1 as x', name: 'one' },
        { sql: ['rollback'], always: true },
        { sql: 'select $1::text as x', name: 'two', parameters: ['customers'], always: true },
      ],
      signal,
    )
    expect(outcomes.map(({ error, skipped }) => error?.code ?? skipped)).toEqual([false, '42P01', true, false, false])
    expect(outcomes[4]?.values).toEqual([{ x: 'customers' }])
    expect(outcomes[0]?.parts).toHaveLength(2)
  })
  test('sends several statements as one transaction, and says how far it came', async () => {
    const several = async (...sql: string[]) => (await clone.batch([{ sql }], signal))[0]
    const failed = await several("insert into customers values (-1, 'a@example.com', 1)", 'select 1 / 0', 'select 2')
    expect(failed?.parts.map(({ rows, error }) => error?.code ?? rows)).toEqual([1, '22012'])
    expect(failed?.error?.code).toBe('22012')
    expect(await clone.query('select id from customers where id = -1')).toEqual([])
    expect((await several('select 1', 'vacuum'))?.error?.code).toBe('25001')
    expect((await several('select 1', "copy orders to program 'cat'", 'select 2'))?.parts.map(({ error }) => error?.code)).toEqual([
      undefined,
      '42501',
    ])
  })
  test('keeps its named queries when a script discards them', async () => {
    const ask = async () => (await clone.batch([{ sql: 'select 1 as x', name: 'kept' }], signal))[0]?.values
    expect(await ask()).toEqual([{ x: '1' }])
    await clone.run('discard all', signal)
    await clone.run('deallocate all', signal)
    expect(await ask()).toEqual([{ x: '1' }])
  })
  test('forgets what a script set', async () => {
    const state = `select current_setting('search_path') as path, current_setting('DateStyle') as dates, current_setting('session_replication_role') as role,
      current_setting('default_transaction_read_only') as reads, current_setting('client_encoding') as encoding, session_user::text as who, current_user::text as am,
      (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as advisory, (select count(*)::int from pg_cursors where name = 'held') as cursors`
    const [fresh] = await clone.query(state)
    for (const sql of [
      'create temp table passing (a int)',
      'set search_path = nowhere',
      "set DateStyle = 'German'",
      'set default_transaction_read_only = on',
      "set client_encoding = 'latin1'",
      'select pg_advisory_lock(1)',
      'declare held cursor with hold for select 1',
    ]) {
      expect((await clone.run(sql, signal)).error, sql).toBeUndefined()
    }
    const [outcome] = await clone.batch([{ sql: [...clone.resetSession] }], signal)
    expect(outcome?.error).toBeUndefined()
    expect(await clone.query(state)).toEqual([{ ...(fresh as object) }])
    expect(await clone.query("select to_regclass('pg_temp.passing') as passing")).toEqual([{ passing: null }])
  })
  test('drops rows that nobody reads', async () => {
    expect(await clone.run("select repeat('x', 1000) from generate_series(1, 30000)", signal)).toMatchObject({ rows: 30_000 })
  })
  test('offers further sessions, or none', async () => {
    if (!clone.connect) return
    await using script = await clone.connect('script', signal)
    await using observer = await clone.connect('observer', signal)
    expect(new Set([clone.pid, script.pid, observer.pid]).size).toBe(3)
    await clone.batch([{ sql: ['begin'] }, { sql: 'lock table orders' }], signal)
    const [held] = await observer.query<{ pid: number }>("select pid from pg_locks where relation = 'public.orders'::regclass and granted")
    expect(held?.pid).toBe(clone.pid)
    expect((await script.run("set lock_timeout = '50ms'", signal)).error).toBeUndefined()
    expect((await script.run('select 1 from orders', signal)).error?.code).toBe('55P03')
    await clone.run('rollback', signal)
    expect((await observer.query<{ path: string }>("select current_setting('search_path') as path"))[0]?.path).toBe('pg_catalog')
  })
  test('keeps what follows from its base, or computes it anew', async () => {
    if (!clone.memo) return
    await renew()
    let computed = 0
    const ask = async () => {
      return await clone.memo?.(`contract ${process.pid}`, async () => {
        computed += 1
        return 'answer'
      })
    }
    expect([await ask(), await ask(), computed]).toEqual(['answer', 'answer', 1])
    await clone.run('create table contract_more (a int)', signal)
    expect([await ask(), computed]).toEqual(['answer', 2])
  })
  test('ends a statement at its limit, says so, and starts anew where it can', async () => {
    await clone.run("create table contract_gone as select 'lost' as what", signal)
    const slow = clone.batch([{ sql: ['begin'] }, { sql: 'select pg_sleep(20)' }, { sql: 'select 1' }], signal)
    await expect(slow).rejects.toBeInstanceOf(CloneDied)
    await expect(slow).rejects.toMatchObject({ step: 1 })
    if (!clone.restart) return
    await clone.restart(signal)
    expect(await clone.query("select to_regclass('contract_gone') as gone, to_regclass('orders')::text as kept")).toEqual([
      { gone: null, kept: 'orders' },
    ])
    expect((await clone.run("insert into customers values (-3, 'c@example.com', 3)", signal)).error).toBeUndefined()
  })
  test('is not started for ever', async () => {
    // A native clone may start anew so often that it would take minutes.
    if (!clone.restart || clone.connect) return
    const again = async () => {
      for (let i = 0; i < 20; i += 1) await clone.restart?.(signal)
    }
    await expect(again()).rejects.toBeInstanceOf(ServiceError)
  })
  test('stops when its caller wants it to', async () => {
    await expect(clone.run('select pg_sleep(20)', AbortSignal.timeout(100))).rejects.toThrow()
    await expect(contestant.provider.create(contestant.base, AbortSignal.abort())).rejects.toThrow()
  })
  test('that was closed says so, also when it is closed again', async () => {
    await clone[Symbol.asyncDispose]()
    await expect(clone.query('select 1')).rejects.toBeInstanceOf(ServiceError)
    await expect(clone.run('select 1', signal)).rejects.toBeInstanceOf(CloneDied)
    await clone[Symbol.asyncDispose]()
  })
  test('whose session ends is dead, honestly', async () => {
    if (!clone.connect) return
    const ended = clone.batch([{ sql: 'select 1' }, { sql: 'select pg_terminate_backend(pg_backend_pid())' }], signal)
    await expect(ended).rejects.toBeInstanceOf(CloneDied)
    await expect(ended).rejects.toMatchObject({ step: 1 })
    await expect(clone.run('select 1', signal)).rejects.toBeInstanceOf(CloneDied)
  })
})
