/** The service: webhooks in, a queue between, reviews and answers out. */
import { access, constants } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { removeAbandonedClones } from './assemble-clones.ts'
import { type Forges, openForges } from './assemble-forges.ts'
import { jobHandler } from './assemble-jobs.ts'
import { quotesOf } from './assemble-quotes.ts'
import type { ServiceEnvironment } from './config.ts'
import { readCommand } from './conversations/command.ts'
import { type Handles, newHandles } from './conversations/handles.ts'
import type { Database } from './database/database.ts'
import { UserError } from './errors.ts'
import { startJobThread } from './jobs/job-thread.ts'
import type { KnowledgeBase } from './knowledge/knowledge-base.ts'
import { newLogger } from './log.ts'
import { makeFolder } from './make-folder.ts'
import type { QueueLimits } from './queue/limits.ts'
import type { Handler, Queue } from './queue/queue.ts'
import type { Quotes } from './review/quotes.ts'
import type { ServiceConfig } from './service-config.ts'
import type { Store } from './store/store.ts'
import { newAcknowledger } from './web/acknowledge.ts'
import { watchForgeRequests } from './web/forge-requests.ts'
import { type Metrics, newMetrics } from './web/metrics.ts'
import { newWebServer } from './web/server.ts'

export interface ServiceOptions {
  /** 0 takes any that is free. Undefined for a worker that does not listen. */
  port: number | undefined
  host: string
  /** Storage where there is no DATABASE_URL, and the cache of repositories. */
  dataDir: string
  isWeb: boolean
  isWorker: boolean
  config: ServiceConfig
  environment: ServiceEnvironment
  /** Of the queue, where they are not the usual ones. */
  limits?: Partial<QueueLimits>
  /** Standard output when not told. */
  logTo?: NodeJS.WritableStream
}

export interface Service {
  /** Undefined for a worker that does not listen. */
  port: number | undefined
  queue: Queue
  /** Takes nothing more, waits for what runs at most so long, and hands back the rest. */
  stop(graceMs: number): Promise<void>
}

export async function startService(options: ServiceOptions): Promise<Service> {
  const { environment, dataDir } = options
  await prepareFolder(dataDir)
  const stopping = new AbortController()
  const forges = await openForges(environment, stopping.signal)
  const { log } = newLogger(
    environment.logLevel,
    [...forges.secrets, ...(environment.databaseUrl ? [environment.databaseUrl] : [])],
    options.logTo,
  )
  const database = await openDatabase(environment, dataDir)
  const warn = (message: string): void => log({ error: message }, 'queue or storage')
  const { pgBossQueue } = await import('./queue/pg-boss-queue.ts')
  const { postgresStore } = await import('./store/postgres-store.ts')
  let queue: Queue | undefined
  let store: Store | undefined
  let server: Server | undefined
  const metrics = newMetrics(async () => (await queue?.counts()) ?? { waiting: 0, running: 0, failed: 0 })
  const unwatch = watchForgeRequests(forges.addresses, metrics.forgeRequest)
  /** Whatever there is by now: a start may fail half-way. */
  const close = async (graceMs: number): Promise<void> => {
    stopping.abort()
    server?.close()
    server?.closeIdleConnections()
    await queue?.stop(graceMs)
    server?.closeAllConnections()
    await store?.[Symbol.asyncDispose]()
    await database.close()
    unwatch()
  }
  try {
    queue = await pgBossQueue(database, { warn, ...(options.limits ? { limits: options.limits } : {}) })
    store = await postgresStore(database, { warn })
    const handles = newHandles(forges.forges, log, stopping.signal)
    const quotes = quotesOf(newKnowledge(database))
    const parts = { options, forges, queue, store, quotes, database, metrics, log, handles, stopping: stopping.signal }
    // An address that is taken is known before any work begins.
    server = options.port === undefined ? undefined : await startWeb(parts, options.port)
    if (options.isWorker) await startWorker(parts)
  } catch (error) {
    await close(0)
    throw error
  }
  const port = (server?.address() as AddressInfo | undefined)?.port
  const names = forges.forges.map(({ name }) => name)
  log({ port, forges: names, storage: database.kind, web: options.isWeb, worker: options.isWorker }, 'started')
  return {
    port,
    queue,
    async stop(graceMs) {
      log({}, 'stopping')
      await close(graceMs)
      log({}, 'stopped')
    },
  }
}

interface Parts {
  options: ServiceOptions
  forges: Forges
  queue: Queue
  store: Store
  quotes: Quotes
  database: Database
  metrics: Metrics
  log(fields: Record<string, unknown>, message: string): void
  handles: Handles
  stopping: AbortSignal
}

/** Opened when the first finding wants words: many services have nothing in it. */
function newKnowledge(database: Database): () => Promise<KnowledgeBase> {
  let opening: Promise<KnowledgeBase> | undefined
  return async () => {
    opening ??= import('./knowledge/postgres.ts').then(({ postgresKnowledgeBase }) => postgresKnowledgeBase(database))
    return await opening
  }
}

async function openDatabase({ databaseUrl }: ServiceEnvironment, dataDir: string): Promise<Database> {
  if (databaseUrl !== undefined) return await (await import('./database/postgres.ts')).openPostgres(databaseUrl)
  return await (await import('./database/embedded.ts')).openEmbedded(dataDir)
}

const LISTENING: Record<string, string> = {
  EADDRINUSE: 'another process does. Stop that one, or choose another --port',
  EADDRNOTAVAIL: 'this machine has no such address. See --host',
  ENOTFOUND: 'no such host is known. See --host',
  EACCES: 'this user may not. Choose a --port from 1024 on',
}

async function prepareFolder(path: string): Promise<void> {
  try {
    makeFolder(path, 0o700)
    await access(path, constants.W_OK)
  } catch (error) {
    throw new UserError(`The data folder ${resolve(path)} cannot be written to: ${(error as NodeJS.ErrnoException).code}. See --data.`, {
      cause: error,
    })
  }
}

/** A worker tells how it is, and takes no webhooks. */
async function startWeb(parts: Parts, port: number) {
  const { options, forges, queue, database, metrics, log, handles, stopping } = parts
  const server = newWebServer({
    webhooks: options.isWeb ? forges.webhooks : new Map(),
    intake: {
      queue,
      repositories: options.config.repositories,
      isMention: (text, forge) => readCommand(text, handles.known(forge)) !== undefined,
      acknowledge: newAcknowledger(forges.forgeFor, log, stopping),
      count: metrics.webhook,
      log,
    },
    isReady: async () =>
      !stopping.aborted &&
      (await database.query('select 1').then(
        () => true,
        () => false,
      )),
    metrics: metrics.read,
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      failed(new UserError(`It cannot listen on ${options.host}:${port}: ${LISTENING[error.code ?? ''] ?? error.code}.`, { cause: error })),
    )
    server.listen(port, options.host, listening)
  })
  return server
}

/**
 * Reviews take a processor for seconds. Beside webhooks they run in a thread of their own, so that those are answered meanwhile; a worker alone has nothing
 * else to do.
 */
async function openHandler({ options, forges, queue, store, quotes, log, handles, metrics, stopping }: Parts): Promise<Handler> {
  const { config, dataDir, environment, isWeb } = options
  if (!isWeb) return jobHandler({ config, dataDir, forges, store, add: queue.add, handles, quotes, log })
  const thread = startJobThread(
    { config, dataDir, environment },
    { store, add: queue.add, quotes, log, forgeRequest: metrics.forgeRequest },
  )
  stopping.addEventListener('abort', () => thread.closeWhenIdle(), { once: true })
  return thread.handler
}

async function startWorker(parts: Parts): Promise<void> {
  const { options, queue, metrics, log } = parts
  const handler = await openHandler(parts)
  const measured: Handler = async (job, attempt, signal) => {
    const started = performance.now()
    let state: 'done' | 'failed' = 'failed'
    try {
      await handler(job, attempt, signal)
      state = 'done'
    } finally {
      metrics.job(job.kind, state, (performance.now() - started) / 1000)
    }
  }
  removeAbandonedClones().catch((error: unknown) =>
    log({ error: String(error) }, 'clones of a process that was killed could not be removed'),
  )
  const { concurrency, perInstallation } = options.config
  await queue.work(measured, { concurrency, perInstallation })
}
