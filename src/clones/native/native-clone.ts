import { ServiceError, UserError } from '../../errors.ts'
import type { Clone, CloneData, Connection, ProviderName, SkippedBase } from '../clone.ts'
import { type ConnectionOptions, openConnection, type Target } from './connection.ts'

/** A database of a server as a clone: who may do what with it, and how it goes back to its base. */
export interface NativeDatabase {
  provider: ProviderName
  data: CloneData
  /** How scripts connect: never as a superuser. */
  script: Target
  /** How our own queries connect; the same where there is no better role. */
  observer?: Target | undefined
  options: ConnectionOptions
  skipped?: SkippedBase[]
  cached?: boolean
  notes?: readonly string[]
  /** Brings the database back to its base while nobody is connected, and tells how to connect from then on. Without it a clone that died stays dead. */
  restore?: ((signal: AbortSignal) => Promise<{ script: Target; observer?: Target | undefined }>) | undefined
  memo?: Clone['memo']
  /** See `Clone.atProductionSize`; runs while nobody is connected. */
  atProductionSize?: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Removes it, when every connection is closed. Must not fail for what is gone already. */
  remove(): Promise<void>
}

export const RESET = [
  'set session authorization default',
  'reset role',
  'reset all',
  'close all',
  'unlisten *',
  'discard temp',
  'select pg_catalog.pg_advisory_unlock_all()',
]
/** Experiments go back to the base as well; what bounds a hostile script is the time limit. */
const MAX_RESTARTS = 200

/** A clone over connections to a server. Refuses a role that is a superuser or may use the server's files and programs. */
export async function nativeClone(database: NativeDatabase, signal: AbortSignal): Promise<Clone> {
  let { script, observer } = database
  const { options } = database
  const others = new Set<Connection>()
  const open = async (): Promise<Connection> => {
    const connection = await openConnection(script, options, signal)
    try {
      await refuseDangerousRole(connection)
      return connection
    } catch (error) {
      await connection[Symbol.asyncDispose]()
      throw error
    }
  }
  let main: Connection
  try {
    main = await open()
  } catch (error) {
    await database.remove()
    throw error
  }
  const [row] = await main.query<{ version: string }>("select pg_catalog.current_setting('server_version') as version")
  const version = row?.version ?? ''
  let restarts = 0
  let disposed: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    const all = [main, ...others]
    others.clear()
    await Promise.all(all.map(async (connection) => await connection[Symbol.asyncDispose]()))
  }
  const { memo, restore, atProductionSize } = database
  let untouched = true
  return {
    provider: database.provider,
    data: database.data,
    postgres: Number.parseInt(version, 10),
    version,
    skipped: database.skipped ?? [],
    cached: database.cached ?? false,
    ...(database.notes && { notes: database.notes }),
    resetSession: RESET,
    get pid() {
      return main.pid
    },
    query: async (sql, parameters) => await main.query(sql, parameters),
    async run(sql, stop) {
      untouched = false
      return await main.run(sql, stop)
    },
    async batch(steps, stop) {
      if (steps.some(({ name }) => name === undefined)) untouched = false
      return await main.batch(steps, stop)
    },
    async connect(as, stop) {
      if (as === 'script') untouched = false
      const target = as === 'observer' ? (observer ?? script) : script
      const settings: Record<string, string> = as === 'observer' ? { search_path: 'pg_catalog' } : {}
      // What observers are told is about the server, so nothing has to be masked.
      const plain = as === 'observer' ? { service: options.service, statementMs: options.statementMs } : options
      const connection = await openConnection({ ...target, settings: { ...target.settings, ...settings } }, plain, stop)
      const tracked: Connection = {
        ...connection,
        async [Symbol.asyncDispose]() {
          others.delete(tracked)
          await connection[Symbol.asyncDispose]()
        },
      }
      others.add(tracked)
      return tracked
    },
    ...(memo && { memo: async (name: string, compute: () => Promise<string>) => await (untouched ? memo(name, compute) : compute()) }),
    ...(atProductionSize && {
      async atProductionSize(stop: AbortSignal) {
        await closeAll()
        await atProductionSize(stop)
        main = await open()
      },
    }),
    ...(restore && {
      async restart(stop: AbortSignal) {
        if (restarts >= MAX_RESTARTS) {
          throw new ServiceError(options.service, `it was stopped ${restarts + 1} times and is not started again`)
        }
        restarts += 1
        await closeAll()
        const targets = await restore(stop)
        script = targets.script
        observer = targets.observer
        main = await open()
        untouched = true
      },
    }),
    async [Symbol.asyncDispose]() {
      disposed ??= closeAll().finally(async () => await database.remove())
      await disposed
    },
  }
}

/** What the role could be by itself or by SET ROLE. */
const RIGHTS = `select pg_catalog.bool_or(r.rolsuper) as superuser, pg_catalog.bool_or(r.rolreplication and r.oid = me.oid) as replication, me.rolname as role,
    pg_catalog.array_agg(r.rolname::text) filter (where r.rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')) as dangerous
  from pg_catalog.pg_roles me join pg_catalog.pg_roles r on r.oid = me.oid or (not me.rolsuper and pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER'))
  where me.rolname = session_user group by me.rolname`

async function refuseDangerousRole(connection: Connection): Promise<void> {
  const [row] = await connection.query<{ role: string; superuser: boolean; replication: boolean; dangerous: string[] | null }>(RIGHTS)
  if (row && !row.superuser && !row.replication && !row.dangerous) return
  const what = row?.superuser
    ? 'is a superuser or may become one'
    : row?.replication
      ? 'may replicate'
      : `is a member of ${row?.dangerous?.join(', ')}`
  throw new UserError(
    `Scripts are not run as the role ${row?.role}, which ${what}: what comes from a change could leave the database.` +
      ' Name a role that is none (CREATE ROLE pgwitness LOGIN) and owns what the scripts change.',
  )
}
