import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError, UserError } from '../errors.ts'
import type { Clone, CloneProvider } from './clone.ts'
import { isLeftOver, newCloneId } from './dblab/clone-id.ts'
import { type Engine, type EngineClone, type InstanceStatus, openEngine, plainHost } from './dblab/engine.ts'
import { openConnection, type Target } from './native/connection.ts'
import { newMask } from './native/masking.ts'
import { nativeClone } from './native/native-clone.ts'
import { serverWide } from './native/script-role.ts'

/** One engine; docs/configuration.md describes the settings of the same names. */
export interface DblabEngine {
  url: string
  token: string | undefined
  postgres?: number | undefined
  database?: string | undefined
  branch?: string | undefined
  snapshot?: string | undefined
  accessHost?: string | undefined
  caFile?: string | undefined
  insecure?: boolean | undefined
  protectionMinutes?: number | undefined
  extraConf?: Record<string, string> | undefined
}

export interface DblabOptions {
  engines: readonly DblabEngine[]
  /** Major version that is wanted. */
  postgres: number
  /** Wall-clock limit for one statement. */
  statementMs?: number | undefined
}

const STATEMENT_MS = 20_000
/** A thin clone takes seconds; an engine that is refreshing its data, minutes. */
const READY_MS = 600_000
const POLL_MS = 500
/** Asking again does no harm. */
const MAX_FAILURES = 5
const REMOVE_MS = 60_000
const CONNECT_MS = 30_000
/** A request that was given up may still reach the engine: so often, half a second apart, it has to say that there is no clone. */
const GONE_FOR_CERTAIN = 4
const SERVICE = 'dblab clone'
const USER = 'pgwitness'

/** Thin clones of DBLab Engine: production's data, whose user is never a superuser. */
export function dblabClones(options: DblabOptions): CloneProvider {
  return {
    name: 'dblab',
    warm() {
      // The engine makes a clone from what it has.
    },
    async create(_base, signal) {
      const { engine, settings, status } = await chooseEngine(options, signal)
      await removeLeftOvers(engine, status, signal)
      const id = newCloneId()
      const password = newPassword()
      try {
        await engine.create(bodyOf(id, password, settings), signal)
        const ready = await waitUntilReady(engine, id, signal)
        return await cloneOf(engine, settings, { id, password, ready, statementMs: options.statementMs ?? STATEMENT_MS }, signal)
      } catch (error) {
        const left = await removeClone(engine, id, GONE_FOR_CERTAIN).then(
          () => '',
          (failure: Error) => `; ${failure.message}`,
        )
        if (signal.aborted || !(error instanceof UserError || error instanceof ServiceError)) throw error
        // A proxy may repeat what it was sent.
        error.message = `${error.message}${left}`.replaceAll(password, '…')
        throw error
      }
    },
  }
}

interface Chosen {
  engine: Engine
  settings: DblabEngine
  status: InstanceStatus
}

/** The engine of the wanted major: stated in the configuration, or told by its image. One whose major nobody knows will do when no other is there. */
async function chooseEngine({ engines, postgres }: DblabOptions, signal: AbortSignal): Promise<Chosen> {
  const majors: string[] = []
  let unknown: Chosen | undefined
  for (const settings of engines.filter((one) => one.postgres === undefined || one.postgres === postgres)) {
    const engine = openEngine({
      url: settings.url,
      token: settings.token,
      ca: readCertificate(settings.caFile),
      insecure: settings.insecure,
    })
    const status = await engine.status(signal)
    const major = settings.postgres ?? majorOf(status.provisioner.dockerImage)
    if (major === postgres) return { engine, settings, status }
    if (major === undefined) unknown ??= { engine, settings, status }
    else majors.push(`${engine.url.host} has ${major}`)
  }
  if (unknown) return unknown
  const there = [
    ...engines.flatMap((one) => (one.postgres === undefined ? [] : [`${new URL(one.url).host} has ${one.postgres}`])),
    ...majors,
  ]
  throw new UserError(`No DBLab Engine has Postgres ${postgres}: ${there.join(', ')}. Say which it is with \`postgres:\` or --postgres.`)
}

/** `postgresai/extended-postgres:16-0.5.1`. */
function majorOf(image: string): number | undefined {
  const tag = /:(\d{2})(?!\d)/.exec(image)?.[1]
  return tag === undefined ? undefined : Number(tag)
}

function readCertificate(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path, 'utf8')
  } catch (error) {
    throw new UserError(`dblab.engines[].caFile: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

/** The engine wants 60 bits of entropy. */
function newPassword(): string {
  return randomBytes(40).toString('base64').replaceAll(/[^\w]/g, '').slice(0, 32)
}

function bodyOf(
  id: string,
  password: string,
  { database, branch, snapshot, protectionMinutes, extraConf }: DblabEngine,
): Parameters<Engine['create']>[0] {
  return {
    id,
    db: { username: USER, password, restricted: true, ...(database !== undefined && { db_name: database }) },
    ...(protectionMinutes !== undefined && { protected: true, protectionDurationMinutes: protectionMinutes }),
    ...(snapshot !== undefined ? { snapshot: { id: snapshot } } : branch !== undefined && { branch }),
    ...(extraConf && Object.keys(extraConf).length > 0 && { extra_conf: extraConf }),
  }
}

async function waitUntilReady(engine: Engine, id: string, signal: AbortSignal): Promise<EngineClone> {
  const until = performance.now() + READY_MS
  let failures = 0
  for (;;) {
    let clone: EngineClone | undefined
    try {
      clone = await engine.clone(id, signal)
      failures = 0
    } catch (error) {
      failures += 1
      if (!(error instanceof ServiceError) || failures >= MAX_FAILURES) throw error
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
      continue
    }
    if (!clone) throw new ServiceError(SERVICE, `the clone ${id} is gone before it was ready`)
    if (clone.status.code === 'OK') return clone
    if (clone.status.code === 'FATAL') throw new ServiceError(SERVICE, `the engine could not make it: ${clone.status.message}`)
    if (performance.now() > until)
      throw new ServiceError(SERVICE, `it was not ready within ${READY_MS / 60_000} minutes: ${clone.status.code}`)
    await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

interface Made {
  id: string
  password: string
  ready: EngineClone
  statementMs: number
}

async function cloneOf(
  engine: Engine,
  settings: DblabEngine,
  { id, password, ready, statementMs }: Made,
  signal: AbortSignal,
): Promise<Clone> {
  const targetOf = ({ db }: EngineClone): Target => ({
    host: settings.accessHost ?? (LOOPBACK.has(db.host) ? plainHost(engine.url) : db.host),
    port: Number(db.port),
    database: db.dbName || settings.database || 'postgres',
    user: USER,
    password,
    settings: { statement_timeout: String(statementMs + 5_000), idle_in_transaction_session_timeout: '600000' },
  })
  const script = targetOf(ready)
  const first = await connectPatiently(script, statementMs, signal)
  const mask = await newMask(first).finally(async () => await first[Symbol.asyncDispose]())
  return await nativeClone(
    {
      provider: 'dblab',
      data: 'rows',
      script,
      options: { service: SERVICE, statementMs, mask, refuses: serverWide },
      async restore(again) {
        await engine.reset(id, again)
        const target = targetOf(await waitUntilReady(engine, id, again))
        await (await connectPatiently(target, statementMs, again))[Symbol.asyncDispose]()
        return { script: target }
      },
      remove: async () => await removeClone(engine, id),
    },
    signal,
  )
}

/** The engine tells users of its own machine where clones are. */
const LOOPBACK = new Set(['', 'localhost', '127.0.0.1', '::1'])

/** A clone that is said to be ready may still be starting. */
async function connectPatiently(target: Target, statementMs: number, signal: AbortSignal): ReturnType<typeof openConnection> {
  const until = performance.now() + CONNECT_MS
  for (;;) {
    try {
      return await openConnection(target, { service: SERVICE, statementMs }, signal)
    } catch (error) {
      if (!(error instanceof ServiceError) || performance.now() > until) throw error
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}

/** Whatever state it is in, and whether or not anybody waits: nobody else will. */
async function removeClone(engine: Engine, id: string, certain = 1): Promise<void> {
  let gone = 0
  const until = performance.now() + REMOVE_MS
  const signal = AbortSignal.timeout(REMOVE_MS)
  let failure: unknown
  while (performance.now() < until) {
    try {
      const done = await engine.remove(id, signal)
      if (done === 'gone') {
        gone += 1
        if (gone >= certain) return
      }
      if (done === 'protected') await engine.unprotect(id, signal)
      failure = undefined
    } catch (error) {
      failure = error
      if (error instanceof UserError) break
    }
    await sleep(POLL_MS)
  }
  throw new ServiceError(
    SERVICE,
    `the clone ${id} could not be deleted${failure ? `: ${(failure as Error).message}` : ''}; the next run tries again`,
  )
}

/** Clones of runs that were killed. What cannot be deleted is no reason not to go on. */
async function removeLeftOvers(engine: Engine, { cloning }: InstanceStatus, signal: AbortSignal): Promise<void> {
  for (const { id } of (cloning.clones ?? []).filter(isLeftOver)) {
    try {
      if ((await engine.remove(id, signal)) !== 'protected') continue
      await engine.unprotect(id, signal)
      await engine.remove(id, signal)
    } catch {
      signal.throwIfAborted()
    }
  }
}
