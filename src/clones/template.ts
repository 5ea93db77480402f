import { UserError } from '../errors.ts'
import type { CloneProvider, Connection } from './clone.ts'
import { isServerGone, type Target } from './native/connection.ts'
import { type DatabaseCopies, openCopies } from './native/database-copies.ts'
import { readDatabaseUrl } from './native/database-url.ts'
import { isMarked, type Marked, markStatement, quoteName, READ_MARKER } from './native/marker.ts'
import { newMask } from './native/masking.ts'
import { nativeClone } from './native/native-clone.ts'
import { guardRole, sessionSettings } from './native/role-guard.ts'
import { refuseFarReachingRole, serverWide } from './native/script-role.ts'

export interface TemplateOptions {
  /** `postgres://…` of the database that is copied, as a role that owns it and may create databases. */
  url: string
  /** `postgres://…` as which scripts connect to a copy; its database is not looked at. Left out, `url` serves, whose role has to stay in its database. */
  scriptUrl?: string | undefined
  /** Wall-clock limit for one statement. */
  statementMs?: number | undefined
  /** Bytes that a copy may be larger than the template. */
  maxBytes?: number | undefined
}

const STATEMENT_MS = 20_000
const MAX_BYTES = 4 * 1024 ** 3
/** A terabyte is copied in less, where blocks are not shared. */
const COPY_MS = 3_600_000
const SERVICE = 'template clone'

/** Copies of a database that its owner marked, on the server it is on. */
export function templateClones(options: TemplateOptions): CloneProvider {
  return {
    name: 'template',
    warm() {
      // The copy is as fast later.
    },
    async create(_base, signal) {
      const template = readDatabaseUrl(options.url, 'PGWITNESS_TEMPLATE_URL')
      const own = options.scriptUrl === undefined ? template : readDatabaseUrl(options.scriptUrl, 'PGWITNESS_SCRIPT_URL')
      const statementMs = options.statementMs ?? STATEMENT_MS
      const copies = await openCopies(template, { service: SERVICE, statementMs: COPY_MS }, signal)
      try {
        await refuseUnmarked(copies.admin, template)
        await refuseFarReachingRole(copies.admin, own.user, '', 'PGWITNESS_SCRIPT_URL')
        await copies.dropLeftovers(own)
        await makeCopy(copies, own, signal)
        const settings = sessionSettings(statementMs, copies.major)
        return await cloneOf(copies, { ...own, database: copies.name, settings }, { ...options, statementMs }, signal)
      } catch (error) {
        await remove(copies, own)
        throw error
      }
    },
  }
}

async function refuseUnmarked(admin: Connection, { database, user }: Target): Promise<void> {
  const [row] = await admin.query<Marked>(READ_MARKER, [database, user])
  if (!row) throw new UserError(`There is no database ${database} on the server that PGWITNESS_TEMPLATE_URL names.`)
  if (isMarked(row, 'copied')) return
  throw new UserError(
    `The database ${database} is not marked, so no clone of it is made: this could be production. If it is not, run there:` +
      ` ${markStatement(database, 'copied')}`,
  )
}

/** The administrator stays the owner of the copy, so that scripts cannot drop or rename it. */
async function makeCopy(copies: DatabaseCopies, { user }: Target, signal: AbortSignal): Promise<void> {
  await copies.make(signal)
  await copies.admin.query(`grant all on database ${copies.name} to ${quoteName(user)}`)
}

/** A server that is gone keeps nothing from being told: the next run drops the copy. */
async function remove(copies: DatabaseCopies, script: Target): Promise<void> {
  try {
    await copies.drop(script)
  } catch (error) {
    if (!isServerGone(error)) throw error
  } finally {
    await copies[Symbol.asyncDispose]()
  }
}

async function cloneOf(copies: DatabaseCopies, script: Target, options: TemplateOptions & { statementMs: number }, signal: AbortSignal) {
  const { statementMs, maxBytes = MAX_BYTES } = options
  const atStart = await copies.bytes()
  const plain = { service: SERVICE, statementMs }
  const guard = await guardRole(script, plain)
  const mask = await newMask(await guard.session())
  return await nativeClone(
    {
      provider: 'template',
      data: 'rows',
      script,
      options: {
        ...plain,
        mask,
        refuses: serverWide,
        check: async () =>
          (await copies.bytes()) - atStart > maxBytes
            ? `it wrote more than ${Math.round(maxBytes / 1024 ** 3)} GB and was stopped`
            : undefined,
      },
      async restore(again) {
        await guard.putBack()
        await guard.release()
        await copies.drop(script)
        await makeCopy(copies, script, again)
        return { script }
      },
      async remove() {
        try {
          await guard.putBack()
        } catch (error) {
          if (!isServerGone(error)) throw error
        } finally {
          await guard.release()
          await remove(copies, script)
        }
      },
    },
    signal,
  )
}
