import pg from 'pg'
import { ServiceError } from '../../errors.ts'
import { CloneDied, type Connection, type DatabaseError, type Step, type StepOutcome } from '../clone.ts'
import { refusal } from '../refusal.ts'
import type { Mask } from './masking.ts'
import { type Reply, Submission } from './submission.ts'

/** Where a database is. `host` may be the folder of a Unix socket. `settings` hold for the whole session, RESET ALL included. */
export interface Target {
  host: string
  port?: number | undefined
  database: string
  user: string
  password?: string | undefined
  ssl?: pg.ClientConfig['ssl']
  settings?: Record<string, string>
}

export interface ConnectionOptions {
  /** `local clone`, for messages. */
  service: string
  /** Wall-clock limit for one statement. */
  statementMs: number
  /** Takes a statement that the clone's role may not run and its provider may; undefined when it is not one of those. */
  assist?: ((sql: string) => Promise<Pick<StepOutcome, 'error' | 'notices'> | undefined>) | undefined
  /** Asked every second while a statement runs; a sentence stops it: `it wrote more than 4 GB`. */
  check?: (() => Promise<string | undefined>) | undefined
  /** The error of a statement that this server is not sent, beside those that none is sent. */
  refuses?: ((sql: string) => DatabaseError | undefined) | undefined
  /** Where rows are somebody's. */
  mask?: Mask | undefined
}

const CONNECT_MS = 20_000
/** A statement that was cancelled has this long to end before its connection is cut. */
const CANCEL_MS = 3_000
const CHECK_MS = 1_000
const QUERY_CANCELED = '57014'

/** One session of a server over `pg`. */
export async function openConnection(target: Target, options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted()
  const client = await connect(target, options.service)
  const masked = (text: string): string => options.mask?.text(text) ?? text
  let over: string | undefined
  let current: Submission | undefined
  const parts = client as unknown as { processID: number; secretKey: number; connection: { stream: { destroy(): void } } }
  client.on('error', (error) => {
    over ??= masked(error.message)
  })
  client.on('end', () => {
    over ??= 'the connection was closed'
  })
  client.on('notice', ({ severity = '', code = '', message = '' }) => current?.handleNotice({ severity, code, message }))
  const died = (reason: string, step?: number): CloneDied => new CloneDied(options.service, reason, step)
  const refused = (sql: string): DatabaseError | undefined => refusal(sql) ?? options.refuses?.(sql)

  /** Sends it, and stops it when it is time. */
  async function send(submission: Submission, stop: AbortSignal | undefined, step?: number): Promise<Reply> {
    if (over !== undefined) throw died(over, step)
    stop?.throwIfAborted()
    current = submission
    client.query(submission as unknown as pg.Submittable)
    let stopped: string | undefined
    let cut: NodeJS.Timeout | undefined
    const cancelNow = (reason: string): void => {
      if (stopped !== undefined) return
      stopped = reason
      cancel(target, parts.processID, parts.secretKey)
      cut = setTimeout(() => parts.connection.stream.destroy(), CANCEL_MS)
    }
    const onAbort = (): void => cancelNow('stopped')
    const limit = setTimeout(() => cancelNow(`it ran longer than ${options.statementMs / 1000} s and was stopped`), options.statementMs)
    const checks = setInterval(async () => {
      const reason = await options.check?.().catch(() => undefined)
      if (reason !== undefined) cancelNow(reason)
    }, CHECK_MS)
    stop?.addEventListener('abort', onAbort)
    try {
      const reply = await submission.reply
      if (reply.over) over ??= masked(reply.error?.message ?? 'the connection was closed')
      if (stopped !== undefined && (reply.error || stop?.aborted)) {
        if (!reply.over) await rollback()
        stop?.throwIfAborted()
        throw died(stopped, step)
      }
      if (reply.over) throw died(over ?? '', step)
      return reply
    } finally {
      clearTimeout(limit)
      clearTimeout(cut)
      clearInterval(checks)
      stop?.removeEventListener('abort', onAbort)
    }
  }
  async function rollback(): Promise<void> {
    const submission = new Submission('rollback', { several: true, keepsRows: false })
    client.query(submission as unknown as pg.Submittable)
    await submission.reply
  }

  async function take(step: Step, index: number, stop: AbortSignal | undefined): Promise<StepOutcome> {
    const sql = [step.sql].flat().join(';\n')
    if (step.name === undefined) options.mask?.learn(sql)
    else options.mask?.trust(sql)
    const outcome = await takeStep(step, index, stop)
    return options.mask?.outcome(outcome, step.name !== undefined) ?? outcome
  }
  async function takeStep({ sql, name, parameters }: Step, index: number, stop: AbortSignal | undefined): Promise<StepOutcome> {
    if (Array.isArray(sql)) return await takeSeveral(sql, index, stop)
    const error = name === undefined ? refused(sql) : undefined
    if (error) return outcomeOf({ error })
    const assisted = name === undefined ? await options.assist?.(sql) : undefined
    if (assisted) return outcomeOf(assisted)
    const started = performance.now()
    const reply = await send(new Submission(sql, { several: false, keepsRows: name !== undefined, parameters }), stop, index)
    const { rows: affected, notices = [] } = reply.completed[0] ?? {}
    return outcomeOf({
      ms: performance.now() - started,
      notices: [...notices, ...reply.notices],
      values: reply.rows,
      ...(affected !== undefined && { rows: affected }),
      ...(reply.error && { error: reply.error }),
    })
  }
  async function takeSeveral(texts: readonly string[], index: number, stop: AbortSignal | undefined): Promise<StepOutcome> {
    const first = texts.findIndex((text) => refused(text))
    const sent = first < 0 ? texts : texts.slice(0, first)
    const started = performance.now()
    const reply = await send(new Submission(sent.join(';\n'), { several: true, keepsRows: false }), stop, index)
    const ms = performance.now() - started
    const parts = reply.completed.map((part) => ({ ...part, ms: ms / sent.length }))
    const error = reply.error ?? (first < 0 ? undefined : refused(texts[first] ?? ''))
    if (error) parts.push({ ms: 0, notices: reply.notices, error })
    return outcomeOf({ ms, parts, ...(error && { error }) })
  }

  return {
    pid: parts.processID,
    async query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
      if (over !== undefined) throw died(over)
      try {
        return (await client.query({ text: sql, values: parameters, types: TYPES })).rows as Row[]
      } catch (error) {
        if (error instanceof pg.DatabaseError && error.code === QUERY_CANCELED)
          throw new ServiceError(options.service, 'a query of ours ran longer than its limit')
        if (!(error instanceof pg.DatabaseError)) throw new ServiceError(options.service, masked((error as Error).message))
        if (options.mask) Object.assign(error, { message: masked(error.message), detail: undefined, hint: undefined, where: undefined })
        throw error
      }
    },
    async run(sql, stop) {
      const { ms, notices, rows, error } = await take({ sql }, 0, stop)
      return { ms, notices, ...(rows !== undefined && { rows }), ...(error && { error }) }
    },
    async batch(steps, stop) {
      const outcomes: StepOutcome[] = []
      let failed = false
      for (const [index, step] of steps.entries()) {
        const outcome: StepOutcome = failed && !step.always ? outcomeOf({ skipped: true }) : await take(step, index, stop)
        failed ||= outcome.error !== undefined
        outcomes.push(outcome)
      }
      return outcomes
    },
    async [Symbol.asyncDispose]() {
      over ??= 'it was closed'
      const ended = client.end().catch(() => undefined)
      const late = setTimeout(() => parts.connection.stream.destroy(), CANCEL_MS)
      await ended
      clearTimeout(late)
    },
  }
}

async function connect(target: Target, service: string): Promise<pg.Client> {
  const { host, port, database, user, password, ssl, settings = {} } = target
  const options = Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value.replaceAll('\\', '\\\\').replaceAll(' ', '\\ ')}`)
    .join(' ')
  const client = new pg.Client({
    host,
    database,
    user,
    password: password ?? '',
    application_name: 'pgwitness',
    connectionTimeoutMillis: CONNECT_MS,
    ...(port !== undefined && { port }),
    ...(ssl !== undefined && { ssl }),
    ...(options !== '' && { options }),
  })
  try {
    await client.connect()
    return client
  } catch (error) {
    client.end().catch(() => undefined)
    throw new ServiceError(
      service,
      `cannot connect to ${database} at ${host}${port === undefined ? '' : `:${port}`}: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

const GONE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  '57P01',
  '57P02',
  '57P03',
])

/** Whether connecting failed because there is no server there now. */
export function isServerGone(error: unknown): boolean {
  return error instanceof ServiceError && GONE.has((error.cause as { code?: string } | undefined)?.code ?? '')
}

/** Asks the server to cancel what a session runs, over a connection of its own as the protocol wants it; works when no more are allowed. */
function cancel(target: Target, processId: number, secretKey: number): void {
  const wire = new pg.Connection({}) as unknown as {
    on(event: string, listener: () => void): void
    connect(portOrPath: number | string, host?: string): void
    cancel(processId: number, secretKey: number): void
  }
  wire.on('error', () => undefined)
  wire.on('connect', () => wire.cancel(processId, secretKey))
  const port = target.port ?? 5432
  if (target.host.startsWith('/')) wire.connect(`${target.host}/.s.PGSQL.${port}`)
  else wire.connect(port, target.host)
}

const INT8 = 20
/** Counts come as numbers, as from the embedded clone. */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: string) {
    if (oid === INT8 && format !== 'binary') return (text: string) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text))
    return pg.types.getTypeParser(oid, format as 'text')
  },
} as pg.CustomTypesConfig

function outcomeOf(known: Partial<StepOutcome>): StepOutcome {
  return { ms: 0, notices: [], skipped: false, values: [], parts: [], ...known }
}
