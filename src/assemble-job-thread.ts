/** The thread that does a service's jobs: its program. */
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { openForges } from './assemble-forges.ts'
import { jobHandler } from './assemble-jobs.ts'
import { newHandles } from './conversations/handles.ts'
import { errorData, errorOf, type FromThread, type JobThreadData, type StoreMethod, type ToThread } from './jobs/thread-protocol.ts'
import type { Handler } from './queue/queue.ts'
import type { Quotes } from './review/quotes.ts'
import type { Store } from './store/store.ts'
import { watchForgeRequests } from './web/forge-requests.ts'

/** A third of the processor's time where both want it. */
const NICE = 5
// Webhooks are answered first: on Linux this is about the one thread, and about the programs that it starts.
if (process.platform === 'linux') setPriority(0, NICE)

const { config, dataDir, environment } = workerData as JobThreadData
const calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
const running = new Map<number, AbortController>()
let lastCall = 0

function send(message: FromThread): void {
  parentPort?.postMessage(message)
}

function ask<T>(
  question:
    | { kind: 'store'; method: StoreMethod; args: unknown[] }
    | { kind: 'quote'; statements: readonly string[]; url: string }
    | Omit<Extract<FromThread, { kind: 'add' }>, 'call'>,
): Promise<T> {
  lastCall += 1
  const call = lastCall
  return new Promise<T>((resolve, reject) => {
    calls.set(call, { resolve: resolve as (value: unknown) => void, reject })
    send({ ...question, call })
  })
}

const log = (fields: Record<string, unknown>, message: string): void => send({ kind: 'log', fields, message })

function remoteStore(): Store {
  const method =
    (name: StoreMethod) =>
    async (...args: unknown[]) =>
      await ask({ kind: 'store', method: name, args })
  const names: StoreMethod[] = [
    'addIgnore',
    'listIgnores',
    'addTrust',
    'listTrusts',
    'isFirst',
    'saveReview',
    'findReview',
    'addSpending',
    'secondsSpent',
  ]
  const methods = Object.fromEntries(names.map((name) => [name, method(name)])) as unknown as Omit<Store, typeof Symbol.asyncDispose>
  return { ...methods, async [Symbol.asyncDispose]() {} }
}

const quotes: Quotes = { find: async (statements, url) => await ask({ kind: 'quote', statements, url }) }

let opening: Promise<Handler> | undefined
async function open(): Promise<Handler> {
  const { signal } = new AbortController()
  const forges = await openForges(environment, signal)
  watchForgeRequests(forges.addresses, (forge, status) => send({ kind: 'request', forge, status }))
  const handles = newHandles(forges.forges, log, signal)
  return jobHandler({ config, dataDir, forges, store: remoteStore(), add: (job) => ask({ kind: 'add', job }), handles, quotes, log })
}

async function work({ id, task, attempt }: Extract<ToThread, { kind: 'do' }>): Promise<void> {
  const controller = new AbortController()
  running.set(id, controller)
  try {
    opening ??= open()
    const handler = await opening
    await handler(task, attempt, controller.signal)
    send({ kind: 'done', id })
  } catch (error) {
    send({ kind: 'done', id, error: errorData(error) })
  } finally {
    running.delete(id)
  }
}

parentPort?.on('message', (message: ToThread) => {
  if (message.kind === 'do') void work(message)
  else if (message.kind === 'abort') running.get(message.id)?.abort(message.reason)
  else {
    const waiting = calls.get(message.call)
    calls.delete(message.call)
    if (message.error) waiting?.reject(errorOf(message.error))
    else waiting?.resolve(message.value)
  }
})
