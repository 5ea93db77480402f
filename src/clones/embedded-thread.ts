import { Worker } from 'node:worker_threads'
import { ServiceError } from '../errors.ts'
import type { BaseScript } from './clone.ts'
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

export function startThread(limits: ThreadLimits): Thread {
  const progress = new Int32Array(new SharedArrayBuffer(PROGRESS.length * Int32Array.BYTES_PER_ELEMENT))
  // The worker stands beside this file: .ts in the source tree, .js in the package.
  const file = import.meta.url.replace(/embedded-thread\.(\w+)$/, 'embedded-worker.$1')
  // Flags of the process, such as those for code given on the command line, are none of the thread's business.
  const worker = new Worker(new URL(file), { workerData: { progress: progress.buffer }, execArgv: [], stdout: true, stderr: true })
  const waiting = new Map<number, Waiting>()
  let [ids, dead, replaying] = [0, undefined as string | undefined, false]

  const die = (reason: string): void => {
    if (dead !== undefined) return
    dead = reason
    replaying = [...waiting.values()].some(({ name }) => name === 'replay')
    for (const { reject } of waiting.values()) reject(new ServiceError(SERVICE, reason))
    waiting.clear()
    void worker.terminate()
  }
  worker.on('error', (error) => die(`its thread failed: ${error.message}`))
  worker.on('exit', () => die('its thread ended'))
  worker.on('message', (text: string) => {
    const reply = JSON.parse(text) as WorkerReply
    const call = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (waiting.size === 0) worker.unref()
    if ('result' in reply) call?.resolve(reply.result)
    else if (reply.failure.kind === 'database') call?.reject(Object.assign(new Error(reply.failure.message), reply.failure.error))
    else {
      call?.reject(new ServiceError(SERVICE, reply.failure.message))
      die(reply.failure.message)
    }
  })

  return {
    async call(name, request, signal) {
      if (dead !== undefined) throw new ServiceError(SERVICE, dead)
      if (signal?.aborted) throw new ServiceError(SERVICE, 'stopped before it was asked')
      const limit = name === 'start' || name === 'save' ? limits.startMs : limits.statementMs
      const stop = watch(progress, limit, () => die(`stopped: one statement ran longer than ${limit / 1000} s`))
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

/** Calls `late` when no statement was begun for `limit` milliseconds. */
function watch(progress: Int32Array, limit: number, late: () => void): () => void {
  let [seen, since] = [Atomics.load(progress, PROGRESS.statements), performance.now()]
  const timer = setInterval(
    () => {
      const now = Atomics.load(progress, PROGRESS.statements)
      if (now !== seen) [seen, since] = [now, performance.now()]
      else if (performance.now() - since >= limit) late()
    },
    Math.min(limit / 4, 250),
  )
  return () => clearInterval(timer)
}
