import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { embeddedClones } from '../src/clones/embedded.ts'
import { localClones } from '../src/clones/local.ts'
import { templateClones } from '../src/clones/template.ts'
import { UserError } from '../src/errors.ts'
import { EXPERIMENT, type QueryPlan } from '../src/experiments/plan.ts'
import { nodesOf } from '../src/experiments/plans/plan-node.ts'
import { renderPlan } from '../src/experiments/plans/render-plan.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const ROWS = [
  'create table people (id int primary key, email text, grp int, city text, pad text) with (autovacuum_enabled = false)',
  `insert into people select n, 'm' || n, n % 10, case when n % 2 = 0 then 'a' else 'b' end, repeat('x', 300) from generate_series(1, 60000) n`,
  'create index people_grp on people (grp)',
  'create table small (id int primary key, note text) with (autovacuum_enabled = false)',
  `insert into small select n, 'n' from generate_series(1, 500) n`,
  // Two columns that depend on each other: the planner multiplies their selectivities.
  'create table twins (a int, b int) with (autovacuum_enabled = false)',
  'insert into twins select n % 50, n % 50 from generate_series(1, 100000) n',
  'create table stale (a int) with (autovacuum_enabled = false)',
  'insert into stale select n % 10 from generate_series(1, 50000) n',
  'create table parted (k int, v text) partition by range (k)',
  'create table parted_1 partition of parted for values from (0) to (10)',
  'create table parted_2 partition of parted for values from (10) to (20)',
  'analyze',
  'delete from stale where a < 5',
]
const OFF = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_bitmapscan', 'enable_material', 'enable_indexscan']

async function ask(clone: Clone, query: string, parameters?: string[]): Promise<QueryPlan> {
  return await EXPERIMENT.run(clone, { query, ...(parameters && { parameters }) }, { signal, progress() {} })
}

describe.each([12, 15, 16, 18])('Postgres %i, with rows', (major) => {
  let clone: Clone
  beforeAll(async () => {
    clone = await localClones({ postgres: major }).create({ scripts: [] }, signal)
    for (const sql of [...ROWS, 'set max_parallel_workers_per_gather = 0', 'set jit = off'])
      expect((await clone.run(sql, signal)).error, sql).toBeUndefined()
  }, 60_000)
  afterAll(async () => await clone[Symbol.asyncDispose]())

  /** The codes of the claims, with some kinds of plans ruled out: `-seqscan work_mem=64`. */
  async function codes(query: string, settings = ''): Promise<string[]> {
    const words = settings.split(' ').filter(Boolean)
    for (const word of words) {
      const sql = word.startsWith('-') ? `set enable_${word.slice(1)} = off` : `set ${word}`
      expect((await clone.run(sql, signal)).error).toBeUndefined()
    }
    const { claims, ran } = await ask(clone, query)
    for (const name of [...OFF, 'work_mem']) await clone.run(`reset ${name}`, signal)
    expect(ran).toBe(true)
    return claims.map(({ code }) => code)
  }

  test.each([
    ['seq-scan', `select * from people where email = 'm5'`, ''],
    ['seq-scan', `update people set city = 'c' where email = 'm5'`, ''],
    ['misestimate', 'select * from twins where a = 7 and b = 7', ''],
    ['misestimate', 'select count(*) from stale where a = 3', ''],
    ['spill', 'select * from people order by pad, email', ''],
    ['spill', 'select count(*) from people p join people q on p.email = q.email', '-mergejoin work_mem=64'],
    [
      'nested-loop',
      'select count(*) from people p join small s on s.id = p.grp + 1000 where p.id <= 5000',
      '-hashjoin -mergejoin -indexscan -bitmapscan',
    ],
    [
      'nested-loop',
      'select count(*) from people p join small s on s.id = p.grp + 1000 where p.id <= 5000',
      '-hashjoin -mergejoin -indexscan -bitmapscan -material enable_memoize=off',
    ],
    ['poor-index', `select * from people where grp = 3 and email = 'm3'`, '-seqscan'],
    ['lossy-bitmap', 'select count(pad) from people where grp = 3', '-seqscan -indexscan work_mem=64'],
    ['heap-fetches', 'select count(grp) from people where grp = 3', '-seqscan -bitmapscan'],
    ['wrong-order-index', `select * from people where email = 'm59000' order by id limit 1`, '-seqscan'],
    ['sort-for-limit', 'select * from people order by email limit 5', ''],
    ['sort-for-limit', 'select * from (select id, email from people order by email desc limit 5) one', ''],
  ])('%s: %s %s', async (code, query, settings) => {
    const wanted = major < 14 ? settings.replace('enable_memoize=off', '') : settings
    expect(await codes(query, wanted)).toContain(code)
  })

  test.each([
    ['a lookup by the key', 'select * from people where id = 5', ''],
    ['a small table', 'select * from small where note = $$other$$', ''],
    ['most of a table', 'select count(*) from people where grp <> 3', ''],
    ['a whole table', 'select count(*) from people', ''],
    ['a tenth of a table, by its index', 'select count(pad) from people where grp = 3', '-seqscan'],
    ['a bitmap that fits', 'select count(pad) from people where grp = 3', '-seqscan -indexscan'],
    ['rows that a limit stops', 'select * from twins where a = 7 limit 1', ''],
    [
      'rows that EXISTS stops',
      'select * from small s where s.id < 5 and exists (select from twins t where t.a < s.id)',
      '-hashjoin -mergejoin',
    ],
    ['an inner side with an index', 'select count(*) from small s join people p on p.id = s.id', '-hashjoin -mergejoin'],
    ['a limit in the order of the key', 'select * from people order by id limit 5', ''],
    ['a limit in the order of the key, with a condition on it', 'select * from people where id > 59000 order by id limit 5', ''],
    ['a limit after a condition that few meet', 'select * from people where id < 300 order by email limit 5', ''],
    ['a small sort', 'select * from small order by note, id', ''],
    ['rows read again by a merge join', 'select count(*) from twins t join twins u using (a) where t.b < 1 and u.b < 1', '-hashjoin'],
    ['a table that an InitPlan reads', 'select * from small where id = (select max(grp) from people)', ''],
    ['what never runs', 'select * from people where false', ''],
  ])('no claim: %s', async (_, query, settings) => {
    expect(await codes(query, settings)).toEqual([])
  })

  test('text is that of psql', async () => {
    for (const query of [
      `select p.city, count(*) from people p left join small s on s.id = p.grp where p.id < 100 and p.email like 'a''%' group by 1 order by 2 desc limit 3`,
      'with recent as materialized (select * from small where id > 3) select * from recent where note = (select max(city) from people)',
      'select * from parted where k = 3 union all select * from parted',
      `insert into small values (1, 'x') on conflict do nothing`,
      'select * from people order by id desc limit 1',
      'select * from generate_series(1, 3) n, (values (1), (2)) v (x), (select grp from people limit 3) q where n = x',
      'with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r s',
    ]) {
      const { plan } = await EXPERIMENT.run(clone, { query, skipRun: true }, { signal, progress() {} })
      const lines = (await clone.query<{ 'QUERY PLAN': string }>(`explain (verbose, settings) ${query}`)).map((row) => row['QUERY PLAN'])
      const told = lines.filter(
        (line) => !/^\s*(?:Output|Conflict|Planning|Query Id|Settings|Planned Partitions|Disabled|CTE Name)\b/.test(line),
      )
      expect(renderPlan(plan).filter((line) => !/^(?:Settings|Planning)/.test(line))).toEqual(told)
    }
  })

  test('a generic plan knows no parameter and leaves nothing out for it; with values the query runs', async () => {
    const { plan, ran, reason, claims } = await ask(clone, 'select * from people where id = $1 and email <> $2')
    expect({ ran, reason, claims }).toEqual({ ran: false, reason: 'its parameters have no values', claims: [] })
    expect(plan).toMatchObject({
      generic: true,
      root: { type: 'Index Scan', index: 'people_pkey', expressions: { 'Index Cond': '(people.id = $1)' } },
    })
    expect(plan.settings).not.toHaveProperty('plan_cache_mode')
    expect(await ask(clone, 'select * from people where id = $1', ['9'])).toMatchObject({
      ran: true,
      plan: { generic: false, root: { actualRows: 1 } },
    })
    if (major >= 16)
      expect(nodesOf((await ask(clone, 'select * from parted where k = $1')).plan.root).map(({ relation }) => relation)).toContain(
        'public.parted_2',
      )
    await expect(ask(clone, 'select $1::int', ['1', '2'])).rejects.toThrow(UserError)
    await expect(ask(clone, 'select $1::int', [`it's \\`])).rejects.toThrow(/invalid input syntax for type integer|22P02/)
    expect(await ask(clone, 'select * from people where email = $1', [`it's \\' x`])).toMatchObject({
      ran: true,
      plan: { root: { actualRows: 0 } },
    })
  })
  test('what writes is rolled back and tells its WAL and triggers', async () => {
    const { plan, ran } = await ask(clone, `update people set email = 'y' where id = 1`)
    expect(ran).toBe(true)
    expect(plan.buffers?.sharedHit).toBeGreaterThan(0)
    if (major >= 13) expect(plan.wal).toMatchObject({ records: expect.any(Number), bytes: expect.any(Number) })
    else expect(plan.wal).toBeNull()
    expect(await clone.query('select email from people where id = 1')).toEqual([{ email: 'm1' }])
    expect(await clone.query('select count(*) as n from pg_prepared_statements')).toEqual([{ n: 0 }])
  })
  test('what is no query, or more than one, does not run', async () => {
    for (const query of [
      'drop table people',
      'select 1; drop table people',
      'vacuum',
      'explain analyze select 1',
      'selec',
      '',
      'select * from nowhere',
    ])
      await expect(ask(clone, query), query).rejects.toThrow(UserError)
    // Where the server reads strings otherwise than the parser, two statements may look like one.
    await clone.run('set standard_conforming_strings = off', signal)
    await expect(ask(clone, `select 'a\\'; drop table people; --'`)).rejects.toThrow(UserError)
    expect(await clone.query('select count(*) as n from people')).toEqual([{ n: 60000 }])
  })
})

test('the embedded clone plans and runs', async () => {
  await using clone = await embeddedClones().create({ scripts: [] }, signal)
  await clone.run('create table t (a int primary key, b text)', signal)
  expect(await ask(clone, 'select * from t where a = $1')).toMatchObject({ ran: false, plan: { generic: true, root: { index: 't_pkey' } } })
  expect(await ask(clone, 'select * from t')).toMatchObject({ ran: true, claims: [], plan: { root: { type: 'Seq Scan', actualRows: 0 } } })
  expect(await ask(clone, `insert into t values (1, 'x')`)).toMatchObject({ ran: true })
  expect(await clone.query('select count(*)::int as n from t')).toEqual([{ n: 0 }])
  expect((await clone.run('create table u (a int)', signal)).error).toBeUndefined()
})

describe('rows of somebody', () => {
  let server: Server
  beforeAll(async () => {
    server = await startServer(15, [
      `insert into customers values (1, 'canary-7319', 5)`,
      `create function secret() returns text language sql immutable as 'select email from customers'`,
    ])
  })
  afterAll(async () => await server[Symbol.asyncDispose]())

  test('no value reaches a plan, also one that a function hands to the planner', async () => {
    const clones = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
    await using clone = await clones.create({ scripts: [] }, signal)
    const result = await ask(clone, `select * from customers where email = secret() and balance > 4 and email ~ 'x'`)
    expect(result.ran).toBe(true)
    expect(JSON.stringify([result, EXPERIMENT.render(result), EXPERIMENT.summarise(result)])).not.toMatch(/canary|7319/)
    const [filter] = nodesOf(result.plan.root).flatMap(({ expressions }) => expressions.Filter ?? [])
    expect(filter).toMatch(/customers\.balance > '…'::numeric/)
    await expect(ask(clone, 'select secret()::int')).rejects.toThrow(/^(?!.*canary)/)
  })
})
