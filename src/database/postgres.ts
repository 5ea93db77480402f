import pg from 'pg'
import { ServiceError, UserError } from '../errors.ts'
import { advisoryLock } from './advisory-lock.ts'
import { buildOn } from './build.ts'
import type { Database, Session } from './database.ts'
import { databaseError, isUnusable } from './database-error.ts'
import { migrate } from './migrate.ts'

const SERVICE = 'database'
const CONNECT_MS = 10_000
/** Nothing we ask takes a second; what takes this long waits for a lock or for a server that is gone. */
const QUERY_MS = 30_000
const CONNECTIONS = 10
/** A process that stands still in the middle of a transaction would keep its locks from all others. */
const IDLE_MS = 15_000
/** Major version. */
const OLDEST = 14

/**
 * A pool of connections to Postgres 14 or newer, directly or through PgBouncer in transaction mode: no session state, no named statements, no LISTEN, and no
 * settings at the start of a connection, which PgBouncer refuses. UserError when the address or the rights are wrong, ServiceError when it cannot be reached.
 */
export async function openPostgres(
  url: string,
  options: { connections?: number; migrations?: string; idleMs?: number } = {},
): Promise<Database> {
  const { connections = CONNECTIONS, idleMs = IDLE_MS } = options
  const database = connect(url, { connections, connectMs: CONNECT_MS, queryMs: QUERY_MS, idleMs })
  try {
    await checkVersion(database)
    await migrate(database, options.migrations)
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

interface Connecting {
  connections: number
  connectMs: number
  queryMs: number
  /** A transaction in which nothing is asked for so long ends. */
  idleMs?: number
  /** Everything is a transaction, and none can write. */
  readOnly?: boolean
}

/** As it is: nothing is asked or changed yet. */
export function connect(url: string, { connections, connectMs, queryMs, idleMs = IDLE_MS, readOnly = false }: Connecting): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: connectMs,
    query_timeout: queryMs,
    keepAlive: true,
  })
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on('error', () => {})
  // Nor may one that breaks between two statements of a transaction: the next statement fails.
  pool.on('connect', (client) => client.on('error', () => {}))
  const begin = `${readOnly ? 'begin read only' : 'begin'}; set local idle_in_transaction_session_timeout = ${idleMs}`
  const database = overPool(pool, begin)
  return readOnly
    ? { ...database, query: async (sql, parameters) => await database.transaction((session) => session.query(sql, parameters)) }
    : database
}

async function checkVersion(database: Database): Promise<void> {
  const [row] = await database.query<{ version: number }>("select current_setting('server_version_num')::int as version")
  if (row && row.version < OLDEST * 10_000)
    throw new UserError(`DATABASE_URL names a Postgres ${Math.floor(row.version / 10_000)}; the service needs ${OLDEST} or newer.`)
}

function overPool(pool: pg.Pool, begin: string): Database {
  return {
    kind: 'postgres',
    async query<Row>(sql: string, parameters: readonly unknown[] = []) {
      try {
        return rowsOf<Row>(await pool.query(sql, [...parameters]))
      } catch (error) {
        throw databaseError(SERVICE, error)
      }
    },
    async transaction(work, locks = []) {
      const client = await pool.connect().catch((error: unknown) => {
        throw databaseError(SERVICE, error)
      })
      try {
        const session = overClient(client)
        await session.query([begin, ...locks.map(advisoryLock)].join('; '))
        const result = await work(session)
        await session.query('commit')
        client.release()
        return result
      } catch (error) {
        await endFailed(client, error)
        throw error
      }
    },
    build: async (statement, signal) => await buildOn(pool.options, statement, signal),
    close: async () => await pool.end(),
  }
}

/** A connection that may still be busy, or gone, is not used again. */
async function endFailed(client: pg.PoolClient, error: unknown): Promise<void> {
  if (error instanceof ServiceError && isUnusable(error.cause)) return client.release(true)
  try {
    await client.query('rollback')
    client.release()
  } catch {
    client.release(true)
  }
}

function overClient(client: pg.PoolClient): Session {
  return {
    async query<Row>(sql: string, parameters: readonly unknown[] = []) {
      try {
        return rowsOf<Row>(await client.query(sql, [...parameters]))
      } catch (error) {
        throw databaseError(SERVICE, error)
      }
    },
  }
}

/** Several statements give an array of results. */
function rowsOf<Row>(result: pg.QueryResult | pg.QueryResult[]): Row[] {
  return (Array.isArray(result) ? result.flatMap(({ rows }) => rows) : result.rows) as Row[]
}
