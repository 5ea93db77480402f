import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { embeddedClones } from '../src/clones/embedded.ts'
import { localClones } from '../src/clones/local.ts'
import { EXPERIMENT } from '../src/experiments/blocked-time.ts'

const signal = new AbortController().signal
const BASE = [
  'create table orders (id int primary key, note text)',
  "insert into orders select n, repeat('x', 100) from generate_series(1, 5000) n",
  'create table "Odd ""name" (a int, b int generated always as (a * 2) stored, c text default \'x\', primary key (a, c))',
  'create view seen as select * from orders',
]
const folder = mkdtempSync(join(tmpdir(), 'blocked-time-'))
let clone: Clone

beforeAll(async () => {
  const statements = BASE.map((text, index) => ({ text, line: index + 1 }))
  const base = { scripts: [{ path: 'base.sql', sql: BASE.join(';\n'), statements }] }
  clone = await localClones({ postgres: 15, cacheDir: folder }).create(base, signal)
  expect(clone.skipped).toEqual([])
})
afterAll(async () => {
  await clone[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

async function run(script: string, more: object = {}) {
  await clone.restart?.(signal)
  return await EXPERIMENT.run(clone, EXPERIMENT.input.parse({ script, ...more }), { signal, progress() {} })
}

test('the lock queue: an unrelated select waits for a reader that does not conflict with it', async () => {
  const staging = { readerMs: 1500, scriptAfterMs: 250, probesAfterMs: 400, lockTimeoutMs: 300 }
  const result = await run('alter table orders add column paid boolean', staging)
  const [asIs, timeout] = result.variants
  expect(result.tables).toEqual(['public.orders'])
  for (const kind of ['select', 'insert', 'update']) {
    const probe = asIs?.probes.find((one) => one.kind === kind)
    expect(probe, kind).toMatchObject({ blocked: 1, blockedBy: expect.arrayContaining(['the script']), errors: [], skipped: null })
    // It waits from when it was sent until the reader is gone.
    const expected = (asIs?.readerMs ?? 0) - (probe?.longestFromMs ?? 0)
    expect(Math.abs((probe?.longestWaitMs ?? 0) / expected - 1), kind).toBeLessThan(0.1)
  }
  expect(asIs?.failed).toBeNull()
  expect(asIs?.scriptWaitedMs).toBeGreaterThan(1000)
  const select = timeout?.probes.find(({ kind }) => kind === 'select')
  expect(timeout).toMatchObject({ lockTimeoutMs: 300, failed: { line: 1, code: '55P03' } })
  expect(select?.longestWaitMs).toBeLessThan(700)
  expect(select?.count).toBeGreaterThan(20)
  expect(EXPERIMENT.summarise(result)).toMatch(/waited up to 1\.\d\d s; with lock_timeout 300 ms .*55P03/)
  expect(EXPERIMENT.render(result).join('\n')).toContain('for the script')
}, 30_000)

test('without a reader, a transaction blocks from its lock to its end', async () => {
  const script = 'alter table orders add column paid boolean;\nselect pg_sleep(2)'
  const result = await run(script, { readerMs: 0, lockTimeoutMs: 0 })
  expect(result.variants).toHaveLength(1)
  const [variant] = result.variants
  expect(variant?.readerMs).toBeNull()
  for (const probe of variant?.probes ?? []) {
    expect(probe).toMatchObject({ blocked: expect.any(Number), blockedBy: expect.arrayContaining(['the script']) })
    // However late a busy machine sends it.
    expect(probe.longestWaitMs).toBeGreaterThan(300)
  }
}, 30_000)

test('what only stops writers lets readers through', async () => {
  const result = await run('lock table orders in share mode;\nselect pg_sleep(0.4)', { readerMs: 0, lockTimeoutMs: 0 })
  expect(result.variants[0]?.probes.map(({ kind, blocked }) => [kind, blocked])).toEqual([
    ['select', 0],
    ['insert', 1],
    ['update', 1],
  ])
}, 30_000)

test('odd names, generated columns and empty tables are probed; a column that is gone is an error of the application', async () => {
  const script = 'alter table "Odd ""name" rename column a to aa;\nalter table "Odd ""name" add column d int'
  const result = await run(script, { readerMs: 0, lockTimeoutMs: 0 })
  const [variant] = result.variants
  expect(variant?.failed).toBeNull()
  expect(variant?.probes.map(({ kind, skipped }) => [kind, skipped])).toEqual([
    ['select', null],
    ['insert', null],
    ['update', null],
  ])
  for (const { errors } of variant?.probes ?? []) expect(errors.every(({ code }) => code === '42703')).toBe(true)
}, 30_000)

test('an aborted run ends at once, and no session of it is left', async () => {
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error('enough')), 600)
  const input = EXPERIMENT.input.parse({ script: 'alter table orders add column z int', readerMs: 10_000 })
  await expect(EXPERIMENT.run(clone, input, { signal: stop.signal, progress() {} })).rejects.toThrow('enough')
  const others = "select count(*) as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()"
  await expect.poll(async () => await clone.query(others), { timeout: 10_000 }).toEqual([{ n: 0 }])
}, 30_000)

test('an embedded clone has one connection only', async () => {
  await using embedded = await embeddedClones().create({ scripts: [] }, signal)
  const asked = EXPERIMENT.run(embedded, EXPERIMENT.input.parse({ script: 'select 1' }), { signal, progress() {} })
  await expect(asked).rejects.toThrow('several connections')
}, 60_000)
