import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { openConnection } from '../src/clones/native/connection.ts'
import { readProductionStatistics } from '../src/clones/twin/export.ts'
import { twinClones } from '../src/clones/twin.ts'
import { EXPERIMENT } from '../src/experiments/plan.ts'
import { nodesOf, type Plan, readPlan, shapeOf } from '../src/experiments/plans/plan-node.ts'
import { parseStatistics } from '../src/statistics/statistics.ts'
import { type Server, SHOP, startServer } from './fixtures/servers.ts'
import { QUERIES, ROWS, SCHEMA } from './fixtures/twin.ts'

const signal = new AbortController().signal
const base = { scripts: [{ path: '1.sql', sql: '', statements: [...SHOP, ...SCHEMA].map((text, index) => ({ text, line: index + 1 })) }] }
// Other test files write beside this one, and here the disk is looked at.
const own = mkdtempSync(join(tmpdir(), 'pgwitness-twins-'))
chmodSync(own, 0o755)
process.env.TMPDIR = own
let server: Server
let json: string

beforeAll(async () => {
  server = await startServer(18, [])
  for (const sql of [...SCHEMA, ...ROWS]) await server.query(sql, 'production')
  await server.query('vacuum analyze', 'production')
  await server.query('grant select on all tables in schema public to shop_script', 'production')
  ;({ json } = await readProductionStatistics({ url: server.url('production', 'pgwitness_admin'), values: true, schemas: [] }, signal))
}, 240_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(own, { recursive: true, force: true })
})

async function twinOf(text: string): Promise<Clone> {
  return await twinClones({ postgres: 18, statistics: { path: 'stats.json', text } }).create(base, signal)
}

async function plansOfProduction(): Promise<Plan[]> {
  const target = { host: server.cluster.folder, database: 'production', user: 'pgwitness_admin' }
  await using connection = await openConnection(target, { service: 'test', statementMs: 60_000 }, signal)
  return await plansOn(connection)
}

async function plansOn(connection: Pick<Clone, 'query'>): Promise<Plan[]> {
  const plans: Plan[] = []
  for (const query of QUERIES) {
    const [row] = await connection.query<{ 'QUERY PLAN': unknown }>(`explain (format json, verbose, generic_plan) ${query}`)
    plans.push(readPlan(JSON.stringify(row?.['QUERY PLAN']), { generic: true }))
  }
  return plans
}

async function planOf(clone: Clone, query: string): Promise<Plan> {
  return (await EXPERIMENT.run(clone, { query }, { signal, progress() {} })).plan
}

/** Queries whose shape or row estimates differ, and those whose cost is more than 5 % off. */
function compare(wanted: readonly Plan[], seen: readonly Plan[]): { shapes: string[]; costs: string[] } {
  const rows = ({ root }: Plan): string =>
    nodesOf(root)
      .map(({ planRows }) => planRows)
      .join()
  const differs = (index: number): boolean => {
    const [a, b] = [wanted[index], seen[index]]
    return !a || !b || shapeOf(a.root) !== shapeOf(b.root) || rows(a) !== rows(b)
  }
  const shapes = QUERIES.filter((_, index) => differs(index))
  const costs = QUERIES.filter((_, index) => Math.abs((seen[index]?.totalCost ?? 0) / (wanted[index]?.totalCost ?? 1) - 1) > 0.05)
  return { shapes, costs }
}

function kilobytes(folder: string): number {
  return Number(/^\d+/.exec(execFileSync('du', ['-sk', folder], { encoding: 'utf8' }))?.[0])
}

describe('a twin', () => {
  let twin: Clone
  beforeAll(async () => {
    twin = await twinOf(json)
  })
  afterAll(async () => await twin[Symbol.asyncDispose]())

  test('is a small local clone until a plan is asked for', async () => {
    expect(twin).toMatchObject({ provider: 'twin', data: 'statistics', skipped: [] })
    expect((await twin.run('create table passing (a int)', signal)).error).toBeUndefined()
    expect(await twin.query('select count(*) as n from events')).toEqual([{ n: 0 }])
  })
  test('plans as production does, in 20 MB', async () => {
    expect(QUERIES.length).toBeGreaterThanOrEqual(40)
    const began = performance.now()
    await twin.atProductionSize?.(signal)
    const ms = Math.round(performance.now() - began)
    const { shapes, costs } = compare(await plansOfProduction(), await plansOn(twin))
    console.log(
      `${QUERIES.length} queries: ${shapes.length} with another shape or estimate, ${costs.length} with another cost; at production size in ${ms} ms`,
      shapes,
      costs,
    )
    expect(shapes.length, shapes.join('\n')).toBeLessThanOrEqual(2)
    expect(costs.length, costs.join('\n')).toBeLessThanOrEqual(2)
  })
  test('only plans at that size, and is small again after a restart', async () => {
    expect((await twin.run('select count(*) from events', signal)).error).toMatchObject({ code: '55000' })
    expect((await twin.run('explain (analyze) select count(*) from events', signal)).error).toMatchObject({ code: '55000' })
    expect((await twin.run('explain/**/analyze select count(*) from events', signal)).error).toMatchObject({ code: '55000' })
    expect((await twin.run('explain select count(*) from events', signal)).error).toBeUndefined()
    await twin.restart?.(signal)
    expect((await twin.run('select count(*) from events', signal)).rows).toBe(1)
  })
})

test('takes little disk, whatever the size of production', async () => {
  const statistics = parseStatistics(json, 'stats.json')
  const huge = {
    ...statistics,
    relations: statistics.relations.map((one) =>
      one.name === 'events' ? { ...one, pages: 400_000_000, analyzedPages: 400_000_000, tuples: 5e10 } : one,
    ),
  }
  await using small = await twinOf(json)
  await using twin = await twinOf(JSON.stringify(huge))
  await small.atProductionSize?.(signal)
  const before = kilobytes(own)
  const plan = await planOf(twin, 'select count(*) from events')
  expect(nodesOf(plan.root).find(({ relation }) => relation === 'public.events')?.planRows).toBeGreaterThan(1e9)
  // Three terabytes, of which a few pages exist.
  expect(kilobytes(own) - before).toBeLessThan(20_000)
})

test('an index of the change has the size it would have, and is chosen', async () => {
  await using twin = await twinOf(json)
  await twin.run('create index concurrently events_payload_kind on events (kind, at)', signal)
  const plan = await planOf(twin, `select * from events where kind = 'rare' order by at limit 10`)
  expect(JSON.stringify(plan)).toContain('events_payload_kind')
  const [size] = await twin.query<{ pages: number }>(`select pg_relation_size('events_payload_kind') / 8192 as pages`)
  await server.query('create index events_payload_kind on events (kind, at)', 'production')
  const [real] = await server.query<{ pages: number }>(`select pg_relation_size('events_payload_kind') / 8192 as pages`, 'production')
  await server.query('drop index events_payload_kind', 'production')
  expect((size?.pages ?? 0) / Number(real?.pages)).toBeGreaterThan(0.5)
  expect((size?.pages ?? 0) / Number(real?.pages)).toBeLessThan(2)
})

test('a partial index of the change has the size of its part of the rows', async () => {
  const index = `create index events_rare on events (user_id) where kind = 'rare' and amount > 10`
  await using clone = await twinOf(json)
  expect((await clone.run(index, signal)).error).toBeUndefined()
  await clone.atProductionSize?.(signal)
  const planned = await planOf(clone, `select * from events where kind = 'rare' and amount > 10`)
  const [row] = await clone.query<{ tuples: number; bytes: number }>(
    `select reltuples::int4 as tuples, pg_relation_size(oid)::int4 as bytes from pg_class where relname = 'events_rare'`,
  )
  expect(row?.tuples).toBeGreaterThan(50)
  expect(row?.tuples).toBeLessThan(1000)
  expect(row?.bytes).toBeLessThan(64 * 1024)
  expect(nodesOf(planned.root).map(({ index }) => index)).toContain('events_rare')
})

test('values can be left out, and none is in the file then', async () => {
  const url = server.url('production', 'pgwitness_admin')
  const { json: bare, notes } = await readProductionStatistics({ url, values: false, schemas: [] }, signal)
  expect(json).toContain('@example.com')
  expect(bare).not.toContain('example.com')
  expect(bare).not.toContain('rare')
  expect(notes.join()).toContain('Values were left out')
  await using twin = await twinOf(bare)
  await twin.atProductionSize?.(signal)
  const { shapes } = compare(await plansOfProduction(), await plansOn(twin))
  console.log(`without values: ${shapes.length} of ${QUERIES.length} with another shape or estimate`)
  expect(shapes.length).toBeLessThan(QUERIES.length)
})
