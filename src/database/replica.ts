import { UserError } from '../errors.ts'
import { type Database, SCHEMA, type Session } from './database.ts'
import { connect } from './postgres.ts'

const CONNECTIONS = 10
/** Who waits for a search waits for the replica first. */
const LIMITS = { connectMs: 2_000, queryMs: 10_000 }
/** After a failure the primary is asked alone for so long. */
const AGAIN_MS = 10_000

/**
 * For searches: asks the server at `url`, in transactions that cannot write, and `primary` when that fails or has not got the migrations yet. `warn` is told once
 * when it changes. Closing it leaves the primary open.
 */
export function openReplica(url: string, primary: Database, warn: (message: string) => void, againMs = AGAIN_MS): Database {
  const replica = connect(url, { connections: CONNECTIONS, ...LIMITS, readOnly: true })
  let state: { usable: boolean; since: number } | undefined

  const fails = (reason: string): void => {
    if (state?.usable !== false) warn(`Searches go to the primary, not to the replica: ${reason}`)
    state = { usable: false, since: performance.now() }
  }
  const isUsable = async (): Promise<boolean> => {
    if (state?.usable) return true
    if (state && performance.now() - state.since < againMs) return false
    try {
      const [is, should] = await Promise.all([newestMigration(replica), newestMigration(primary)])
      if (is < should) {
        fails(`it has not got migration ${should} yet`)
        return false
      }
    } catch (error) {
      fails(reasonOf(error))
      return false
    }
    if (state) warn('Searches go to the replica again.')
    state = { usable: true, since: performance.now() }
    return true
  }
  const preferred = async <T>(ask: (database: Database) => Promise<T>): Promise<T> => {
    if (!(await isUsable())) return await ask(primary)
    try {
      return await ask(replica)
    } catch (error) {
      // Somebody would write: nor to the primary, by this way.
      if (((error as Error).cause as { code?: unknown } | undefined)?.code === '25006') throw error
      const answer = await ask(primary)
      fails(reasonOf(error))
      return answer
    }
  }
  return {
    kind: 'postgres',
    query: async (sql, parameters) => await preferred((database) => database.query(sql, parameters)),
    transaction: async (work, locks = []) => {
      if (locks.length > 0) throw new Error('a replica takes no locks')
      return await preferred((database) => database.transaction(work))
    },
    build: async (statement, signal) => await primary.build(statement, signal),
    close: async () => await replica.close(),
  }
}

async function newestMigration(session: Session): Promise<number> {
  const [row] = await session.query<{ number: number }>(`select max(number) as number from ${SCHEMA}.migrations`)
  return row?.number ?? 0
}

function reasonOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error)
  return error instanceof UserError ? said.replaceAll('DATABASE_URL', 'DATABASE_REPLICA_URL') : said
}
