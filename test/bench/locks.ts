import { execFileSync } from 'node:child_process'
import type { Clone } from '../../src/clones/clone.ts'
import { localClones } from '../../src/clones/local.ts'
import { EXPERIMENT as blockedTime } from '../../src/experiments/blocked-time.ts'
import { EXPERIMENT as heldLocks } from '../../src/experiments/held-locks.ts'

const signal = new AbortController().signal
const context = { signal, progress() {} }
const SCHEMA = [
  'create table orders (id int primary key, note text)',
  "insert into orders select n, repeat('x', 100) from generate_series(1, 200000) n",
  'create table customers (id int primary key)',
]
const SCRIPT = [
  'alter table customers add column email text',
  'alter table orders alter column note set not null',
  "update orders set note = 'y' where id % 2 = 0",
  'create index orders_note on orders (note)',
]
/** What the server says of every statement and every wait. */
const SETTINGS = { log_min_duration_statement: '0', log_lock_waits: 'on', deadlock_timeout: '50ms', log_statement: 'none' }

/** What held-locks and blocked-time measure, beside what the server's own log says of the same run. */
export async function benchLocks(): Promise<void> {
  for (const postgres of [12, 15, 18]) {
    await using clone = await localClones({ postgres, settings: SETTINGS, path: process.env.PATH }).create({ scripts: [] }, signal)
    for (const sql of SCHEMA) await clone.run(sql, signal)
    await compareHeld(clone, postgres)
    await compareBlocked(clone)
  }
}

async function compareHeld(clone: Clone, postgres: number): Promise<void> {
  const { transactions } = await heldLocks.run(clone, heldLocks.input.parse({ script: SCRIPT.join(';\n') }), context)
  const log = await readLog(clone)
  const [transaction] = transactions
  const logged = [...SCRIPT, 'commit'].map((sql) => loggedMs(log, clone.pid, sql))
  const [lock] = transaction?.locks.filter(({ relation }) => relation === 'public.customers') ?? []
  console.log(`\nPostgres ${postgres}: held-locks, ms (the server's log in brackets)`)
  for (const [index, { kind, ms }] of (transaction?.statements ?? []).entries())
    console.log(`  ${kind.padEnd(16)} ${pair(ms, logged[index])}`)
  console.log(`  ${lock?.mode} on ${lock?.relation}, held to the end: ${pair(lock?.heldMs, sum(logged))}`)
}

/** The lock queue as it was first measured by hand: a reader of 3 s, ALTER, and 0.7 s after the reader a select that waited 2.29 s. */
async function compareBlocked(clone: Clone): Promise<void> {
  const staging = { readerMs: 3000, scriptAfterMs: 650, probesAfterMs: 700, lockTimeoutMs: 0 }
  const script = 'alter table orders add column paid boolean'
  const asIs = await blockedTime.run(clone, blockedTime.input.parse({ script, ...staging }), context)
  const select = asIs.variants[0]?.probes.find(({ kind }) => kind === 'select')
  const waits = [...(await readLog(clone)).matchAll(/acquired AccessShareLock on relation \d+ of database \d+ after ([\d.]+) ms/g)]
  console.log(`  select behind ALTER behind a reader: ${pair(select?.longestWaitMs, Number(waits.at(-1)?.[1]))}`)
  const timeout = `set lock_timeout = '200ms';\n${script} default true`.replace('paid', 'sent')
  const limited = await blockedTime.run(clone, blockedTime.input.parse({ script: timeout, ...staging }), context)
  const short = limited.variants[0]?.probes.find(({ kind }) => kind === 'select')
  console.log(`  the same with lock_timeout = 200 ms: ${short?.longestWaitMs.toFixed(0)}`)
}

async function readLog(clone: Clone): Promise<string> {
  const observer = await clone.connect?.('observer', signal)
  const [row] = (await observer?.query<{ folder: string }>("select pg_catalog.current_setting('unix_socket_directories') as folder")) ?? []
  await observer?.[Symbol.asyncDispose]()
  return execFileSync('cat', [`${row?.folder}/log`], { encoding: 'utf8', maxBuffer: 1 << 28 })
}

/** Parsing, binding and executing of the last run of a statement, which are lines of their own. */
function loggedMs(log: string, pid: number | undefined, sql: string): number {
  const lines = log.split('\n').filter((line) => line.includes(`[${pid}]`) && line.endsWith(`: ${sql}`))
  const last = lines.findLastIndex((line) => / parse </.test(line))
  return sum(lines.slice(Math.max(last, 0)).map((line) => Number(/duration: ([\d.]+) ms/.exec(line)?.[1] ?? 0)))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}

function pair(ours = Number.NaN, theirs = Number.NaN): string {
  return `${ours.toFixed(1)} (${theirs.toFixed(1)}), ${(100 * (ours / theirs - 1)).toFixed(1)} %`
}
