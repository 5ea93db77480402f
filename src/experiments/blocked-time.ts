import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { Clone, Connection } from '../clones/clone.ts'
import { UserError } from '../errors.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Experiment, ExperimentContext } from './experiment.ts'
import { type Probe, probesOf, type RunningProbe, runProbe } from './probes.ts'
import { runScript, type ScriptFailure } from './run-script.ts'
import { lookWhile, openSessions, type Sessions } from './sessions.ts'
import { type TouchedTable, touchedTables } from './touched-tables.ts'
import { Transaction } from './transaction-input.ts'
import { type WaitWatch, watchWaits } from './wait-watch.ts'

const MAX_READER_MS = 15_000
const MAX_TABLES = 4
const LOOK_MS = 10
/** An insert copies a row there is, so that this is no news. */
const UNIQUE = '23505'
/** Without a reader, probes work this long before the script begins. */
const LEAD_MS = 100

const Input = z.strictObject({
  script: z.string().meta({ file: true }).describe('File of SQL, run in order.'),
  transaction: Transaction,
  readerMs: z
    .int()
    .min(0)
    .max(MAX_READER_MS)
    .default(1000)
    .describe('A reader of the same tables was there before and ends after so many milliseconds; 0 for none.'),
  scriptAfterMs: z.int().min(0).max(MAX_READER_MS).default(100).describe('When the script begins, in milliseconds after the reader.'),
  probesAfterMs: z
    .int()
    .min(0)
    .max(MAX_READER_MS)
    .default(200)
    .describe('When the application begins to work, in milliseconds after the reader.'),
  lockTimeoutMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(200)
    .describe('The lock_timeout of the second run, in milliseconds; 0 for no second run.'),
})
type Settings = z.infer<typeof Input>

/** What stood in the way: `the script`, `the reader`, `the application` itself, or a session that is none of these. */
type Who = 'the script' | 'the reader' | 'the application' | 'another session'

export interface ProbeResult {
  table: string
  kind: Probe['kind']
  /** Statements it sent. */
  count: number
  /** Those that were seen to wait for a lock. */
  blocked: number
  /** The longest of those, from sending it to its answer. */
  longestWaitMs: number
  totalWaitMs: number
  /** When the longest was sent, after the reader began or, without one, after the application did. */
  longestFromMs: number | null
  blockedBy: Who[]
  /** Statements that failed, by the code of Postgres. */
  errors: Array<{ code: string; count: number }>
  skipped: string | null
}

export interface BlockedVariant {
  /** null: as the script says itself. */
  lockTimeoutMs: number | null
  /** The time of the script, and how much of it it was seen waiting. */
  scriptMs: number
  scriptWaitedMs: number
  failed: ScriptFailure | null
  /** When the reader ended, after it began; null without one. */
  readerMs: number | null
  probes: ProbeResult[]
}

export interface BlockedTime {
  /** `schema.name`, those that were probed. */
  tables: string[]
  /** Touched too, but there are limits. */
  notProbed: string[]
  variants: BlockedVariant[]
  notes: string[]
}

export const EXPERIMENT: Experiment<Settings, BlockedTime> = {
  name: 'blocked-time',
  question: 'How long does an application wait while a script runs, with and without lock_timeout?',
  input: Input,
  needs: 'connections',
  async run(clone, input, context) {
    const statements = await readScript(input.script, input.transaction)
    const result: BlockedTime = { tables: [], notProbed: [], variants: [], notes: [] }
    const touched = await touchedTables(clone, statements)
    const tables = touched.slice(0, MAX_TABLES)
    result.tables = tables.map(({ key }) => key)
    result.notProbed = touched.slice(MAX_TABLES).map(({ key }) => key)
    if (tables.length === 0) result.notes.push('The script touches no table that was there before.')
    for (const lockTimeoutMs of input.lockTimeoutMs > 0 ? [null, input.lockTimeoutMs] : [null]) {
      if (lockTimeoutMs !== null && !clone.restart) {
        result.notes.push('This clone cannot go back to where it was, so the script ran once only, without lock_timeout.')
        break
      }
      if (lockTimeoutMs !== null) await clone.restart?.(context.signal)
      context.progress(lockTimeoutMs === null ? 'without lock_timeout' : `with lock_timeout = ${lockTimeoutMs} ms`)
      result.variants.push(await runVariant(clone, tables, input, lockTimeoutMs, context))
    }
    return result
  },
  summarise({ variants }) {
    if (variants.every(({ probes }) => probes.length === 0)) return 'The script touches no table that was there before.'
    return `${variants.map(said).join('; ')}.`
  },
  render({ notProbed, variants, notes }) {
    return [...variants.flatMap(renderVariant), ...(notProbed.length > 0 ? [`Not probed: ${notProbed.join(', ')}`] : []), ...notes]
  },
}

async function runVariant(
  clone: Clone,
  tables: readonly TouchedTable[],
  input: Settings,
  lockTimeoutMs: number | null,
  { signal: outer }: ExperimentContext,
): Promise<BlockedVariant> {
  const stop = new AbortController()
  const signal = AbortSignal.any([outer, stop.signal])
  await using sessions = openSessions(clone, 'blocked-time', signal)
  const observer = await sessions.open('observer')
  const reader = input.readerMs > 0 && tables.length > 0 ? await openReader(sessions, tables, signal) : undefined
  const probes = tables.flatMap(probesOf)
  const running = await Promise.all(
    probes.filter(({ sql }) => sql !== undefined).map(async (probe) => ({ probe, connection: await sessions.open('script') })),
  )
  const atWork = running.map(({ probe, connection }) => ({ probe, connection, pid: connection.pid, shots: [] as RunningProbe['shots'] }))
  if (lockTimeoutMs !== null) await clone.run(`set lock_timeout = ${lockTimeoutMs}`, signal)
  const watch = watchWaits(observer, [clone.pid, reader?.pid, ...atWork.map(({ pid }) => pid)])
  const began = performance.now()
  let over = false
  const parts = stage(clone, input, reader, signal)
  const work = async (): Promise<Awaited<ReturnType<typeof parts>>> => {
    const probing = atWork.map(async (one) => {
      await sleep(reader ? input.probesAfterMs : 0, undefined, { signal })
      await runProbe(one, one.connection, () => over, signal)
    })
    const staged = parts().finally(() => {
      over = true
    })
    return (await Promise.all([staged, ...probing]))[0]
  }
  try {
    const { scriptMs, failed, readerMs } = await lookWhile(work(), LOOK_MS, async () => await watch.look())
    const names = new Map<number | undefined, Who>([
      [clone.pid, 'the script'],
      [reader?.pid, 'the reader'],
      ...atWork.map(({ pid }): [number | undefined, Who] => [pid, 'the application']),
    ])
    const scriptWaitedMs = watch.waits(clone.pid).reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
    const results = probes.map((probe) =>
      resultOf(
        probe,
        atWork.find((one) => one.probe === probe),
        watch,
        names,
        began,
      ),
    )
    return { lockTimeoutMs, scriptMs, scriptWaitedMs: Math.min(scriptWaitedMs, scriptMs), failed, readerMs, probes: results }
  } catch (error) {
    outer.throwIfAborted()
    throw error
  } finally {
    stop.abort()
  }
}

/** A transaction that has read the tables and stays open. Its snapshot is old, as that of a long query is. */
async function openReader(sessions: Sessions, tables: readonly TouchedTable[], signal: AbortSignal): Promise<Connection> {
  const reader = await sessions.open('script')
  const steps = [
    { sql: ['begin isolation level repeatable read, read only'] },
    ...tables.map(({ name }) => ({ sql: `select 1 from ${name} limit 1` })),
  ]
  const failed = (await reader.batch(steps, signal)).find(({ error }) => error)?.error
  if (failed) throw new UserError(`A reader of the tables cannot be staged: ${failed.message} (${failed.code}). Use --reader-ms 0.`)
  return reader
}

/** Reader and script, each at its time. */
function stage(
  clone: Clone,
  { script, transaction, readerMs, scriptAfterMs }: Settings,
  reader: Connection | undefined,
  signal: AbortSignal,
): () => Promise<{ scriptMs: number; failed: ScriptFailure | null; readerMs: number | null }> {
  const read = async (): Promise<number | null> => {
    if (!reader) return null
    const began = performance.now()
    await sleep(readerMs, undefined, { signal })
    await reader.run('commit', signal)
    return performance.now() - began
  }
  const change = async (): Promise<{ scriptMs: number; failed: ScriptFailure | null }> => {
    await sleep(reader ? scriptAfterMs : LEAD_MS, undefined, { signal })
    const began = performance.now()
    const failed = (await runScript(clone, script, transaction, signal)) ?? null
    return { scriptMs: performance.now() - began, failed }
  }
  return async () => {
    const [readFor, changed] = await Promise.all([read(), change()])
    return { ...changed, readerMs: readFor }
  }
}

function resultOf(
  probe: Probe,
  running: RunningProbe | undefined,
  watch: WaitWatch,
  names: ReadonlyMap<number | undefined, Who>,
  began: number,
): ProbeResult {
  const waits = watch.waits(running?.pid)
  const shots = running?.shots ?? []
  const blocked = shots.filter(({ fromMs, ms }) => waits.some((wait) => wait.fromMs < fromMs + ms && wait.toMs > fromMs && ms > LOOK_MS))
  const longest = blocked.reduce<(typeof blocked)[number] | undefined>((best, one) => (best && best.ms >= one.ms ? best : one), undefined)
  const who = waits.flatMap(({ blockers }) => [...blockers].map((pid) => names.get(pid) ?? 'another session'))
  const codes = new Map<string, number>()
  for (const { code } of shots)
    if (code !== undefined && !(probe.kind === 'insert' && code === UNIQUE)) codes.set(code, (codes.get(code) ?? 0) + 1)
  return {
    table: probe.table,
    kind: probe.kind,
    count: shots.length,
    blocked: blocked.length,
    longestWaitMs: longest?.ms ?? 0,
    totalWaitMs: blocked.reduce((sum, { ms }) => sum + ms, 0),
    longestFromMs: longest ? longest.fromMs - began : null,
    blockedBy: blocked.length > 0 ? [...new Set(who)].sort() : [],
    errors: [...codes].map(([code, count]) => ({ code, count })),
    skipped: probe.skipped,
  }
}

function longestOf({ probes }: BlockedVariant): ProbeResult | undefined {
  return probes.filter(({ blocked }) => blocked > 0).sort((a, b) => b.longestWaitMs - a.longestWaitMs)[0]
}

function said(variant: BlockedVariant): string {
  const longest = longestOf(variant)
  const how = variant.lockTimeoutMs === null ? '' : `with lock_timeout ${variant.lockTimeoutMs} ms `
  const fails = variant.failed ? ` and the script fails (${variant.failed.code})` : ''
  if (!longest) return `${how}nobody was blocked${fails}`
  return `${how}${longest.kind} on ${longest.table} waited up to ${shown(longest.longestWaitMs)}${fails}`
}

function renderVariant(variant: BlockedVariant): string[] {
  const { lockTimeoutMs, scriptMs, scriptWaitedMs, failed, readerMs, probes } = variant
  return [
    lockTimeoutMs === null ? 'as it is' : `with lock_timeout = ${lockTimeoutMs} ms`,
    `  script ${shown(scriptMs)}, of which ${shown(scriptWaitedMs)} waiting${readerMs === null ? '' : `; the reader ended after ${shown(readerMs)}`}`,
    ...(failed ? [`  line ${failed.line}: ${failed.message} (${failed.code})`] : []),
    ...probes.map(({ table, kind, count, blocked, longestWaitMs, totalWaitMs, blockedBy, errors, skipped }) => {
      if (skipped !== null) return `    ${kind.padEnd(7)} ${table}: not tried, ${skipped}`
      const codes = errors.map(({ code, count: many }) => `${many} x ${code}`).join(', ')
      const waited = blocked === 0 ? 'none waited' : `${blocked} waited up to ${shown(longestWaitMs)}, ${shown(totalWaitMs)} in all`
      const by = blockedBy.length > 0 ? ` for ${blockedBy.join(' and ')}` : ''
      return `    ${kind.padEnd(7)} ${table}: ${count} sent, ${waited}${by}${codes === '' ? '' : `; errors: ${codes}`}`
    }),
  ]
}

function shown(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`
}
