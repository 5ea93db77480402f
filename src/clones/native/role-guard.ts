import type { Connection } from '../clone.ts'
import { type ConnectionOptions, openConnection, type Target } from './connection.ts'

/** A row of pg_db_role_setting about the role itself; `database` is null where it holds in each. */
interface RoleSettings {
  database: string | null
  settings: string[]
}

const OWN = `select d.datname as database, s.setconfig as settings from pg_catalog.pg_db_role_setting s
  left join pg_catalog.pg_database d on d.oid = s.setdatabase where s.setrole = (select oid from pg_catalog.pg_roles where rolname = session_user)
  order by 1`

/** What is done after the last script has its own time. */
const CLEAN_MS = 60_000

/** Settings kept as lists of quoted names. */
const LISTS = "'search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'"

/** For the session that puts them back: it must not suffer from what was changed. */
const UNTOUCHED = {
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
  search_path: 'pg_catalog',
  statement_timeout: '60000',
  idle_in_transaction_session_timeout: '0',
}

/** Limits of a script's session that hold should this process end without a word. A script may take them off; its own limits are ours to keep. */
export function sessionSettings(statementMs: number, major: number): Record<string, string> {
  return {
    statement_timeout: String(statementMs + 5_000),
    idle_in_transaction_session_timeout: '600000',
    ...(major >= 14 && { client_connection_check_interval: '1000' }),
  }
}

/** Keeps what a role may change of itself, and what outlives a clone: ALTER ROLE … SET and PASSWORD, hidden in a DO block. */
export interface RoleGuard {
  /** A session of the role's that nothing of this has touched. Opened anew when a script ended it. */
  session(): Promise<Connection>
  /** Makes the role what it was when the guard began. */
  putBack(): Promise<void>
  /** Gives up the session until it is wanted again. */
  release(): Promise<void>
}

/** `target` is where scripts connect. */
export async function guardRole(target: Target, options: ConnectionOptions): Promise<RoleGuard> {
  const open = async (): Promise<Connection> =>
    await openConnection({ ...target, settings: UNTOUCHED }, options, AbortSignal.timeout(CLEAN_MS))
  let held: Connection | undefined
  const session = async (): Promise<Connection> => {
    try {
      await held?.query('select')
    } catch {
      await held?.[Symbol.asyncDispose]()
      held = undefined
    }
    held ??= await open()
    return held
  }
  const before = await (await session()).query<RoleSettings>(OWN)
  return {
    session,
    async putBack() {
      const own = await session()
      await putSettingsBack(own, before)
      await putPasswordBack(own, target, open)
    },
    async release() {
      await held?.[Symbol.asyncDispose]()
      held = undefined
    },
  }
}

async function putSettingsBack(session: Connection, before: readonly RoleSettings[]): Promise<void> {
  const after = await session.query<RoleSettings>(OWN)
  const isSame = ({ database, settings }: RoleSettings) =>
    before.some((one) => one.database === database && one.settings.join('\0') === settings.join('\0'))
  if (after.length === before.length && after.every(isSame)) return
  for (const { database } of after) await session.query(await statement(session, 'reset all', database))
  for (const { database, settings } of before) {
    for (const setting of settings) {
      const [name = '', value] = [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)]
      const [row] = await session.query<{ text: string }>(
        `select pg_catalog.format(case when $1 in (${LISTS}) then 'set %I = %s' else 'set %I = %L' end, $1::text, $2::text) as text`,
        [name, value],
      )
      await session.query(await statement(session, row?.text ?? '', database))
    }
  }
}

async function putPasswordBack(session: Connection, { password, user }: Target, open: () => Promise<Connection>): Promise<void> {
  if (password === undefined) return
  try {
    const proof = await open()
    await proof[Symbol.asyncDispose]()
  } catch (error) {
    if (((error as Error).cause as { code?: string } | undefined)?.code !== '28P01') throw error
    const [row] = await session.query<{ text: string }>(
      "select pg_catalog.format('alter role %I password %L', $1::text, $2::text) as text",
      [user, password],
    )
    await session.query(row?.text ?? '')
  }
}

async function statement(connection: Connection, change: string, database: string | null): Promise<string> {
  const [row] = await connection.query<{ text: string }>(
    `select 'alter role session_user' || case when $1::text is null then '' else pg_catalog.format(' in database %I', $1::text) end || ' ' || $2::text as text`,
    [database, change],
  )
  return row?.text ?? ''
}
