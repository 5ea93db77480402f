import type { Connection } from '../clone.ts'

/** A row of pg_db_role_setting about the role itself; `database` is null where it holds in each. */
interface RoleSettings {
  database: string | null
  settings: string[]
}

const OWN = `select d.datname as database, s.setconfig as settings from pg_catalog.pg_db_role_setting s
  left join pg_catalog.pg_database d on d.oid = s.setdatabase where s.setrole = (select oid from pg_catalog.pg_roles where rolname = session_user)
  order by 1`

/** Settings kept as lists of quoted names. */
const LISTS = "'search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries'"

/** For the session that puts them back: it must not suffer from what was changed. */
export const UNTOUCHED = {
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
  search_path: 'pg_catalog',
  statement_timeout: '60000',
}

/**
 * What a role may change of itself outlives a clone: ALTER ROLE … SET, hidden in a DO block. Reads it now; the function that is returned puts it
 * back through a session of the same role.
 */
export async function keepRoleSettings(connection: Connection): Promise<(later: Connection) => Promise<void>> {
  const before = await connection.query<RoleSettings>(OWN)
  return async (later) => {
    const after = await later.query<RoleSettings>(OWN)
    const isSame = ({ database, settings }: RoleSettings) =>
      before.some((one) => one.database === database && one.settings.join('\0') === settings.join('\0'))
    if (after.length === before.length && after.every(isSame)) return
    for (const { database } of after) await later.query(await statement(later, 'reset all', database))
    for (const { database, settings } of before) {
      for (const setting of settings) {
        const [name = '', value] = [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)]
        const [row] = await later.query<{ text: string }>(
          `select pg_catalog.format(case when $1 in (${LISTS}) then 'set %I = %s' else 'set %I = %L' end, $1::text, $2::text) as text`,
          [name, value],
        )
        await later.query(await statement(later, row?.text ?? '', database))
      }
    }
  }
}

async function statement(connection: Connection, change: string, database: string | null): Promise<string> {
  const [row] = await connection.query<{ text: string }>(
    `select 'alter role session_user' || case when $1::text is null then '' else pg_catalog.format(' in database %I', $1::text) end || ' ' || $2::text as text`,
    [database, change],
  )
  return row?.text ?? ''
}
