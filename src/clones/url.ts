import { UserError } from '../errors.ts'
import type { CloneProvider } from './clone.ts'
import { type ConnectionOptions, isServerGone } from './native/connection.ts'
import { readDatabaseUrl } from './native/database-url.ts'
import { isMarked, type Marked, markStatement, READ_MARKER } from './native/marker.ts'
import { newMask } from './native/masking.ts'
import { nativeClone } from './native/native-clone.ts'
import { endPreparedTransactions, preparedTransactions } from './native/prepared-transactions.ts'
import { guardRole, sessionSettings } from './native/role-guard.ts'
import { refuseFarReachingRole, serverWide } from './native/script-role.ts'

export interface UrlOptions {
  /** `postgres://…` of a database that may be broken, as a role that reaches no other. */
  url: string
  /** Wall-clock limit for one statement. */
  statementMs?: number | undefined
  /** Bytes that it may grow by. */
  maxBytes?: number | undefined
}

const STATEMENT_MS = 20_000
const MAX_BYTES = 4 * 1024 ** 3
const SERVICE = 'the database handed over'

/** A database that somebody hands over as disposable. It is left as scripts leave it and cannot start anew. */
export function urlClones({ url, statementMs = STATEMENT_MS, maxBytes = MAX_BYTES }: UrlOptions): CloneProvider {
  return {
    name: 'url',
    warm() {
      // It runs already.
    },
    async create(_base, signal) {
      const script = readDatabaseUrl(url, '--clone')
      const plain: ConnectionOptions = { service: SERVICE, statementMs }
      signal.throwIfAborted()
      // Stays until the end: it sees how the database grows, and cleans up where scripts changed who may connect.
      const guard = await guardRole(script, plain)
      try {
        const own = await guard.session()
        const [row] = await own.query<Marked & { major: number }>(READ_MARKER, [script.database, script.user])
        if (!row || !isMarked(row, 'broken')) throw unmarked(script.database)
        await refuseFarReachingRole(own, script.user, script.database, '--clone')
        const size = async (): Promise<number> => {
          const [now] = await (await guard.session()).query<{ bytes: string }>(
            'select pg_catalog.pg_database_size(pg_catalog.current_database())::text as bytes',
          )
          return Number(now?.bytes)
        }
        const [atStart, kept, mask] = [await size(), await preparedTransactions(own), await newMask(own)]
        const check = async () =>
          (await size()) - atStart > maxBytes ? `it wrote more than ${Math.round(maxBytes / 1024 ** 3)} GB and was stopped` : undefined
        return await nativeClone(
          {
            provider: 'url',
            data: 'rows',
            script: { ...script, settings: sessionSettings(statementMs, row.major) },
            options: { ...plain, mask, refuses: serverWide, check },
            async remove() {
              try {
                await guard.putBack()
                await endPreparedTransactions(await guard.session(), kept)
              } catch (error) {
                if (!isServerGone(error)) throw error
              } finally {
                await guard.release()
              }
            },
          },
          signal,
        )
      } catch (error) {
        await guard.release()
        throw error
      }
    },
  }
}

function unmarked(database: string): UserError {
  return new UserError(
    `The database ${database} is not marked, so nothing runs in it: this could be production. If it may be broken, run there:` +
      ` ${markStatement(database, 'broken')}`,
  )
}
