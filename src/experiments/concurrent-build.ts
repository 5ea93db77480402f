import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Clone, Connection } from '../clones/clone.ts'
import { UserError } from '../errors.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Experiment } from './experiment.ts'
import { runScript, type ScriptFailure } from './run-script.ts'
import { lookWhile, openSessions } from './sessions.ts'
import { otherTables, touchedTables } from './touched-tables.ts'
import { watchWaits } from './wait-watch.ts'

const MAX_OLD_MS = 15_000
const LOOK_MS = 10

const Input = z.strictObject({
  script: z.string().meta({ file: true }).describe('File of SQL with CREATE INDEX CONCURRENTLY, REINDEX CONCURRENTLY or their like.'),
  transaction: z
    .enum(['file', 'implicit', 'none'])
    .default('none')
    .describe('How its tool sends it: one transaction, one query, or each statement alone, which is what such statements need.'),
  oldMs: z
    .int()
    .min(0)
    .max(MAX_OLD_MS)
    .default(1000)
    .describe('How long a transaction that was there before and uses another table stays open, in milliseconds.'),
  lockTimeoutMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(200)
    .describe('The lock_timeout of the second run, in milliseconds; 0 for no second run.'),
})
type Settings = z.infer<typeof Input>

export interface ConcurrentRun {
  /** null: as the script says itself. */
  lockTimeoutMs: number | null
  ms: number
  /** Of `ms`, waiting for the old transaction. */
  waitedMs: number
  /** What the server said it did meanwhile, from pg_stat_progress_create_index: `index validation: scanning table`. */
  phases: string[]
  failed: ScriptFailure | null
  /** `schema.name` of indexes that are there and not valid, and were not before. */
  invalid: string[]
  /** The same script once more, when nobody is in the way: what it says, and which indexes are not valid even then. Null after a success. */
  again: { failed: ScriptFailure | null; invalid: string[] } | null
}

export interface ConcurrentBuild {
  /** The other table that the old transaction uses; null when there is none, so that it only has a snapshot. */
  otherTable: string | null
  runs: ConcurrentRun[]
  notes: string[]
}

export const EXPERIMENT: Experiment<Settings, ConcurrentBuild> = {
  name: 'concurrent-build',
  question: 'How long does a concurrent build wait for an old transaction on another table, and does it leave an invalid index?',
  input: Input,
  needs: 'connections',
  async run(clone, input, { signal, progress }) {
    const statements = await readScript(input.script, input.transaction)
    if (!statements.some(({ text }) => /\bconcurrently\b/i.test(text)))
      throw new UserError('Nothing of this script runs CONCURRENTLY: what it makes others wait for is told by `blocked-time`.')
    const touched = await touchedTables(clone, statements)
    const [otherTable = null] = await otherTables(clone, touched)
    const result: ConcurrentBuild = { otherTable, runs: [], notes: [] }
    for (const lockTimeoutMs of input.lockTimeoutMs > 0 ? [null, input.lockTimeoutMs] : [null]) {
      if (lockTimeoutMs !== null && !clone.restart) {
        result.notes.push('This clone cannot go back to where it was, so the script ran once only, without lock_timeout.')
        break
      }
      if (lockTimeoutMs !== null) await clone.restart?.(signal)
      progress(lockTimeoutMs === null ? 'without lock_timeout' : `with lock_timeout = ${lockTimeoutMs} ms`)
      result.runs.push(await runBeside(clone, input, otherTable, lockTimeoutMs, signal))
    }
    return result
  },
  summarise({ runs }) {
    return `${runs.map(said).join('; ')}.`
  },
  render({ otherTable, runs, notes }) {
    return [`beside an old transaction${otherTable === null ? '' : ` that uses ${otherTable}`}`, ...runs.flatMap(renderRun), ...notes]
  },
}

async function runBeside(
  clone: Clone,
  { script, transaction, oldMs }: Settings,
  otherTable: string | null,
  lockTimeoutMs: number | null,
  outer: AbortSignal,
): Promise<ConcurrentRun> {
  const stop = new AbortController()
  const signal = AbortSignal.any([outer, stop.signal])
  await using sessions = openSessions(clone, 'concurrent-build', signal)
  const observer = await sessions.open('observer')
  const invalidBefore = await invalidIndexes(observer)
  const old = await sessions.open('script')
  await old.batch(oldTransaction(otherTable), signal)
  if (lockTimeoutMs !== null) await clone.run(`set lock_timeout = ${lockTimeoutMs}`, signal)
  const watch = watchWaits(observer, [clone.pid])
  const phases = new Set<string>()
  const began = performance.now()
  const change = async (): Promise<{ ms: number; failed: ScriptFailure | null }> => {
    const failed = (await runScript(clone, script, transaction, signal)) ?? null
    return { ms: performance.now() - began, failed }
  }
  const leave = async (): Promise<void> => {
    await sleep(oldMs, undefined, { signal })
    await old.run('commit', signal)
  }
  try {
    const [{ ms, failed }] = await lookWhile(Promise.all([change(), leave()]), LOOK_MS, async () => {
      await watch.look()
      for (const phase of await readPhases(observer, clone.pid)) phases.add(phase)
    })
    const waitedMs = watch
      .waits(clone.pid)
      .filter(({ blockers }) => old.pid !== undefined && blockers.has(old.pid))
      .reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
    const newlyInvalid = async (): Promise<string[]> => (await invalidIndexes(observer)).filter((name) => !invalidBefore.includes(name))
    const invalid = await newlyInvalid()
    const again = failed && { failed: (await runScript(clone, script, transaction, signal)) ?? null, invalid: await newlyInvalid() }
    return { lockTimeoutMs, ms, waitedMs: Math.min(waitedMs, ms), phases: [...phases], failed, invalid, again }
  } catch (error) {
    outer.throwIfAborted()
    throw error
  } finally {
    stop.abort()
  }
}

/** It has a snapshot and, as a writer, a number. */
function oldTransaction(table: string | null): Array<{ sql: string | string[] }> {
  const use = table === null ? [] : [{ sql: `select 1 from ${table} limit 1` }]
  return [{ sql: ['begin isolation level repeatable read'] }, { sql: 'select pg_catalog.txid_current()' }, ...use]
}

const INVALID = `select n.nspname || '.' || c.relname as name from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind = 'i' and not (i.indisvalid and i.indisready and i.indislive) and n.nspname <> 'pg_toast' order by 1`

async function invalidIndexes(observer: Connection): Promise<string[]> {
  return (await observer.query<{ name: string }>(INVALID)).map(({ name }) => name)
}

async function readPhases(observer: Connection, pid: number | undefined): Promise<string[]> {
  const sql = 'select phase from pg_catalog.pg_stat_progress_create_index where pid = $1::int and phase is not null'
  return (await observer.query<{ phase: string }>(sql, [pid])).map(({ phase }) => phase)
}

function said({ lockTimeoutMs, waitedMs, failed, invalid }: ConcurrentRun): string {
  const how = lockTimeoutMs === null ? 'it' : `with lock_timeout ${lockTimeoutMs} ms it`
  const end = failed ? ` and failed (${failed.code})` : ''
  const left = invalid.length > 0 ? `, leaving ${invalid.join(', ')} invalid` : ''
  return `${how} waited ${shown(waitedMs)} for a transaction on another table${end}${left}`
}

function renderRun({ lockTimeoutMs, ms, waitedMs, phases, failed, invalid, again }: ConcurrentRun): string[] {
  return [
    lockTimeoutMs === null ? 'as it is' : `with lock_timeout = ${lockTimeoutMs} ms`,
    `  ${shown(ms)}, of which ${shown(waitedMs)} waiting for the old transaction`,
    ...phases.map((phase) => `    ${phase}`),
    ...(failed ? [`  line ${failed.line}: ${failed.message} (${failed.code})`] : []),
    ...invalid.map((name) => `  leaves ${name} invalid`),
    ...(again ? [`  run again: ${again.failed ? `${again.failed.message} (${again.failed.code})` : 'no error'}`] : []),
    ...(again?.invalid ?? []).map((name) => `    ${name} is still invalid`),
  ]
}

function shown(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`
}
