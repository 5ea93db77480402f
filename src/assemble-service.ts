/** The service: webhooks in, a queue between, reviews and answers out. */
import { access, constants, mkdir } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { removeAbandonedClones } from './assemble-clones.ts'
import { type Forges, openForges } from './assemble-forges.ts'
import { answerQuestion } from './assemble-questions.ts'
import { type NamedText, noteOfConfig, readNamed, reviewChange } from './assemble-review.ts'
import { CONFIG_FILE, type Config, DEFAULTS, readGitEnvironment, type ServiceEnvironment } from './config.ts'
import type { AnswerSettings } from './conversations/answer.ts'
import { readCommand } from './conversations/command.ts'
import type { Database } from './database/database.ts'
import { UserError } from './errors.ts'
import type { Forge, ForgeName, OpenMergeRequest } from './forges/forge.ts'
import { newHandler } from './jobs/run-job.ts'
import type { JobSettings, ReviewHow } from './jobs/settings.ts'
import { mayUseData } from './jobs/trust.ts'
import { newLogger } from './log.ts'
import type { QueueLimits } from './queue/limits.ts'
import type { Handler, Queue } from './queue/queue.ts'
import { configInForce, type ServiceConfig } from './service-config.ts'
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

const HANDLE = 'pgwitness'

export async function startService(options: ServiceOptions): Promise<Service> {
  const { environment, dataDir } = options
  await makeFolder(dataDir)
  const stopping = new AbortController()
  const forges = await openForges(environment, stopping.signal)
  const { log } = newLogger(
    environment.logLevel,
    [...forges.secrets, ...(environment.databaseUrl ? [environment.databaseUrl] : [])],
    options.logTo,
  )
  const database = await openDatabase(environment, dataDir)
  const warn = (message: string): void => log({ error: message }, 'storage')
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
    const handles = newHandles(forges, log, stopping.signal)
    const parts = { options, forges, queue, store, database, metrics, log, handles, stopping: stopping.signal }
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
  database: Database
  metrics: Metrics
  log(fields: Record<string, unknown>, message: string): void
  handles: Handles
  stopping: AbortSignal
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

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
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

/** Names under which we are mentioned: our own, and that of the user we act as. */
interface Handles {
  /** As far as they are known by now. */
  known(forge: ForgeName): string[]
  fetch(forge: Forge, signal: AbortSignal): Promise<string[]>
}

function newHandles({ forges }: Forges, log: Parts['log'], signal: AbortSignal): Handles {
  const logins = new Map<ForgeName, string>()
  const known = (forge: ForgeName): string[] => [HANDLE, ...(logins.has(forge) ? [logins.get(forge) ?? ''] : [])]
  const fetch = async (forge: Forge, within: AbortSignal): Promise<string[]> => {
    if (!logins.has(forge.name)) logins.set(forge.name, (await forge.fetchIdentity(within)).login.replace(/\[bot\]$/, ''))
    return known(forge.name)
  }
  // A forge that does not answer now is asked again when there is work.
  for (const forge of forges) {
    fetch(forge, signal).catch((error: unknown) => {
      if (!signal.aborted)
        log({ forge: forge.name, error: error instanceof Error ? error.message : 'unknown' }, 'the forge does not answer as it should')
    })
  }
  return { known, fetch }
}

async function startWorker(parts: Parts): Promise<void> {
  const { options, queue, metrics, log } = parts
  const settings = jobSettings(parts)
  const handler = newHandler(settings, answerSettings(parts, settings))
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

function jobSettings({ options, forges, store, log }: Parts): JobSettings {
  const { config, dataDir } = options
  return {
    forgeFor: forges.forgeFor,
    store,
    inlineComments: config.inlineComments,
    budgetSeconds: config.budgetMinutesPerDay * 60,
    mention: `@${HANDLE}`,
    log,
    async open(request, access, forge, signal) {
      const { openMergeRequest } = await import('./forges/git.ts')
      const folder = resolve(join(dataDir, 'repositories'))
      return await openMergeRequest(
        request,
        access,
        {
          folder,
          environment: readGitEnvironment(),
          treeByApi: (sha) => forge.treeByApi(request, sha, signal),
          fetchDiff: async () => await forge.fetchDiff(request, signal),
        },
        signal,
      )
    },
    async review(open, how, signal) {
      const { config: inForce, isCached, statistics, notes } = await inForceFor(open, how, config)
      const schema = await readNamed(inForce, 'schema', open.baseTree)
      const settings = { config: inForce, schema, statistics, isCached, named: false, useBaseline: true, progress() {} }
      const review = await reviewChange(open, settings, signal)
      const all = [...(await noteOfConfig(open.baseTree, open.headTree)), ...notes, ...review.notes]
      return { review: { ...review, notes: all }, failOn: inForce.failOn }
    },
  }
}

function answerSettings({ options, queue, store, log, handles }: Parts, { forgeFor, open }: JobSettings): AnswerSettings {
  return {
    forgeFor,
    store,
    handles: handles.fetch,
    log,
    async askForReview(ref, comment) {
      // Named for the comment, so that an answer that is done twice asks once.
      await queue.add({ kind: 'review', ref, delivery: `comment-${ref.forge}-${comment.place}-${comment.id}`, isAsked: true })
    },
    async ask(request, question, signal) {
      const forge = forgeFor(request)
      const isTrusted = await mayUseData(forge, request, store, signal)
      await using opened = await open(request, await forge.fetchGitAccess(request, signal), forge, signal)
      const how = { isTrusted, isStatic: false }
      return await answerQuestion(opened, question, await inForceFor(opened, how, options.config), signal)
    },
  }
}

interface InForce {
  config: Config
  isCached: boolean
  statistics: NamedText | undefined
  notes: string[]
}

/** The base's configuration as far as the operator follows it. A UserError when it is not right, or names what is not there. */
async function inForceFor({ baseTree }: OpenMergeRequest, { isTrusted, isStatic }: ReviewHow, service: ServiceConfig): Promise<InForce> {
  const text = await baseTree.read(CONFIG_FILE)
  const { parseConfig, loadYaml } = await import('./config-file.ts')
  const repository = text === undefined ? DEFAULTS : parseConfig(text)
  const isCloneChosen = text !== undefined && (loadYaml(text, CONFIG_FILE) as { clone?: unknown } | undefined)?.clone !== undefined
  const { config, notes } = configInForce(repository, service, { isTrusted, isCloneChosen })
  if (isStatic) {
    notes.push('The budget of clones for today is spent (budgetMinutesPerDay), so nothing was run.')
    return { config: { ...config, clone: 'none' }, isCached: false, statistics: undefined, notes }
  }
  const statistics = config.clone === 'none' ? undefined : await readNamed(config, 'stats', baseTree)
  const { withoutValues } = await import('./statistics/without-values.ts')
  const told = statistics && !isTrusted ? { ...statistics, text: withoutValues(statistics.text, statistics.path) } : statistics
  return { config, isCached: true, statistics: told, notes }
}
