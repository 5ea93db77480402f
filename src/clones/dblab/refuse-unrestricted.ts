import { UserError } from '../../errors.ts'
import type { Connection } from '../clone.ts'

/** A role that creates roles could make itself a member of pg_execute_server_program before 16. */
const RIGHTS =
  'select rolsuper as superuser, rolcreaterole as creates_roles, rolreplication as replication from pg_catalog.pg_roles where rolname = session_user'

interface Rights {
  superuser: boolean
  creates_roles: boolean
  replication: boolean
}

/** A UserError unless the engine made the restricted user that was asked for: any other may run programs where the clones are. */
export async function refuseUnrestricted(connection: Connection, engine: URL): Promise<void> {
  const [row] = await connection.query<Rights>(RIGHTS)
  if (row && !row.superuser && !row.creates_roles && !row.replication) return
  const what = row?.superuser ? 'is a superuser' : row?.creates_roles ? 'may create roles' : 'may replicate'
  throw new UserError(
    `DBLab Engine at ${engine.host} was asked for a clone with a restricted user and made one that ${what}: what comes from a change could leave the` +
      ' clone. The clone is not used. The engine, or a proxy before it, has to heed `db.restricted`, as DBLab Engine does.',
  )
}
