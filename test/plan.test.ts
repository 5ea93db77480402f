import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { localClones } from '../src/clones/local.ts'
import { templateClones } from '../src/clones/template.ts'
import { UserError } from '../src/errors.ts'
import { EXPERIMENT, type QueryPlan } from '../src/experiments/plan.ts'
import { nodesOf } from '../src/experiments/plans/plan-node.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const CANARY = 'canary-7319'
const ROWS = [
  'create table people (id int primary key, email text, grp int, city text, pad text)',
  `insert into people select n, case when n = 77 then '${CANARY}' else 'm' || n end, n % 10, case when n % 2 = 0 then 'a' else 'b' end, repeat('x', 300) from generate_series(1, 60000) n`,
  'create index people_grp on people (grp)',
  'create table small (id int, note text)',
  `insert into small select n, 'n' from generate_series(1, 500) n`,
  // Two columns that depend on each other: the planner multiplies their selectivities.
  'create table twins (a int, b int, c int, pad text)',
  `insert into twins select n % 200, n % 200, n % 200, repeat('x', 100) from generate_series(1, 400000) n`,
  'create index twins_abc on twins (a, b, c)',
  'analyze',
]

async function runOn(server: Server, query: string, parameters: string[] = []): Promise<QueryPlan> {
  const clones = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
  await using clone = await clones.create({ scripts: [] }, signal)
  const result = await EXPERIMENT.run(clone, { query, parameters }, { signal, progress() {} })
  expect(JSON.stringify([result, EXPERIMENT.render(result), EXPERIMENT.summarise(result)])).not.toContain(CANARY)
  return result
}

describe.each([12, 15, 18])('Postgres %i, with rows', (major) => {
  let server: Server
  beforeAll(async () => {
    server = await startServer(major, ROWS)
  })
  afterAll(async () => await server[Symbol.asyncDispose]())
  const run = async (query: string, parameters: string[] = []): Promise<QueryPlan> => await runOn(server, query, parameters)

  test('a query runs, and its plan has the rows and blocks', async () => {
    const { ran, plan, claims } = await run(`select * from people where email = '${CANARY}'`)
    expect(ran).toBe(true)
    expect((plan.buffers?.sharedHit ?? 0) + (plan.buffers?.sharedRead ?? 0)).toBeGreaterThan(0)
    expect(claims).toMatchObject([{ code: 'seq-scan', node: expect.stringContaining('public.people') }])
    const [{ numbers } = { numbers: {} }] = claims
    const scan = nodesOf(plan.root).find(({ type }) => type.endsWith('Seq Scan'))
    expect(numbers).toMatchObject({ rows: 1, removed: scan?.removedByFilter })
    expect(scan?.filter).not.toContain('canary')
  })
  test.each([
    ['by its key', 'select * from people where id = 5'],
    ['a small table', 'select * from small where id = 3'],
    ['most of a table', 'select count(*) from people where grp <> 3'],
    ['an index that serves', 'select count(*) from people where grp = 3'],
  ])('%s is no finding', async (_, query) => expect((await run(query)).claims).toEqual([]))
  test('what spills, sorts for a limit, or finds the wrong rows by an index is told', async () => {
    expect((await run('select * from people order by pad, email')).claims).toMatchObject([{ code: 'spill' }])
    expect((await run('select * from people order by email limit 5')).claims).toMatchObject([{ code: 'sort-for-limit' }])
    expect((await run('select * from people order by id limit 5')).claims).toEqual([])
    expect((await run(`select * from people where city = 'z' order by id limit 1`)).claims.map(({ code }) => code)).not.toContain(
      'misestimate',
    )
    const codes = (await run('select * from twins where a = 7 and b = 7 and c = 7')).claims.map(({ code }) => code)
    expect(codes).toContain('misestimate')
    expect((await run('select * from twins where a = 7')).claims).toEqual([])
  })
  test('parameters: without values the generic plan, with them it runs', async () => {
    const generic = await run('select * from people where id = $1')
    expect(generic).toMatchObject({ ran: false, claims: [], plan: { root: { type: 'Index Scan', planRows: 1 } } })
    expect(await run('select * from people where id = $1', ['9'])).toMatchObject({ ran: true, plan: { root: { actualRows: 1 } } })
  })
  test('what writes is rolled back and tells its WAL', async () => {
    const { plan, ran } = await run(`update people set email = 'y' where id = 1`)
    expect(ran).toBe(true)
    if (major >= 13) expect(plan.walBytes).toBeGreaterThan(0)
    expect(await server.query('select email from people where id = 1', 'shop_template')).toEqual([{ email: 'm1' }])
  })
})

describe('without rows', () => {
  const clones = localClones({ postgres: 18 })
  const base = { scripts: [{ path: '1.sql', sql: '', statements: [{ text: 'create table t (a int primary key, b text)', line: 1 }] }] }
  test('a plan is made and nothing runs; what is no query is refused', async () => {
    await using clone = await clones.create(base, signal)
    const run = async (query: string) => await EXPERIMENT.run(clone, { query, parameters: [] }, { signal, progress() {} })
    expect(await run('select * from t where a = $1')).toMatchObject({ ran: false, claims: [], plan: { buffers: null } })
    expect(await run(`select * from t where b = '$1 $$'`)).toMatchObject({ ran: false })
    for (const query of [
      'drop table t',
      'select 1; drop table t',
      'vacuum',
      'select $pgwitness$ from',
      'explain analyze select 1',
      'selec',
    ])
      await expect(run(query), query).rejects.toThrow(UserError)
    await expect(run(`select * from nowhere`)).rejects.toThrow(/42P01/)
    expect(await clone.query('select count(*) as n from t')).toEqual([{ n: 0 }])
  })
})
