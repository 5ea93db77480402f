/** The thread a PGlite instance lives in, so that it can be stopped whatever it is doing. */
import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite, type PGliteOptions } from '@electric-sql/pglite'
import { runBatch } from './batch.ts'
import type { DatabaseError, SkippedBase } from './clone.ts'
import { loadExtensions } from './extensions.ts'
import { type Replayer, replay } from './replay.ts'
import { openSession, RESET_SESSION, type Session, Wedged } from './session.ts'
import { readSnapshot, SnapshotFiles, writeSnapshot } from './snapshot.ts'
import { type CallName, type Calls, PROGRESS, type WorkerReply, type WorkerRequest } from './worker-messages.ts'

/**
 * PGlite's own parameters without `-O` (changes to system tables) and without its search_path, so that the clone behaves as a server does.
 * Parallel workers do not exist here, and planning our own queries once saves a third of the time of an experiment.
 */
const START = [
  '--single',
  '-F',
  '-j',
  ...[
    'exit_on_error=false',
    // Endless recursion is an error here, as on a server, when the thread's own stack (see embedded-thread.ts) is large enough.
    'max_stack_depth=1MB',
    'log_checkpoints=false',
    'max_worker_processes=0',
    'max_parallel_workers=0',
    'max_parallel_workers_per_gather=0',
    'max_parallel_maintenance_workers=0',
    'io_method=sync',
    'plan_cache_mode=force_generic_plan',
    'full_page_writes=off',
    'wal_level=logical',
    'max_wal_size=32MB',
  ].flatMap((setting) => ['-c', setting]),
]

declare const WebAssembly: { compile(bytes: Uint8Array): Promise<NonNullable<PGliteOptions['pgliteWasmModule']>> }

/** Compiled while the main thread still finds out what to run. A failure is told when it is needed. */
const compiled = readFile(new URL('pglite.wasm', import.meta.resolve('@electric-sql/pglite'))).then((bytes) => WebAssembly.compile(bytes))
compiled.catch(() => undefined)

const progress = new Int32Array((workerData as { progress: SharedArrayBuffer }).progress)
let opened: { pg: PGlite; session: Session } | undefined

function instance(): { pg: PGlite; session: Session } {
  if (!opened) throw new Error('the instance was not started')
  return opened
}

function replayer(session: Session): Replayer {
  return {
    name: 'the embedded Postgres',
    script: (sql) => session.script(sql).error,
    statement: (sql) => session.statement(sql).error,
    reset: () => session.script(RESET_SESSION.join(';\n')).error,
  }
}

const answers: { [Name in CallName]: (request: Calls[Name]['request']) => Calls[Name]['result'] | Promise<Calls[Name]['result']> } = {
  async start({ snapshot, extensions }) {
    const stored = snapshot === undefined ? undefined : readSnapshot(snapshot)
    if (snapshot !== undefined && !stored) return { corrupt: true, version: '', skipped: [] }
    const options: PGliteOptions = {
      pgliteWasmModule: await compiled,
      extensions: await loadExtensions(extensions),
      startParams: START,
      // Small log segments: 16 MB of zeros would be most of a snapshot.
      initDbStartParams: ['--wal-segsize=1'],
    }
    const pg = await PGlite.create(stored ? { ...options, fs: new SnapshotFiles(stored) } : options)
    const session = openSession(pg, () => Atomics.add(progress, PROGRESS.statements, 1))
    opened = { pg, session }
    const [row] = session.rows('version', "select pg_catalog.current_setting('server_version') as version").rows
    return { corrupt: false, version: row?.version ?? '', skipped: stored?.header.skipped ?? [] }
  },
  async replay({ scripts }) {
    const skipped: SkippedBase[] = []
    for (const [index, script] of scripts.entries()) {
      Atomics.store(progress, PROGRESS.position, index)
      skipped.push(...(await replay(replayer(instance().session), script)))
    }
    return skipped
  },
  save({ path, skipped }) {
    const { pg, session } = instance()
    session.statement('checkpoint')
    writeSnapshot(pg.Module.FS, path, skipped)
    return null
  },
  async query({ sql, parameters }) {
    const { pg, session } = instance()
    Atomics.add(progress, PROGRESS.statements, 1)
    const { rows } = await pg.query(sql, parameters)
    session.check()
    return rows
  },
  batch({ steps }) {
    return runBatch(instance().session, steps, (index) => Atomics.store(progress, PROGRESS.position, index))
  },
}

async function answer({ id, name, request }: WorkerRequest): Promise<WorkerReply> {
  try {
    const call = answers[name] as (request: unknown) => unknown
    return { id, result: await call(request) }
  } catch (thrown) {
    const error = thrown as Error & Partial<DatabaseError>
    if (error instanceof Wedged) return { id, failure: { kind: 'wedged', message: error.message } }
    if (typeof error.code === 'string') {
      return { id, failure: { kind: 'database', message: error.message, error: { code: error.code, message: error.message } } }
    }
    return { id, failure: { kind: 'bug', message: error.stack ?? String(error) } }
  }
}

// As one text: cloning thousands of small objects costs more than writing and reading them as JSON.
parentPort?.on('message', async (request: WorkerRequest) => parentPort?.postMessage(JSON.stringify(await answer(request))))
