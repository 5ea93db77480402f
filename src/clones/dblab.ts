import { randomBytes } from 'node:crypto'
import { ServiceError, UserError } from '../errors.ts'
import type { Clone, CloneProvider, Connection } from './clone.ts'
import { chooseEngine, type DblabEngine } from './dblab/choose-engine.ts'
import { newCloneId } from './dblab/clone-id.ts'
import { connectPatiently } from './dblab/connect.ts'
import type { Engine, EngineClone } from './dblab/engine.ts'
import { hostOfClone } from './dblab/host-of-clone.ts'
import { refuseUnrestricted } from './dblab/refuse-unrestricted.ts'
import { GONE_FOR_CERTAIN, removeClone, removeLeftOvers } from './dblab/removal.ts'
import { waitUntilReady } from './dblab/wait-until-ready.ts'
import type { Target } from './native/connection.ts'
import { newMask } from './native/masking.ts'
import { nativeClone } from './native/native-clone.ts'
import { serverWide } from './native/script-role.ts'

export interface DblabOptions {
  engines: readonly DblabEngine[]
  /** Major version that is wanted. */
  postgres: number
  /** Wall-clock limit for one statement. */
  statementMs?: number | undefined
  patience?: Partial<Patience> | undefined
}

/** How long is waited before something is given up. */
interface Patience {
  /** One answer of the engine, to its last byte. */
  requestMs: number
  /** A thin clone takes seconds; an engine that is refreshing its data, minutes. */
  readyMs: number
  /** A clone that is said to be ready may still be starting. */
  connectMs: number
  removeMs: number
  /** Between two questions. */
  pollMs: number
}

const PATIENCE: Patience = { requestMs: 30_000, readyMs: 600_000, connectMs: 30_000, removeMs: 60_000, pollMs: 500 }
const STATEMENT_MS = 20_000
const SERVICE = 'dblab clone'

/** Thin clones of DBLab Engine: production's data, whose user is never a superuser. */
export function dblabClones(options: DblabOptions): CloneProvider {
  const patience = { ...PATIENCE, ...options.patience }
  return {
    name: 'dblab',
    warm() {
      // The engine makes a clone from what it has.
    },
    async create(_base, signal) {
      const { engine, settings, status } = await chooseEngine({ ...options, requestMs: patience.requestMs }, signal)
      const still = await removeLeftOvers(engine, status, signal)
      const id = newCloneId()
      const login = newLogin()
      let handedOut = false
      let isKnown = false
      let removal: Promise<string> | undefined
      const remove = async (certain?: number): Promise<string> => {
        removal ??= removeClone(engine, id, { ...patience, certain })
        return await removal
      }
      const dispose = async (): Promise<void> => {
        const left = await remove()
        if (handedOut) tell(left)
      }
      try {
        await engine.create(bodyOf(id, login, settings), signal)
        isKnown = true
        const notes = still.length === 0 ? [] : [`clones of earlier runs could not be deleted: ${still.join(', ')}`]
        const clone = await cloneOf({ ...options, engine, settings, id, login, patience, notes, dispose }, signal)
        handedOut = true
        return clone
      } catch (error) {
        const left = await remove(isKnown || error instanceof UserError ? 1 : GONE_FOR_CERTAIN)
        const isTold = !signal.aborted && (error instanceof UserError || error instanceof ServiceError)
        if (isTold) complete(error, left, login.password)
        else tell(left)
        throw error
      }
    },
  }
}

/** What was found on a clone is worth more than that it could not be deleted: that is said beside it. */
function tell(left: string): void {
  if (left !== '') process.emitWarning(left, 'pgwitness')
}

/** A proxy may repeat what it was sent. */
function complete(error: Error, left: string, password: string): void {
  const message = `${error.message}${left === '' ? '' : `; ${left}`}`
  error.stack = (error.stack ?? '').replaceAll(password, '…')
  error.message = message.replaceAll(password, '…')
}

/** Production may have a role of any name that is not made up, with rights that the engine leaves it. */
interface Login {
  user: string
  password: string
}

/** The engine wants 60 bits of entropy. */
function newLogin(): Login {
  const password = randomBytes(40).toString('base64').replaceAll(/[^\w]/g, '').slice(0, 32)
  return { user: `pgwitness_${randomBytes(4).toString('hex')}`, password }
}

function bodyOf(
  id: string,
  { user, password }: Login,
  { database, branch, snapshot, protectionMinutes, extraConf }: DblabEngine,
): Parameters<Engine['create']>[0] {
  return {
    id,
    db: { username: user, password, restricted: true, ...(database !== undefined && { db_name: database }) },
    ...(protectionMinutes !== undefined && { protected: true, protectionDurationMinutes: protectionMinutes }),
    ...(snapshot !== undefined ? { snapshot: { id: snapshot } } : branch !== undefined && { branch }),
    ...(extraConf && Object.keys(extraConf).length > 0 && { extra_conf: extraConf }),
  }
}

interface Making extends Pick<DblabOptions, 'statementMs'> {
  engine: Engine
  settings: DblabEngine
  id: string
  login: Login
  patience: Patience
  notes: readonly string[]
  dispose(): Promise<void>
}

async function cloneOf(making: Making, signal: AbortSignal): Promise<Clone> {
  const { engine, id, notes, dispose, patience, statementMs = STATEMENT_MS } = making
  const limits = { ...patience, statementMs }
  const ready = async (stop: AbortSignal): Promise<Target> =>
    targetOf(await waitUntilReady(engine, id, patience, stop), making, statementMs)
  const see = async <Seen>(target: Target, look: (connection: Connection) => Promise<Seen>, stop: AbortSignal): Promise<Seen> => {
    const connection = await connectPatiently(target, limits, stop)
    try {
      await refuseUnrestricted(connection, engine.url)
      return await look(connection)
    } finally {
      await connection[Symbol.asyncDispose]()
    }
  }
  const script = await ready(signal)
  const mask = await see(script, newMask, signal)
  return await nativeClone(
    {
      provider: 'dblab',
      data: 'rows',
      script,
      notes,
      options: { service: SERVICE, statementMs, mask, refuses: serverWide },
      async restore(again) {
        await engine.reset(id, again)
        const target = await ready(again)
        await see(target, async () => undefined, again)
        return { script: target }
      },
      remove: dispose,
    },
    signal,
  )
}

function targetOf({ db }: EngineClone, { engine, settings, login }: Making, statementMs: number): Target {
  const port = Number(db.port)
  // Left out it would be 5432, and whatever listens there.
  if (!Number.isInteger(port) || port < 1) throw new ServiceError(SERVICE, 'the engine says that it is ready, and not on which port')
  return {
    host: hostOfClone(db.host, engine.url, settings.accessHost),
    port,
    database: db.dbName || settings.database || 'postgres',
    ...login,
    settings: { statement_timeout: String(statementMs + 5_000), idle_in_transaction_session_timeout: '600000' },
  }
}
