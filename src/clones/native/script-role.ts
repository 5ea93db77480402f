import { UserError } from '../../errors.ts'
import type { Connection, DatabaseError } from '../clone.ts'
import { quoteName } from './marker.ts'

/** Membership in one of these reaches out of the database. */
const POWERS =
  "'pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_create_subscription', 'pg_signal_backend', 'pg_checkpoint'"

/** What a role could do beyond one database, by itself or by SET ROLE to one it is a member of. `$2` is a database that it may own. */
const REACH = `select r.rolname as role, r.rolsuper as superuser, r.rolreplication as replication, r.rolcreaterole as creates_roles,
  r.rolcreatedb as creates_databases, r.rolname in (${POWERS}) as powers,
  (select pg_catalog.min(d.datname::pg_catalog.text) from pg_catalog.pg_database d where d.datdba = r.oid and d.datname <> $2) as owns
from pg_catalog.pg_roles me join pg_catalog.pg_roles r on r.oid = me.oid or (not me.rolsuper and pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER'))
where me.rolname = $1 order by r.oid <> me.oid, r.rolname`

interface Reach {
  role: string
  superuser: boolean
  replication: boolean
  creates_roles: boolean
  creates_databases: boolean
  powers: boolean
  owns: string | null
}

/**
 * A UserError unless what runs as this role stays in its database: on a server that is somebody's, a role that owns another database or creates
 * them could drop that or leave one behind, and one that makes roles could make itself a superuser before 16.
 */
export async function refuseFarReachingRole(connection: Connection, role: string, database: string, setting: string): Promise<void> {
  const rows = await connection.query<Reach>(REACH, [role, database])
  if (rows.length === 0) throw new UserError(`There is no role ${role} on the server that ${setting} names.`)
  for (const row of rows) {
    const what = reachOf(row)
    if (what === undefined) continue
    const through = row.role === role ? 'which' : `a member of ${row.role}, which`
    throw new UserError(
      `Scripts are not run as the role ${role}, ${through} ${what}: what comes from a change could leave the database. Make a role for them` +
        ` (CREATE ROLE pgwitness_script LOGIN PASSWORD '…'), let it own what the scripts change (ALTER TABLE … OWNER TO pgwitness_script,` +
        ` or GRANT ${quoteName('owner_of_the_tables')} TO pgwitness_script), and give its URL as ${setting}.`,
    )
  }
}

function reachOf({ superuser, replication, creates_roles, creates_databases, powers, owns }: Reach): string | undefined {
  if (superuser) return 'is a superuser'
  if (replication) return 'may replicate'
  if (powers) return 'reaches the server'
  if (creates_roles) return 'may create roles'
  if (creates_databases) return 'may create databases'
  return owns === null ? undefined : `owns the database ${owns}`
}

const BLANK = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/
const ABOUT_SERVER =
  /^(?:(?:create|alter|drop)\s+(?:database|role|user(?!\s+mapping)|group|tablespace|subscription)\b|comment\s+on\s+(?:database|role|tablespace)\b|reassign\s+owned\b|alter\s+system\b)/i

/** The error for what would change the server and not the clone; dropping the clone would not undo it. */
export function serverWide(sql: string): DatabaseError | undefined {
  if (!ABOUT_SERVER.test(sql.replace(BLANK, ''))) return undefined
  return { code: '42501', message: 'what belongs to the whole server is not changed from a clone' }
}
