import { createHash, randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError, UserError } from '../../errors.ts'
import type { Connection, DatabaseError } from '../clone.ts'
import { type ConnectionOptions, openConnection, type Target } from './connection.ts'
import { quoteName } from './marker.ts'
import { endPreparedTransactions } from './prepared-transactions.ts'

/** Names of the copies: `pgwitness_<process>_<time>_<random>`. */
const PREFIX = 'pgwitness_'
const NAME = '^pgwitness_[0-9]+_[0-9a-z]+_[0-9a-f]+$'
/** The databases one can be connected to while another is copied, best first. */
const MAINTENANCE = ['postgres', 'template1']
const DROP_TRIES = 30

/** Copies of one database on its server, made and dropped over one session that is connected to neither. */
export interface DatabaseCopies extends AsyncDisposable {
  readonly admin: Connection
  readonly major: number
  /** The name of the copy that `make` makes; nobody else's. */
  readonly name: string
  /** Drops the copies that runs which crashed left behind. */
  dropLeftovers(script: Target): Promise<void>
  /** Makes the copy; one that was made before has to be dropped. */
  make(signal: AbortSignal): Promise<void>
  /** Drops it with whatever is connected or prepared in it; does nothing when there is none. `script` is who else may have left something. */
  drop(script: Target): Promise<void>
  /** Bytes of the copy. */
  bytes(): Promise<number>
}

/**
 * The session holds an advisory lock of the copy's name for as long as this process lives, wherever that is: a copy whose lock is free was left
 * behind by one that crashed, and is dropped.
 */
export async function openCopies(template: Target, options: ConnectionOptions, signal: AbortSignal): Promise<DatabaseCopies> {
  let admin = await connectBeside(template, options, signal)
  const [server] = await admin.query<{ version: string }>("select pg_catalog.current_setting('server_version_num') as version")
  const major = Math.floor(Number(server?.version) / 10_000)
  const name = `${PREFIX}${process.pid}_${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`
  await admin.query('select pg_catalog.pg_advisory_lock($1)', [keyOf(name)])
  return {
    get admin() {
      return admin
    },
    major,
    name,
    dropLeftovers: async (script) => await dropLeftovers(admin, major, script, options),
    async make(stop) {
      await create(admin, major, template, name, options, stop)
      const owner = `pgwitness: a clone of ${template.database}, made by process ${process.pid} on ${hostname()}, ${new Date().toISOString()}`
      await admin.query(`comment on database ${name} is '${owner.replaceAll("'", "''")}'`)
    },
    async drop(script) {
      try {
        await drop(admin, major, name, { ...script, database: name }, options)
      } catch (error) {
        // The session may have been lost on the way.
        if (error instanceof UserError) throw error
        admin = await connectBeside(template, options, AbortSignal.timeout(options.statementMs))
        await drop(admin, major, name, { ...script, database: name }, options)
      }
    },
    async bytes() {
      const [row] = await admin.query<{ bytes: string }>('select pg_catalog.pg_database_size($1::name)::pg_catalog.text as bytes', [name])
      return Number(row?.bytes)
    },
    [Symbol.asyncDispose]: async () => await admin[Symbol.asyncDispose](),
  }
}

async function connectBeside(template: Target, options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
  let reason: unknown
  for (const database of MAINTENANCE.filter((one) => one !== template.database)) {
    try {
      return await openConnection({ ...template, database, settings: { search_path: 'pg_catalog' } }, options, signal)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      reason ??= error
    }
  }
  throw reason
}

function keyOf(name: string): string {
  return createHash('sha256').update(name).digest().readBigInt64BE().toString()
}

/** Those of other roles are theirs to drop. */
async function dropLeftovers(admin: Connection, major: number, script: Target, options: ConnectionOptions): Promise<void> {
  const found = await admin.query<{ name: string }>(
    `select datname::pg_catalog.text as name from pg_catalog.pg_database where datname ~ '${NAME}' and pg_catalog.pg_has_role(datdba, 'USAGE')`,
  )
  for (const { name } of found) {
    const [lock] = await admin.query<{ free: boolean }>('select pg_catalog.pg_try_advisory_lock($1) as free', [keyOf(name)])
    if (!lock?.free) continue
    try {
      await drop(admin, major, name, { ...script, database: name }, options)
    } catch (error) {
      // Somebody is connected to it: the next run tries again.
      if (!(error instanceof ServiceError)) throw error
    }
    await admin.query('select pg_catalog.pg_advisory_unlock($1)', [keyOf(name)])
  }
}

async function create(
  admin: Connection,
  major: number,
  { database, user }: Target,
  name: string,
  { service }: ConnectionOptions,
  stop: AbortSignal,
): Promise<void> {
  // Shares the blocks where the file system can; a server may not allow it.
  if (major >= 18) await admin.run("set file_copy_method = 'clone'", stop)
  const sql = `create database ${name} template ${quoteName(database)}${major >= 15 ? ' strategy file_copy' : ''}`
  let { error } = await admin.run(sql, stop)
  if (error && major >= 18 && !isAnswer(error)) {
    await admin.run("set file_copy_method = 'copy'", stop)
    error = (await admin.run(sql, stop)).error
  }
  if (!error) return
  if (error.code === '55006') {
    throw new UserError(
      `The database ${database} cannot be copied while somebody is connected to it: ${error.detail ?? error.message} Close those sessions, or` +
        ` keep them out with ALTER DATABASE ${quoteName(database)} ALLOW_CONNECTIONS false.`,
    )
  }
  if (error.code === '42501') {
    throw new UserError(
      `The role ${user} may not copy the database ${database}: ${error.message}. It has to own it (ALTER DATABASE ${quoteName(database)} OWNER TO` +
        ` ${quoteName(user)}) and to be allowed to create databases (ALTER ROLE ${quoteName(user)} CREATEDB).`,
    )
  }
  throw new ServiceError(service, `the database ${database} could not be copied: ${error.message} (${error.code})`)
}

function isAnswer({ code }: DatabaseError): boolean {
  return code === '55006' || code === '42501' || code === '3D000'
}

async function drop(admin: Connection, major: number, name: string, inside: Target, options: ConnectionOptions): Promise<void> {
  // With one prepared in it, dropping waits 5 s before it is refused.
  const prepared = await admin.query('select gid from pg_catalog.pg_prepared_xacts where database = $1', [name])
  if (prepared.length > 0) await endWhatIsLeft(inside, options)
  let error = await dropOnce(admin, major, name)
  for (let tries = 0; error && tries < DROP_TRIES; tries += 1) {
    if (tries === 0 && prepared.length === 0) await endWhatIsLeft(inside, options)
    await sleep(100)
    error = await dropOnce(admin, major, name)
  }
  if (error) {
    throw new ServiceError(
      options.service,
      `the database ${name} could not be dropped: ${error.detail ?? error.message} (${error.code}). The next run tries again.`,
    )
  }
}

async function dropOnce(admin: Connection, major: number, name: string): Promise<DatabaseError | undefined> {
  const stop = AbortSignal.timeout(60_000)
  if (major >= 13) return (await admin.run(`drop database if exists ${name} with (force)`, stop)).error
  await admin.run(`select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = '${name}'`, stop)
  return (await admin.run(`drop database if exists ${name}`, stop)).error
}

/** Sessions and prepared transactions of the script's role, where the role that drops may not end them. */
async function endWhatIsLeft(inside: Target, options: ConnectionOptions): Promise<void> {
  try {
    const session = await openConnection(inside, options, AbortSignal.timeout(options.statementMs))
    try {
      await session.query(
        'select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid()',
      )
      await endPreparedTransactions(session, [])
    } finally {
      await session[Symbol.asyncDispose]()
    }
  } catch {
    // Dropping says what is in the way.
  }
}
