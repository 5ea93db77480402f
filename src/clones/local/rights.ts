import type { Connection, DatabaseError, Notice } from '../clone.ts'
import { openConnection } from '../native/connection.ts'
import { ADMIN, type Cluster } from './cluster.ts'

/**
 * Extensions that need a superuser, or did before 13 knew trusted ones, and can do nothing outside the database. Those that open connections or
 * files (dblink, postgres_fdw, file_fdw, adminpack) and untrusted languages are not among them.
 */
const HARMLESS = words(
  'amcheck bloom earthdistance moddatetime pageinspect pg_buffercache pg_freespacemap pg_stat_statements pg_visibility pgrowlocks pgstattuple vector hypopg',
)
/** Since 13 whoever owns a database may create these. */
const TRUSTED = words(
  'btree_gin btree_gist citext cube dict_int dict_xsyn fuzzystrmatch hstore intarray isn lo ltree pg_trgm pgcrypto seg tablefunc tcn ' +
    'tsm_system_rows tsm_system_time unaccent uuid-ossp',
)
function words(text: string): Set<string> {
  return new Set(text.split(' '))
}
const CREATE_EXTENSION =
  /^\s*create\s+extension\s+(?:if\s+not\s+exists\s+)?("[^"]+"|[\w-]+)\s*(?:with\s+)?(?:schema\s+("[^"]+"|\w+)\s*)?(?:version\s+\S+\s*)?(?:cascade\s*)?;?\s*$/i
const CREATE_ROLE = /^\s*create\s+(?:role|user|group)\s+("[^"]+"|\w+)\b/i

/** Does something as the owner of the cluster: our own statements alone. */
export async function asAdmin<Result>(cluster: Cluster, work: (admin: Connection) => Promise<Result>): Promise<Result> {
  const target = { host: cluster.folder, database: 'postgres', user: ADMIN, settings: { search_path: 'pg_catalog' } }
  const admin = await openConnection(target, { service: 'local clone', statementMs: 60_000 }, AbortSignal.timeout(60_000))
  try {
    return await work(admin)
  } finally {
    await admin[Symbol.asyncDispose]()
  }
}

/** Roles and ownership of a new cluster. */
export async function setUp(cluster: Cluster, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { major } = cluster.binaries
  await asAdmin(cluster, async (admin) => {
    const statements = [
      // From 16 on who may create roles gains nothing by it; before, it was the way to the server's programs.
      `create role postgres login ${major >= 16 ? 'createrole' : ''}`,
      'create role pgwitness_observer login',
      'grant pg_monitor, pg_signal_backend to pgwitness_observer',
      'alter database postgres owner to postgres',
      'grant postgres to pgwitness_observer',
      ...(major < 15 ? ['alter schema public owner to postgres'] : []),
      'alter role pgwitness_observer set search_path = pg_catalog',
      // Two thirds of the files of a cluster, which every copy would have to make.
      ...['template0', 'template1'].flatMap((name) => [`alter database ${name} is_template false`, `drop database ${name}`]),
    ]
    for (const sql of statements) await admin.query(sql)
  })
}

/** What the owner of the cluster does for a script: harmless extensions, and roles before 16. */
export function assistant(cluster: Cluster): (sql: string) => Promise<{ error?: DatabaseError; notices: Notice[] } | undefined> {
  return async (sql) => {
    const [, role] = CREATE_ROLE.exec(sql) ?? []
    if (role !== undefined && cluster.binaries.major < 16) {
      return await answer(async () => await asAdmin(cluster, async (admin) => await createRole(admin, role)))
    }
    const [, extension = '', schema] = CREATE_EXTENSION.exec(sql) ?? []
    const name = extension.replaceAll('"', '').toLowerCase()
    if (!HARMLESS.has(name) && !(cluster.binaries.major < 13 && TRUSTED.has(name))) return undefined
    return await answer(async () => await asAdmin(cluster, async (admin) => await createExtension(admin, name, schema ?? 'public')))
  }
}

async function answer(work: () => Promise<void>): Promise<{ error?: DatabaseError; notices: Notice[] }> {
  try {
    await work()
    return { notices: [] }
  } catch (thrown) {
    const { code, message } = thrown as Error & { code?: string }
    if (code === undefined) throw thrown
    return { notices: [], error: { code, message } }
  }
}

async function createRole(admin: Connection, role: string): Promise<void> {
  const name = role.startsWith('"') ? role.slice(1, -1) : role.toLowerCase()
  const [known] = await admin.query('select from pg_roles where rolname = $1', [name])
  if (known) return
  const [row] = await admin.query<{ name: string }>('select quote_ident($1) as name', [name])
  await admin.query(`create role ${row?.name} nologin`)
  await admin.query(`grant ${row?.name} to postgres`)
}

async function createExtension(admin: Connection, name: string, schema: string): Promise<void> {
  await admin.query(`create extension if not exists "${name}" schema ${schema} cascade`)
}
