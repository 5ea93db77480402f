import { Worker } from 'node:worker_threads'
import { ServiceError } from '../errors.ts'
import { type BaseScript, CloneDied } from './clone.ts'
import { type CallName, type Calls, PROGRESS, type WorkerReply } from './worker-messages.ts'

/** The worker thread of one clone. Once it is gone, every call says why. */
export interface Thread {
  /** Rejects with a ServiceError when the clone is gone, or a database error for a query of ours that failed. */
  call<Name extends CallName>(name: Name, request: Calls[Name]['request'], signal: AbortSignal | undefined): Promise<Calls[Name]['result']>
  /** Of the scripts given to `replay`, the one it was at when it died. */
  replaying(scripts: readonly BaseScript[]): BaseScript | undefined
  stop(): Promise<void>
}

export interface ThreadLimits {
  statementMs: number
  startMs: number
}

interface Waiting {
  name: CallName
  resolve(result: unknown): void
  reject(error: Error): void
}

const SERVICE = 'embedded clone'
/** A stack of 1 MB in Postgres takes some twenty times as much of the machine. Only what is used is taken. */
const STACK_MB = 64
/** The process may grow by this much during one call. */
const MAX_GROWTH_BYTES = 2e9

export function startThread(limits: ThreadLimits): Thread {
  const progress = new Int32Array(new SharedArrayBuffer(PROGRESS.length * Int32Array.BYTES_PER_ELEMENT))
  // The worker stands beside this file: .ts in the source tree, .js in the package.
  const file = import.meta.url.replace(/embedded-thread\.(\w+)$/, 'embedded-worker.$1')
  // Flags of the process, such as those for code given on the command line, are none of the thread's business.
  const worker = new Worker(new URL(file), {
    workerData: { progress: progress.buffer },
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { stackSizeMb: STACK_MB },
  })
  // A thread that nobody asks anything keeps no process alive.
  worker.unref()
  const waiting = new Map<number, Waiting>()
  let [ids, dead, replaying] = [0, undefined as string | undefined, false]

  const die = (reason: string): void => {
    if (dead !== undefined) return
    dead = reason
    replaying = [...waiting.values()].some(({ name }) => name === 'replay')
    const at = Atomics.load(progress, PROGRESS.position)
    for (const { name, reject } of waiting.values()) reject(new CloneDied(SERVICE, reason, name === 'batch' ? at : undefined))
    waiting.clear()
    void worker.terminate()
  }
  worker.on('error', (error) => die(`its thread failed: ${error.message}`))
  worker.on('exit', () => die('its thread ended'))
  worker.on('message', (text: string) => {
    const reply = JSON.parse(text) as WorkerReply
    const call = waiting.get(reply.id)
    if ('failure' in reply && reply.failure.kind !== 'database') return die(reply.failure.message)
    waiting.delete(reply.id)
    if (waiting.size === 0) worker.unref()
    if ('result' in reply) call?.resolve(reply.result)
    else call?.reject(Object.assign(new Error(reply.failure.message), reply.failure.error))
  })

  return {
    async call(name, request, signal) {
      if (dead !== undefined) throw new CloneDied(SERVICE, dead)
      if (signal?.aborted) throw new ServiceError(SERVICE, 'stopped before it was asked')
      const limit = name === 'start' || name === 'save' ? limits.startMs : limits.statementMs
      const stop = watch(progress, limit, (reason) => die(`stopped: one statement ${reason}`))
      const abort = (): void => die('stopped by its caller')
      signal?.addEventListener('abort', abort, { once: true })
      try {
        return await new Promise((resolve, reject) => {
          ids += 1
          waiting.set(ids, { name, resolve: resolve as (result: unknown) => void, reject })
          worker.ref()
          worker.postMessage({ id: ids, name, request })
        })
      } finally {
        stop()
        signal?.removeEventListener('abort', abort)
      }
    },
    replaying(scripts) {
      return replaying ? scripts.at(Atomics.load(progress, PROGRESS.position)) : undefined
    },
    async stop() {
      die('it was closed')
      await worker.terminate()
    },
  }
}

/** Calls `stop` when no statement was begun for `limit` milliseconds, or when the process has grown too much: all files of an instance are in memory. */
function watch(progress: Int32Array, limit: number, stop: (reason: string) => void): () => void {
  let [seen, since] = [Atomics.load(progress, PROGRESS.statements), performance.now()]
  // Asked for only once a call takes long: it costs more than most calls.
  let atStart: number | undefined
  const timer = setInterval(
    () => {
      const now = Atomics.load(progress, PROGRESS.statements)
      const rss = process.memoryUsage.rss()
      atStart ??= rss
      if (rss - atStart > MAX_GROWTH_BYTES) stop(`used more than ${MAX_GROWTH_BYTES / 1e9} GB of memory`)
      else if (now !== seen) [seen, since] = [now, performance.now()]
      else if (performance.now() - since >= limit) stop(`ran longer than ${limit / 1000} s`)
    },
    Math.min(limit / 4, 250),
  )
  return () => clearInterval(timer)
}
