import { UserError } from '../errors.ts'
import type { CloneProvider } from './clone.ts'
import { type ConnectionOptions, openConnection, type Target } from './native/connection.ts'
import { readDatabaseUrl } from './native/database-url.ts'
import { isMarked, type Marked, markStatement, READ_MARKER } from './native/marker.ts'
import { newMask } from './native/masking.ts'
import { nativeClone } from './native/native-clone.ts'
import { endPreparedTransactions, preparedTransactions } from './native/prepared-transactions.ts'
import { keepRoleSettings, UNTOUCHED } from './native/role-settings.ts'
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
/** For what is done after the last script. */
const CLEAN_MS = 60_000
const SERVICE = 'the database handed over'

/** A database that somebody hands over as disposable. It is left as scripts leave it and cannot start anew. */
export function urlClones({ url, statementMs = STATEMENT_MS, maxBytes = MAX_BYTES }: UrlOptions): CloneProvider {
  return {
    name: 'url',
    warm() {
      // It runs already.
    },
    async create(_base, signal) {
      const settings = { statement_timeout: String(statementMs + 5_000), idle_in_transaction_session_timeout: '600000' }
      const script: Target = { ...readDatabaseUrl(url, '--clone'), settings }
      const plain: ConnectionOptions = { service: SERVICE, statementMs }
      // Stays until the end, to see how the database grows and to clean up when scripts changed who may connect.
      const own = await openConnection({ ...script, settings: { ...settings, idle_in_transaction_session_timeout: '0' } }, plain, signal)
      try {
        const [row] = await own.query<Marked>(READ_MARKER, [script.database, script.user])
        if (!row || !isMarked(row, 'broken')) throw unmarked(script.database)
        await refuseFarReachingRole(own, script.user, script.database, '--clone')
        const size = async (): Promise<number> => {
          const [now] = await own.query<{ bytes: string }>(
            'select pg_catalog.pg_database_size(pg_catalog.current_database())::text as bytes',
          )
          return Number(now?.bytes)
        }
        const [atStart, kept, putBack, mask] = [
          await size(),
          await preparedTransactions(own),
          await keepRoleSettings(own),
          await newMask(own),
        ]
        const check = async () =>
          (await size()) - atStart > maxBytes ? `it wrote more than ${Math.round(maxBytes / 1024 ** 3)} GB and was stopped` : undefined
        return await nativeClone(
          {
            provider: 'url',
            data: 'rows',
            script,
            options: { ...plain, mask, refuses: serverWide, check },
            async remove() {
              await own[Symbol.asyncDispose]()
              const last = await openConnection({ ...script, settings: UNTOUCHED }, plain, AbortSignal.timeout(CLEAN_MS))
              try {
                await endPreparedTransactions(last, kept)
                await putBack(last)
              } finally {
                await last[Symbol.asyncDispose]()
              }
            },
          },
          signal,
        )
      } catch (error) {
        await own[Symbol.asyncDispose]()
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
