import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localBinaries, localClones } from '../src/clones/local.ts'
import type { Binaries } from '../src/clones/native/binaries.ts'
import { readProductionStatistics } from '../src/clones/twin/export.ts'
import { twinClones } from '../src/clones/twin.ts'
import { urlClones } from '../src/clones/url.ts'
import { UserError } from '../src/errors.ts'
import { EXPERIMENT } from '../src/experiments/index-trial.ts'
import type { IndexAdvice } from '../src/experiments/indexes/advice.ts'
import { CANARY, LATE_SCHEMA, ODD_SCHEMA, THEIR_SCHEMA } from './fixtures/odd-tables.ts'
import { type Server, SHOP, startServer } from './fixtures/servers.ts'
import { WORKLOAD, WORKLOAD_ROWS, WORKLOAD_SCHEMA } from './fixtures/workload.ts'

type Input = Omit<Parameters<typeof EXPERIMENT.run>[1], 'queries'>

const EVERYTHING = `select 'relation ' || c.oid::regclass || ' ' || relkind::text || ' ' || relfilenode || ' ' || coalesce(reloptions::text, '') as one from pg_class c
    where relnamespace not in (select oid from pg_namespace where nspname ~ '^pg_temp|^pg_toast' or nspname in ('pg_catalog', 'information_schema'))
  union all select 'extension ' || extname from pg_extension
  union all select 'schema ' || nspname from pg_namespace where nspname !~ '^pg_'
  union all select 'sequence ' || sequencename || ' ' || coalesce(last_value, 0) from pg_sequences
  union all select 'setting ' || setconfig::text from pg_db_role_setting
  union all select 'rows ' || c.oid::regclass || ' ' || (xpath('/row/n/text()', query_to_xml('select count(*) as n from ' || c.oid::regclass, false, true, '')))[1]::text
    from pg_class c where relkind in ('r', 'm') and relnamespace::regnamespace::text !~ '^pg_|^information'
  order by 1`

/** A database of each kind of table, and what is asked of it. */
async function startShop(major: number, also: readonly string[] = [], binaries?: Binaries): Promise<Server> {
  const server = await startServer(major, [], binaries)
  await server.query('grant create on database production to shop_script', 'production')
  for (const sql of [...WORKLOAD_SCHEMA, ...WORKLOAD_ROWS, ...ODD_SCHEMA]) await server.query(`set role shop_script; ${sql}`, 'production')
  for (const sql of [...THEIR_SCHEMA, ...also]) await server.query(sql, 'production')
  await server.query('vacuum analyze', 'production')
  for (const sql of LATE_SCHEMA) await server.query(`set role shop_script; ${sql}`, 'production')
  await server.renew('shop_disposable')
  await server.renew('fresh_copy')
  return server
}

async function run(server: Server, queries: string, input: Input = {}, signal = new AbortController().signal): Promise<IndexAdvice> {
  await using clone = await urlClones({ url: server.url('shop_disposable') }).create({ scripts: [] }, signal)
  return await EXPERIMENT.run(clone, { queries, ...input }, { signal, progress() {} })
}

/** Runs it, one query a line; nothing may be left of it or told of rows, and what it advises has to work on a fresh copy. */
async function advise(server: Server, queries: readonly string[], input: Input = {}): Promise<IndexAdvice> {
  const before = await server.query(EVERYTHING, 'shop_disposable')
  const advice = await run(server, queries.join(';\n'), input)
  expect(await server.query(EVERYTHING, 'shop_disposable')).toEqual(before)
  expect((await server.inventory()).filter((one) => one.startsWith('session'))).toEqual([])
  const told = [JSON.stringify(advice), EXPERIMENT.summarise(advice), ...EXPERIMENT.render(advice)].join('\n')
  expect(told).not.toMatch(new RegExp(CANARY, 'i'))
  expect(told).not.toMatch(/NaN|Infinity|undefined|pgwitness_/)
  await tryOnCopy(server, advice, queries)
  return advice
}

async function tryOnCopy(server: Server, { indexes }: IndexAdvice, queries: readonly string[]): Promise<void> {
  const names = async (): Promise<string[]> => {
    const sql = 'select c.relname::text as name from pg_index join pg_class c on c.oid = indexrelid order by 1'
    return (await server.query<{ name: string }>(sql, 'fresh_copy')).map(({ name }) => name)
  }
  const drops: string[] = []
  const made: string[][] = []
  for (const { requires, statement, table } of indexes) {
    if (requires !== null) await server.query(requires, 'fresh_copy')
    const old = new Set(await names())
    await server.query(statement, 'fresh_copy')
    await server.query(`analyze ${table}`, 'fresh_copy')
    made.push((await names()).filter((name) => !old.has(name)))
    const [newest] = await server.query<{ sql: string }>(
      `select 'drop index ' || indexrelid::regclass as sql from pg_index join pg_class c on c.oid = indexrelid where not relispartition order by c.oid desc limit 1`,
      'fresh_copy',
    )
    drops.push(newest?.sql ?? '')
  }
  for (const [index, { statement, serves }] of indexes.entries()) {
    const served = serves.flatMap((line) => queries[line - 1] ?? []).filter((query) => !/\$\d\b/.test(query))
    if (served.length === 0) continue
    const plans: string[] = []
    for (const query of served)
      for (const row of await server.query<{ 'QUERY PLAN': string }>(`explain ${query}`, 'fresh_copy'))
        plans.push(row['QUERY PLAN'].replaceAll('""', '"'))
    const taken = made[index]?.some((name) => plans.some((line) => line.includes(name)))
    expect({ statement, taken, plans: taken ? [] : plans }).toEqual({ statement, taken: true, plans: [] })
  }
  for (const sql of drops) await server.query(sql, 'fresh_copy')
}

function statements({ indexes }: IndexAdvice): string[] {
  return indexes.map(({ statement }) => statement.replace('create index concurrently on ', '').replace('public.', ''))
}

describe.each([12, 17])('built on Postgres %i', (major) => {
  let server: Server
  beforeAll(async () => {
    server = await startShop(major)
  }, 240_000)
  afterAll(async () => await server[Symbol.asyncDispose]())

  test('every kind of index a workload needs, measured', async () => {
    const advice = await advise(server, WORKLOAD)
    expect(advice).toMatchObject({ screening: 'built', isCut: false, refused: [], refuted: [], unmade: [] })
    expect(statements(advice)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^purchases \(person/),
        `purchases (created_at) where status = 'open'::text`,
        'people (lower((email)::text))',
        `visits ((payload ->> 'request'::text))`,
        'visits using gin (payload jsonb_path_ops)',
        'visits using gin (tags)',
        'create index on readings (sensor) include (value)',
      ]),
    )
    // Before 13 an extension is for superusers.
    const trigrams = advice.indexes.find(({ statement }) => statement.includes('gin_trgm_ops'))
    expect(trigrams?.requires).toBe(major < 13 ? undefined : 'create extension if not exists pg_trgm')
    expect(advice.costAfter).toBeLessThan(advice.costBefore / 5)
    for (const { costBefore, costAfter, blocksBefore, blocksAfter, line } of advice.queries) {
      if (major < 13 && line === 9) continue
      expect(costAfter).toBeLessThan(costBefore)
      expect({ line, less: Number(blocksAfter) < Number(blocksBefore) }).toEqual({ line, less: true })
    }
    for (const { bytes, buildMs, serves, reason } of advice.indexes)
      expect({ isSized: bytes > 8000, isBuilt: buildMs !== null && buildMs > 0, isUsed: serves.length > 0, reason }).toEqual({
        isSized: true,
        isBuilt: true,
        isUsed: true,
        reason: null,
      })
    expect(advice.indexes.find(({ table }) => table.endsWith('readings'))?.bytes).toBeGreaterThan(1_000_000)
    const purchases = advice.writes.find(({ table }) => table === 'public.purchases')
    expect(purchases).toMatchObject({ reason: null, inserts: { rows: 6000, walBytesBefore: major < 13 ? null : expect.any(Number) } })
    const person = purchases?.updates.find(({ column }) => column === 'person')
    expect(person?.hotBefore).toBeGreaterThan(1000)
    expect(person?.hotAfter).toBe(0)
  })

  test('nothing for queries that have what they need', async () => {
    const advice = await advise(server, [
      'select * from people where id = 7',
      'select name from people where id in (1, 2, 3)',
      'select * from purchases where id = $1',
      'select * from purchases order by id desc limit 3',
      'select p.name from purchases o join people p on p.id = o.person where o.id = 5',
    ])
    expect(advice.indexes).toEqual([])
    expect(EXPERIMENT.summarise(advice)).toMatch(/^No index is worth its place for 5 queries/)
  })

  test('one index for queries that share it, with and without parameters', async () => {
    const advice = await advise(server, [
      'select * from purchases where person = $1',
      'select id from purchases where person = 5',
      'select count(*) from purchases where person = 6 and total > 5',
      'select * from purchases where person in (1, 2, 3)',
      'select * from purchases where person = $1 and status = $2',
      'select * from people p join purchases o on o.person = p.id where p.id = $1',
    ])
    expect(advice.indexes).toHaveLength(1)
    expect(advice.indexes[0]?.statement).toMatch(/^create index concurrently on public.purchases \(person\b/)
    expect(advice.indexes[0]?.serves).toEqual([1, 2, 3, 4, 5, 6])
    expect(advice.queries[0]).toMatchObject({ blocksBefore: null, blocksAfter: null })
  })

  test('what is no query is told with its line, and the others are advised on', async () => {
    const advice = await run(
      server,
      `select * from visits where person = 7;
       selec 1;
       drop table people;
       copy people to '/tmp/x';
       select * from nowhere; select * from hidden where a = 1;
       do $$ begin delete from people; end $$;
       select 1/0; begin; commit;
       select raising();
       select * into gone from people where id = 1;
       select * from visits where person = 8`,
    )
    expect(advice.refused.map(({ line }) => line)).toEqual(expect.arrayContaining([2, 3, 4, 5, 6, 7, 8]))
    expect(advice.queries.map(({ line }) => line)).toEqual(expect.arrayContaining([1, 10]))
    expect(JSON.stringify(advice)).not.toMatch(new RegExp(CANARY, 'i'))
    expect(advice.indexes).toMatchObject([{ table: 'public.visits', serves: [1, 10] }])
    for (const text of ['', '  -- nothing\n', ';;', 'drop table people', 'select 1/0'])
      await expect(run(server, text)).rejects.toThrow(UserError)
  })

  test('what writes, raises or counts leaves nothing', async () => {
    const advice = await advise(server, [
      `update purchases set status = 'gone' where person = 5`,
      'delete from purchases where person = 6',
      'insert into notes select note from purchases where person = 7',
      'with gone as (delete from visits where person = 5 returning *) select * from gone',
      'select noisy(id) from visits where person = 9',
      'select * from visits where person = sly(3)',
      'select * from purchases where person = 8 for update',
      `select set_config('role', 'shop_script', false), set_config('search_path', 'nowhere', false), set_config('enable_indexscan', 'off', false)`,
      `select set_config('pgwitness.plan', '[]', false) from visits where person = 3`,
    ])
    expect(statements(advice).join()).toMatch(/purchases \(person/)
    expect(statements(advice).join()).toMatch(/visits \(person/)
  })

  test('a query that ends its session ends the experiment, and nothing else', async () => {
    const before = await server.query(EVERYTHING, 'shop_disposable')
    const ending = run(server, 'select * from purchases where person = 5;\nselect pg_terminate_backend(pg_backend_pid())')
    await expect(ending).rejects.toMatchObject({ name: 'ServiceError' })
    const inPlan = run(server, 'select * from purchases where person = 5;\nselect pg_cancel_backend(pg_backend_pid()), pg_sleep(1)')
    expect((await inPlan).indexes).toHaveLength(1)
    expect(await server.query(EVERYTHING, 'shop_disposable')).toEqual(before)
  })

  test.skipIf(major === 12)('names and literals that need quoting', async () => {
    const table = '"Mixed Case"."select"'
    const advice = await advise(server, [
      `select * from ${table} where "order" = 5`,
      `select * from ${table} where "a(b)" = 5`,
      `select "it's ""it""" from ${table} where "it's ""it""" = 5`,
      `select * from ${table} where price$2 = 7`,
      `select id from ${table} where "State" = 'it''s; drop table people; --' order by "order" limit 3`,
      `select id from ${table} where "State" = 'back\\slash' order by "a(b)" limit 3`,
      `select id from ${table} where "State" = 'ünï “code”' order by price$2 limit 3`,
      `select id from ${table} where "State" = '$5' order by "it's ""it""" limit 3`,
      `select id from ${table} where secret = leak()`,
    ])
    const all = statements(advice).join('\n')
    expect(all).toMatch(/^"Mixed Case"."select" \(.*"order"/m)
    expect(all).toMatch(/"a\(b\)"/)
    expect(all).toMatch(/"it's ""it"""/)
    expect(all).toMatch(/price\$2/)
    expect(all).toMatch(/"State"/)
  })

  test.skipIf(major === 12)('types, operators and shapes of queries', async () => {
    const queries = [
      `select id from kinds where feeling = 'sad'`,
      `select * from kinds where key = '00000000-0000-0000-0000-000000000001'`,
      `select * from kinds where (home).city = 'c77'`,
      `select * from kinds where coded = 'c500'`,
      'select * from kinds where parts @> array[7]',
      'select * from kinds where doubled = 400',
      'select id from kinds where flag',
      `select * from letters where name = 'name77'`,
      `select * from people where name like 'name a1%'`,
      'select count(*) from people where deleted_at is null',
      'select * from purchases order by total desc nulls last limit 5',
      'select distinct on (person) person, created_at from purchases order by person, created_at desc',
      'select * from (select person, rank() over (partition by person order by created_at) r from purchases where person = 5) x where r < 3',
      'select p.id, l.* from people p left join lateral (select total from purchases o where o.person = p.id order by created_at desc limit 1) l on true where p.id < 9',
      'with big as (select * from purchases where total = 77) select count(*) from big union all select id from visits where person = 7',
      'select * from people p where not exists (select from visits v where v.person = p.id) and p.id < 100',
      `select * from open_purchases where person = 4`,
      'select * from totals where person = 7',
      'select * from parents where id = 7',
      'select count(*) from purchases',
      'select status, count(*) from purchases group by status',
      'select * from visits where person = 7 or id = 9',
      "select * from visits where (person, at) = (7, '2024-01-02')",
      'select * from visits full join nothing_there using (id) where person = (select max(a) from nothing_there)',
      'values (1), (2)',
      'select 1',
    ]
    const advice = await advise(server, queries)
    expect(advice.refused).toEqual([])
    const all = statements(advice).join('\n')
    for (const one of [
      'kinds (key',
      'kinds (((home).city',
      'kinds using gin (parts',
      'kinds (doubled',
      'totals (person',
      'parents (id',
      'letters (name',
    ])
      expect(all).toContain(one)
  })

  test('tables that cannot have one, or are not worth one', async () => {
    const advice = await advise(server, [
      'select * from nothing_there where a = 1',
      'select * from dead where a = 100',
      'select * from fresh where a = 100',
      'select * from guarded where a = 5',
      'select * from theirs where a = 5',
      'select * from pg_class where relpages = 7',
      'select * from generate_series(1, 5) n where n = 3',
    ])
    expect(statements(advice).join()).toMatch(/fresh \(a\)/)
    expect(statements(advice).join()).toMatch(/guarded \(a/)
    expect(statements(advice).join()).not.toMatch(/nothing_there|theirs|pg_class/)
    expect(advice.unmade).toEqual([{ table: 'public.theirs', reason: expect.stringMatching(/must be owner/) }])
  })

  test.skipIf(major === 12)('a foreign server that is not there', async () => {
    const advice = await run(server, 'select * from elsewhere where a = 1; select * from visits where person = 7')
    expect(advice.indexes.map(({ table }) => table)).toEqual(['public.visits'])
  })

  test.skipIf(major === 12)('no time, and an abort at any time', async () => {
    const cut = await advise(server, WORKLOAD, { budgetSeconds: 0.000001 })
    expect(cut).toMatchObject({ isCut: true, indexes: [], queries: expect.any(Array) })
    expect(cut.queries).toHaveLength(WORKLOAD.length)
    expect(EXPERIMENT.render(cut).join('\n')).toContain('The time was up')

    const before = await server.query(EVERYTHING, 'shop_disposable')
    for (const at of ['to choose from', 'query 3 of', 'building index', 'writes with']) {
      const controller = new AbortController()
      await using clone = await urlClones({ url: server.url('shop_disposable') }).create({ scripts: [] }, controller.signal)
      const progress = (what: string): void => (what.includes(at) ? controller.abort(new Error('enough')) : undefined)
      const running = EXPERIMENT.run(clone, { queries: WORKLOAD.slice(0, 4).join(';') }, { signal: controller.signal, progress })
      await expect(running).rejects.toThrow('enough')
    }
    expect(await server.query(EVERYTHING, 'shop_disposable')).toEqual(before)
  })

  test.skipIf(major === 12)('many queries that differ in a value alone', async () => {
    const many = Array.from({ length: 200 }, (_, n) => `select * from ${n % 2 ? 'purchases' : 'visits'} where person = ${n}`)
    const advice = await advise(server, many, { skipBuild: true })
    expect(advice.indexes.map(({ serves, buildMs }) => [serves.length, buildMs])).toEqual([
      [100, null],
      [100, null],
    ])
  })

  test.skipIf(major === 12)('a query that runs too long is left without its blocks', async () => {
    await using clone = await urlClones({ url: server.url('shop_disposable') }).create({ scripts: [] }, new AbortController().signal)
    await clone.query(`set statement_timeout = '1500ms'`)
    const queries = 'select * from purchases where person = 7; select pg_sleep(60) from visits where person = 5'
    const advice = await EXPERIMENT.run(clone, { queries }, { signal: new AbortController().signal, progress() {} })
    expect(advice.queries).toMatchObject([{ blocksBefore: expect.any(Number) }, { blocksBefore: null }])
    expect(advice.indexes).toHaveLength(2)
  })
})

/** Debian has HypoPG. */
const DEBIAN = '/usr/lib/postgresql/15/bin'
const HAS_HYPOPG = existsSync(`${DEBIAN}/initdb`) && existsSync('/usr/share/postgresql/15/extension/hypopg.control')

describe.skipIf(!HAS_HYPOPG)(`screened by HypoPG${HAS_HYPOPG ? '' : ': install postgresql-15 and postgresql-15-hypopg'}`, () => {
  let server: Server
  beforeAll(async () => {
    server = await startShop(15, ['create extension hypopg'], localBinaries({ postgres: 15, folders: [DEBIAN] }))
  }, 240_000)
  afterAll(async () => await server[Symbol.asyncDispose]())

  test('the same advice as by building, really built at the end', async () => {
    const advice = await advise(server, [...WORKLOAD, 'select * from purchases where person = $1', `select * from theirs where a = 5`])
    expect(advice).toMatchObject({ screening: 'hypopg', isCut: false, refused: [] })
    expect(statements(advice)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^purchases \(person/),
        'people (lower((email)::text))',
        'visits using gin (payload jsonb_path_ops)',
        'visits using gin (tags)',
        expect.stringMatching(/^create index on readings \(sensor\)/),
      ]),
    )
    for (const { buildMs, reason, table } of advice.indexes)
      expect({ table, isBuilt: buildMs !== null, reason }).toEqual(
        table === 'public.theirs'
          ? { table, isBuilt: false, reason: expect.stringMatching(/must be owner/) }
          : { table, isBuilt: true, reason: null },
      )
    expect(advice.costAfter).toBeLessThan(advice.costBefore / 5)
  })
})

describe('on a twin of Postgres 18', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer(18)
    for (const sql of [...WORKLOAD_SCHEMA, ...WORKLOAD_ROWS]) await server.query(`set role shop_script; ${sql}`, 'production')
    await server.query('vacuum analyze', 'production')
    await server.renew('fresh_copy')
  }, 240_000)
  afterAll(async () => await server[Symbol.asyncDispose]())

  test('advice of plans alone, which works on what it is a twin of', async () => {
    const signal = new AbortController().signal
    const { json: text } = await readProductionStatistics({ url: server.url('production'), values: true, schemas: [] }, signal)
    const statements = [...SHOP, ...WORKLOAD_SCHEMA].map((sql, index) => ({ text: sql, line: index + 1 }))
    const base = { scripts: [{ path: '1.sql', sql: '', statements }] }
    await using clone = await twinClones({ postgres: 18, statistics: { path: 'stats.json', text } }).create(base, signal)
    const queries = [
      ...WORKLOAD,
      'select * from purchases where person = $1',
      'update purchases set note = null where person = 5',
      'selec 1',
    ]
    const advice = await EXPERIMENT.run(clone, { queries: queries.join(';\n') }, { signal, progress() {} })
    expect(advice).toMatchObject({ screening: 'twin', isCut: false, refused: [{ line: 13 }], writes: [], unmade: [] })
    expect(advice.indexes.length).toBeGreaterThan(5)
    expect(advice.indexes.every(({ buildMs, bytes }) => buildMs === null && bytes > 8000)).toBe(true)
    expect(advice.queries.every(({ blocksBefore, blocksAfter }) => blocksBefore === null && blocksAfter === null)).toBe(true)
    expect(advice.indexes.find(({ table }) => table.endsWith('readings'))?.statement).not.toContain('concurrently')
    await tryOnCopy(server, advice, queries)
    expect(await clone.query(`select from pg_class where relname like 'pgwitness%'`)).toEqual([])
  })

  test('an empty clone has nothing to go by', async () => {
    const signal = new AbortController().signal
    await using clone = await localClones({ postgres: 18 }).create({ scripts: [] }, signal)
    await expect(EXPERIMENT.run(clone, { queries: 'select 1' }, { signal, progress() {} })).rejects.toThrow(/--stats FILE/)
  })
})
