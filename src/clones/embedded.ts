import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { ServiceError } from '../errors.ts'
import {
  dropSnapshot,
  ensureFolder,
  findSnapshot,
  keysOf,
  pruneCache,
  readBeside,
  snapshotPath,
  touchSnapshot,
  writeBeside,
} from './cache.ts'
import type { BaseScript, Clone, CloneBase, CloneProvider, SkippedBase, StatementOutcome, Step, StepOutcome } from './clone.ts'
import { startThread, type Thread } from './embedded-thread.ts'
import { extensionsIn } from './extensions.ts'
import { RESET_SESSION } from './session.ts'

export interface EmbeddedOptions {
  /** Where replayed bases are stored; undefined stores nothing. */
  cacheDir?: string | undefined
  /** Wall-clock limit for one statement; the instance is stopped when it is reached. */
  statementMs?: number
}

const STATEMENT_MS = 20_000
/** A new cluster takes 2 to 4 s; a machine may be slow. */
const START_MS = 120_000
/** Files of the base that hang are left out, and a clone that died is started again: not for ever. */
const MAX_HUNG = 3
const MAX_RESTARTS = 5

/** Postgres in WASM (PGlite), one instance a clone, in a thread that is stopped when it does not end by itself. */
export function embeddedClones(options: EmbeddedOptions = {}): CloneProvider {
  const limits = { statementMs: options.statementMs ?? STATEMENT_MS, startMs: START_MS }
  let spare: Thread | undefined
  const thread = (): Thread => {
    const taken = spare ?? startThread(limits)
    spare = undefined
    return taken
  }
  return {
    name: 'embedded',
    warm() {
      spare ??= startThread(limits)
    },
    async create(base, signal) {
      const hung: SkippedBase[] = []
      const start = (again: AbortSignal) => startOn(base, hung, thread, options.cacheDir, again)
      return embeddedClone(await start(signal), start)
    },
  }
}

/** Starts a thread that holds the base, without the files that made one hang: those are added to `hung`. */
async function startOn(
  base: CloneBase,
  hung: SkippedBase[],
  newThread: () => Thread,
  cacheDir: string | undefined,
  signal: AbortSignal,
): Promise<Running> {
  for (;;) {
    const left = base.scripts.filter((script) => !hung.some(({ path }) => path === script.path))
    const thread = newThread()
    try {
      const ready = await prepare(thread, { ...base, scripts: left }, cacheDir, signal)
      return { ...ready, thread, skipped: [...hung, ...ready.skipped] }
    } catch (error) {
      await thread.stop()
      const script = thread.replaying(left)
      if (!(error instanceof ServiceError) || signal.aborted || !script || hung.length >= MAX_HUNG) throw error
      hung.push({ path: script.path, line: 1, statement: '', reason: `the file was left out: ${error.message}` })
    }
  }
}

interface Ready {
  version: string
  skipped: SkippedBase[]
  cached: boolean
  notes: string[]
  /** Where the base is stored. */
  snapshot?: string
}

interface Running extends Ready {
  thread: Thread
}

/** Starts from the best snapshot there is, replays what it lacks, and stores the result. */
async function prepare(thread: Thread, base: CloneBase, cacheDir: string | undefined, signal: AbortSignal): Promise<Ready> {
  const extensions = extensionsIn([...base.scripts.map((script) => script.sql), ...(base.later ?? [])])
  const missing = cacheDir === undefined ? undefined : ensureFolder(cacheDir)
  if (cacheDir === undefined || missing !== undefined) {
    const { version } = await thread.call('start', { snapshot: undefined, extensions }, signal)
    const notes = missing === undefined ? [] : [cannotStore(cacheDir, missing)]
    return { version, skipped: await replayAll(thread, base.scripts, signal), cached: false, notes }
  }
  const keys = keysOf(base.scripts, pgliteVersion())
  const { version, skipped, scripts, fresh } = await startFrom(thread, cacheDir, keys, extensions, signal)
  const notes: string[] = []
  const save = async (key: string | undefined): Promise<string> => {
    const path = snapshotPath(cacheDir, key ?? '')
    if (notes.length === 0) notes.push(...(await store(thread, path, skipped, signal)).map((code) => cannotStore(cacheDir, code)))
    return path
  }
  const empty = fresh ? await save(keys[0]) : snapshotPath(cacheDir, keys[0] ?? '')
  const rest = base.scripts.slice(scripts)
  if (rest.length === 0) return { version, skipped, cached: !fresh, notes, snapshot: snapshotPath(cacheDir, keys.at(-1) ?? '') }
  skipped.push(...(await replayAll(thread, rest, signal)))
  const snapshot = await save(keys.at(-1))
  pruneCache(cacheDir, empty)
  return { version, skipped, cached: false, notes, snapshot }
}

/** The error's code when it cannot be written. */
async function store(thread: Thread, path: string, skipped: SkippedBase[], signal: AbortSignal): Promise<string[]> {
  try {
    await thread.call('save', { path, skipped }, signal)
    return []
  } catch (error) {
    if (error instanceof ServiceError) throw error
    return [(error as NodeJS.ErrnoException).code ?? String(error)]
  }
}

function cannotStore(cacheDir: string | undefined, code: string): string {
  return `The cache ${cacheDir} cannot be written (${code}), so the base is replayed each time. PGWITNESS_CACHE_DIR names another folder.`
}

interface Started {
  version: string
  skipped: SkippedBase[]
  scripts: number
  fresh: boolean
}

async function startFrom(
  thread: Thread,
  cacheDir: string,
  keys: readonly string[],
  extensions: string[],
  signal: AbortSignal,
): Promise<Started> {
  // A damaged one that cannot be removed is not tried twice.
  for (let found = findSnapshot(cacheDir, keys); found; found = findSnapshot(cacheDir, keys.slice(0, found.scripts))) {
    const { corrupt, version, skipped } = await thread.call('start', { snapshot: found.path, extensions }, signal)
    if (!corrupt) {
      touchSnapshot(found.path)
      return { version, skipped, scripts: found.scripts, fresh: false }
    }
    dropSnapshot(found.path)
  }
  const { version } = await thread.call('start', { snapshot: undefined, extensions }, signal)
  return { version, skipped: [], scripts: 0, fresh: true }
}

async function replayAll(thread: Thread, scripts: BaseScript[], signal: AbortSignal): Promise<SkippedBase[]> {
  return scripts.length === 0 ? [] : await thread.call('replay', { scripts }, signal)
}

function embeddedClone(first: Running, start: (signal: AbortSignal) => Promise<Running>): Clone {
  const { version, skipped, cached, notes } = first
  let { thread, snapshot } = first
  let untouched = true
  let restarts = 0
  const batch = async (steps: readonly Step[], signal: AbortSignal): Promise<StepOutcome[]> => {
    if (steps.some(({ name }) => name === undefined)) untouched = false
    return await thread.call('batch', { steps }, signal)
  }
  return {
    provider: 'embedded',
    data: 'nothing',
    pid: undefined,
    resetSession: RESET_SESSION,
    postgres: Number.parseInt(version, 10),
    version,
    skipped,
    cached,
    notes,
    async query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
      return (await thread.call('query', { sql, parameters }, undefined)) as Row[]
    },
    async run(sql, signal): Promise<StatementOutcome> {
      const [outcome] = await batch([{ sql }], signal)
      if (!outcome) throw new Error('a batch of one step has one outcome')
      const { ms, notices, rows, error } = outcome
      return { ms, notices, ...(rows === undefined ? {} : { rows }), ...(error ? { error } : {}) }
    },
    batch,
    async memo(name, compute) {
      if (!untouched || snapshot === undefined) return await compute()
      const kept = readBeside(snapshot, name)
      if (kept !== undefined) return kept
      const text = await compute()
      writeBeside(snapshot, name, text)
      return text
    },
    async restart(signal) {
      await thread.stop()
      if (restarts >= MAX_RESTARTS)
        throw new ServiceError('embedded clone', `it was stopped ${restarts + 1} times and is not started again`)
      restarts += 1
      ;({ thread, snapshot } = await start(signal))
      untouched = true
    },
    [Symbol.asyncDispose]: async () => await thread.stop(),
  }
}

let version: string | undefined

/** Snapshots are only good for the version of PGlite that wrote them. */
function pgliteVersion(): string {
  if (version === undefined) {
    const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite')
    version = String((JSON.parse(readFileSync(join(dirname(dirname(entry)), 'package.json'), 'utf8')) as { version: unknown }).version)
  }
  return version
}
