import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { embeddedClones } from '../src/clones/embedded.ts'
import { localClones } from '../src/clones/local.ts'
import { EXPERIMENT } from '../src/experiments/held-locks.ts'

const signal = new AbortController().signal
const SCHEMA = [
  'create table orders (id int primary key, note text)',
  "insert into orders select n, repeat('x', 100) from generate_series(1, 5000) n",
  'create table customers (id int primary key, email text)',
  'create procedure pause() language plpgsql as $$ begin perform pg_sleep(0.2); commit; end $$',
]
let clone: Clone

beforeAll(async () => {
  clone = await localClones({ postgres: 18 }).create({ scripts: [] }, signal)
})
afterAll(async () => await clone[Symbol.asyncDispose]())

async function run(script: string, transaction: 'file' | 'implicit' | 'none' = 'file', more = 0) {
  await clone.restart?.(signal)
  for (const sql of SCHEMA) expect((await clone.run(sql, signal)).error).toBeUndefined()
  // What is only seen from time to time has to take some.
  await clone.run(`insert into orders select n, md5(n::text) from generate_series(5001, ${5000 + more}) n`, signal)
  return await EXPERIMENT.run(clone, { script, transaction }, { signal, progress() {} })
}

test('the lock of a short first statement is held until the transaction ends', async () => {
  const script = 'alter table customers add column note text;\nselect pg_sleep(0.3);\nupdate orders set note = id::text where id <= 1000;'
  const result = await run(script)
  expect(result.failed).toBeNull()
  expect(result.transactions).toHaveLength(1)
  const [transaction] = result.transactions
  const statements = transaction?.statements ?? []
  expect(statements.map(({ line, rows }) => [line, rows])).toEqual([
    [1, null],
    [2, 1],
    [3, 1000],
  ])
  const sum = statements.reduce((total, { ms }) => total + ms, transaction?.commitMs ?? 0)
  expect(transaction?.ms).toBeCloseTo(sum, 6)
  const lock = transaction?.locks.find(({ relation }) => relation === 'public.customers')
  expect(lock).toMatchObject({ mode: 'AccessExclusiveLock', line: 1, kind: 'table' })
  // It was taken in the first statement, however long that took.
  expect(lock?.heldMs).toBeGreaterThanOrEqual(sum - (statements[0]?.ms ?? 0))
  expect(lock?.heldMs).toBeLessThanOrEqual(sum)
  const late = transaction?.locks.find(({ relation }) => relation === 'public.orders')
  expect(late).toMatchObject({ mode: 'RowExclusiveLock', line: 3 })
  expect(late?.heldMs).toBeLessThan(lock?.heldMs ?? 0)
  expect(transaction?.written).toEqual([{ relation: 'public.orders', inserted: 0, updated: 1000, deleted: 0 }])
  expect(transaction?.sizes.some(({ relation, beforeBytes, afterBytes }) => relation === 'public.orders' && afterBytes > beforeBytes)).toBe(
    true,
  )
  expect(statements[2]?.walBytes).toBeGreaterThan(50_000)
  expect(statements[1]?.walBytes).toBeLessThan(5_000)
  expect(EXPERIMENT.summarise(result)).toMatch(/^ACCESS EXCLUSIVE on public\.customers was held for /)
  expect(EXPERIMENT.render(result).join('\n')).toContain('ACCESS EXCLUSIVE')
})

test('a lock taken in the middle of a statement counts from there', async () => {
  const result = await run('do $$ begin perform pg_sleep(0.4); lock table orders in share mode; perform pg_sleep(0.4); end $$')
  const [transaction] = result.transactions
  const lock = transaction?.locks.find(({ relation }) => relation === 'public.orders')
  expect(lock?.mode).toBe('ShareLock')
  expect(lock?.heldMs).toBeGreaterThanOrEqual(400)
  expect(lock?.heldMs).toBeLessThanOrEqual((transaction?.ms ?? 0) - 350)
})

test('each statement alone gives its locks back; those outside a transaction are watched', async () => {
  const result = await run(
    'create index on orders (note);\ncall pause();\nreindex table concurrently orders;\nvacuum orders',
    'none',
    60_000,
  )
  expect(result.failed).toBeNull()
  expect(result.transactions.map(({ line, alone }) => [line, alone])).toEqual([
    [1, false],
    [2, true],
    [3, true],
    [4, true],
  ])
  const [build, , reindex] = result.transactions
  expect(build?.locks).toMatchObject([{ relation: 'public.orders', mode: 'ShareLock' }])
  expect(build?.sizes).toMatchObject([{ beforeBytes: 0, relation: 'public.orders_note_idx' }])
  expect(reindex?.locks.some(({ mode, relation }) => relation === 'public.orders' && mode === 'ShareUpdateExclusiveLock')).toBe(true)
})

test('what fails is told, and what comes after is not tried', async () => {
  const result = await run('alter table orders add column a int;\nalter table missing add column a int;\ndrop table orders')
  expect(result.failed).toMatchObject({ line: 2, code: '42P01' })
  expect(result.transactions[0]?.statements).toHaveLength(2)
  expect(await clone.query('select count(*) as n from orders')).toEqual([{ n: 5000 }])
})

test('temporary files are counted', async () => {
  const result = await run("set work_mem = '64kB'; create table sorted as select note || id as x from orders order by 1")
  expect(result.temporaryBytes).toBeGreaterThan(100_000)
})

test('an embedded clone has one connection only', async () => {
  await using embedded = await embeddedClones().create({ scripts: [] }, signal)
  const asked = EXPERIMENT.run(embedded, { script: 'select 1', transaction: 'file' }, { signal, progress() {} })
  await expect(asked).rejects.toThrow('several connections')
}, 60_000)

test('what may have let go of its locks before anybody looked is not said to have held none', () => {
  const transaction = { line: 1, ms: 1, commitMs: 0, locks: [], walBytes: 0, sizes: [], written: [], statements: [] }
  const said = (alone: boolean, code?: string): string =>
    EXPERIMENT.summarise({
      transactions: [{ ...transaction, alone }],
      temporaryBytes: null,
      failed: code === undefined ? null : { line: 1, code, message: 'no' },
    })
  expect(said(false)).toBe('No lock was held; 0 B of WAL.')
  expect(said(true)).toBe('No lock was seen; 0 B of WAL.')
  expect(said(false, '23502')).toBe('No lock was seen; 0 B of WAL; line 1 fails: no (23502).')
})
