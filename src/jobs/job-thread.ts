import { Worker } from 'node:worker_threads'
import { ServiceError } from '../errors.ts'
import type { ForgeName } from '../forges/forge.ts'
import type { AbortReason, Handler, Queue } from '../queue/queue.ts'
import type { Quotes } from '../review/quotes.ts'
import type { Store } from '../store/store.ts'
import { type ErrorData, errorData, errorOf, type FromThread, type JobThreadData, type ToThread } from './thread-protocol.ts'

/** What the thread asks of the service. */
export interface JobThreadHost {
  store: Store
  add: Queue['add']
  quotes: Quotes
  log(fields: Record<string, unknown>, message: string): void
  forgeRequest(forge: ForgeName, status: number): void
}

/** The thread waits no longer either. */
const QUOTE_MS = 2_000

export interface JobThread {
  handler: Handler
  /** Ends the thread once nothing runs in it. */
  closeWhenIdle(): void
}

/** Does jobs in a thread of their own. One that dies takes its jobs with it, which are tried again in a new one. */
export function startJobThread(data: JobThreadData, host: JobThreadHost): JobThread {
  const running = new Map<number, { resolve(): void; reject(error: Error): void }>()
  let worker: Worker | undefined
  let lastId = 0
  let isClosing = false

  const send = (message: ToThread): void => worker?.postMessage(message)
  const end = (reason: string): void => {
    worker = undefined
    for (const { reject } of running.values()) reject(new ServiceError('thread', reason))
    running.clear()
  }
  const closeIfIdle = (): void => {
    if (!isClosing || running.size > 0) return
    worker?.terminate().catch(() => {})
    worker = undefined
  }
  const started = (): Worker => {
    if (worker) return worker
    // The thread's program stands above this folder: .ts in the source tree, .js in the package.
    const file = import.meta.url.replace(/jobs\/job-thread\.(\w+)$/, 'assemble-job-thread.$1')
    const made = new Worker(new URL(file), { workerData: data, execArgv: [] })
    made.on('message', (message: FromThread) => receive(message))
    made.on('error', (error) => host.log({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'thread'))
    made.on('exit', (code) => {
      if (worker === made) end(`it ended with code ${code}`)
    })
    worker = made
    return made
  }
  const receive = (message: FromThread): void => {
    switch (message.kind) {
      case 'log':
        host.log(message.fields, message.message)
        break
      case 'request':
        host.forgeRequest(message.forge, message.status)
        break
      case 'done':
        settle(message.id, message.error)
        break
      default:
        asked(message, host).then(
          (value) => send({ kind: 'reply', call: message.call, value }),
          (error: unknown) => send({ kind: 'reply', call: message.call, error: errorData(error) }),
        )
    }
  }
  const settle = (id: number, error: ErrorData | undefined): void => {
    const job = running.get(id)
    running.delete(id)
    if (error) job?.reject(errorOf(error))
    else job?.resolve()
    closeIfIdle()
  }
  return {
    async handler(task, attempt, signal) {
      lastId += 1
      const id = lastId
      const abort = (): void => send({ kind: 'abort', id, reason: signal.reason as AbortReason })
      started()
      const ended = new Promise<void>((resolve, reject) => running.set(id, { resolve, reject }))
      send({ kind: 'do', id, task, attempt })
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort, { once: true })
      try {
        await ended
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
    closeWhenIdle() {
      isClosing = true
      closeIfIdle()
    },
  }
}

async function asked(message: Extract<FromThread, { call: number }>, { store, add, quotes }: JobThreadHost): Promise<unknown> {
  if (message.kind === 'add') return await add(message.job)
  if (message.kind === 'quote') return await quotes.find(message.statements, message.url, AbortSignal.timeout(QUOTE_MS))
  const method = store[message.method] as (...args: unknown[]) => Promise<unknown>
  return await method.apply(store, message.args)
}
