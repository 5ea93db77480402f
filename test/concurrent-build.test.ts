import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { localClones } from '../src/clones/local.ts'
import { EXPERIMENT } from '../src/experiments/concurrent-build.ts'

const signal = new AbortController().signal
const BASE = [
  'create table customers (id int primary key)',
  'create table orders (id int primary key, note text, twice int default 1)',
  "insert into orders select n, repeat('x', 100) from generate_series(1, 2000) n",
  'create index orders_twice on orders (twice)',
]
const folder = mkdtempSync(join(tmpdir(), 'concurrent-build-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function startClone(postgres: number): Promise<Clone> {
  const statements = BASE.map((text, index) => ({ text, line: index + 1 }))
  const base = { scripts: [{ path: 'base.sql', sql: BASE.join(';\n'), statements }] }
  return await localClones({ postgres, cacheDir: folder }).create(base, signal)
}

async function run(clone: Clone, script: string, more: object = {}) {
  return await EXPERIMENT.run(clone, EXPERIMENT.input.parse({ script, ...more }), { signal, progress() {} })
}

test.each([12, 15, 18])(
  'on Postgres %i a build waits for a transaction on another table, and a lock_timeout leaves it invalid',
  async (postgres) => {
    await using clone = await startClone(postgres)
    const result = await run(clone, 'create index concurrently if not exists orders_note on orders (note)', { oldMs: 700 })
    const [asIs, timeout] = result.runs
    expect(result.otherTable).toBe('"public"."customers"')
    expect(asIs).toMatchObject({ lockTimeoutMs: null, failed: null, invalid: [], again: null })
    expect(asIs?.waitedMs).toBeGreaterThan(400)
    expect(asIs?.ms).toBeGreaterThanOrEqual(asIs?.waitedMs ?? 0)
    expect(asIs?.phases).toContain('waiting for old snapshots')
    expect(timeout).toMatchObject({ lockTimeoutMs: 200, failed: { line: 1, code: '55P03' }, invalid: ['public.orders_note'] })
    // IF NOT EXISTS is content with the one that is no good.
    expect(timeout?.again).toEqual({ failed: null, invalid: ['public.orders_note'] })
    expect(EXPERIMENT.summarise(result)).toMatch(
      /^it waited .*with lock_timeout 200 ms it waited .* leaving public\.orders_note invalid\.$/,
    )
    expect(EXPERIMENT.render(result).join('\n')).toContain('is still invalid')
  },
  60_000,
)

test('REINDEX leaves its copy, a unique build over duplicates its index; in a transaction nothing is built', async () => {
  await using clone = await startClone(18)
  const reindex = await run(clone, 'reindex index concurrently orders_twice', { oldMs: 600 })
  expect(reindex.runs[0]).toMatchObject({ failed: null, invalid: [] })
  expect(reindex.runs[1]?.invalid).toEqual(['public.orders_twice_ccnew'])
  await clone.restart?.(signal)
  const unique = await run(clone, 'create unique index concurrently u on orders (twice)', { oldMs: 0, lockTimeoutMs: 0 })
  expect(unique.runs).toMatchObject([{ failed: { code: '23505' }, invalid: ['public.u'], again: { failed: { code: '42P07' } } }])
  await clone.restart?.(signal)
  const inside = await run(clone, 'create index concurrently i on orders (note)', { transaction: 'file', lockTimeoutMs: 0, oldMs: 0 })
  expect(inside.runs).toMatchObject([{ failed: { code: '25001' }, invalid: [] }])
  await expect(run(clone, 'create index i on orders (note)', {})).rejects.toThrow('Nothing of this script runs CONCURRENTLY')
}, 60_000)
