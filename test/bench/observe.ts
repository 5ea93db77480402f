import type { Effects, IndexBuild, LockMode, RelationKind } from '../../src/sql/effects.ts'
import { isStronger } from '../../src/sql/effects.ts'

/** As much of a client as observing needs; both PGlite and a native server give it. */
export interface Connection {
  query<Row>(sql: string): Promise<Row[]>
  /** The messages of the server, debug messages included, and its error. */
  run(sql: string): Promise<{ messages: string[]; error?: string }>
}

interface Relation {
  oid: number
  key: string
  name: string
  relkind: string
  file: string
  table: string | null
  kind: IndexBuild['constraint']
}
export interface Snapshot {
  relations: Map<number, Relation>
  types: Map<number, string>
}

const HIDDEN = `n.nspname IN ('pg_catalog', 'information_schema') OR n.nspname LIKE 'pg_toast%'`
const RELATIONS = `SELECT c.oid::int, n.nspname || '.' || c.relname AS key, c.relname AS name, c.relkind::text, pg_relation_filenode(c.oid)::text AS file,
  tn.nspname || '.' || t.relname AS table, CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique' WHEN 'x' THEN 'exclusion' END AS kind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
  LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x') WHERE NOT (${HIDDEN}) AND c.relkind <> 'c'`
const TYPES = `SELECT t.oid::int, n.nspname || '.' || t.typname AS key FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE NOT (${HIDDEN}) AND (t.typtype IN ('d', 'e', 'r') OR c.relkind = 'c')`
const LOCKS = `SELECT locktype, coalesce(relation, objid)::int AS oid, mode FROM pg_locks WHERE pid = pg_backend_pid() AND granted
  AND (locktype = 'relation' OR locktype = 'object' AND classid = 'pg_type'::regclass)`
const FOREIGN_KEYS = `SELECT k.oid::int, conname AS name, conrelid::int AS table FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE contype = 'f' AND convalidated AND c.relkind = 'r'`
const SCANS = 'SELECT relid::int AS oid, seq_scan::int AS scans FROM pg_stat_xact_user_tables'

export async function takeSnapshot(connection: Connection): Promise<Snapshot> {
  const relations = await connection.query<Relation>(RELATIONS)
  const types = await connection.query<{ oid: number; key: string }>(TYPES)
  return { relations: new Map(relations.map((row) => [row.oid, row])), types: new Map(types.map((row) => [row.oid, row.key])) }
}

/**
 * Runs one statement in the transaction that is open and says what it did. `existed` are the relations of before the
 * script, `before` those of before the statement. Throws the database's error.
 */
export async function observe(connection: Connection, statement: string, existed: Snapshot, before: Snapshot): Promise<Effects> {
  const scansBefore = await scans(connection)
  // Plans that earlier statements left would hide what planning locks.
  await connection.run('DISCARD PLANS')
  const validBefore = await validForeignKeys(connection)
  await connection.run('SET LOCAL client_min_messages = debug1')
  const { messages, error } = await connection.run(statement)
  if (error !== undefined) throw new Error(error)
  await connection.run('SET LOCAL client_min_messages = warning')
  const locks = await connection.query<{ locktype: string; oid: number; mode: LockMode }>(LOCKS)
  const after = await takeSnapshot(connection)
  const scansAfter = await scans(connection)
  const foreignKeys = new Map<string, number[]>()
  for (const [oid, { name, table }] of await validForeignKeys(connection))
    if (!validBefore.has(oid)) foreignKeys.set(name, [...(foreignKeys.get(name) ?? []), table])
  const read = [...scansAfter].filter(([oid, count]) => count > (scansBefore.get(oid) ?? 0)).map(([oid]) => oid)
  const tables = [...after.relations.values()].filter((relation) => 'rmp'.includes(relation.relkind))
  const rewritten = tables.filter(
    (relation) => before.relations.get(relation.oid) && before.relations.get(relation.oid)!.file !== relation.file,
  )
  const builds = builtIndexes(messages, after, existed)
  return {
    locks: strongestLocks(locks, existed, before),
    rewrites: rewritten
      .filter((relation) => existed.relations.has(relation.oid))
      .map((relation) => nameBefore(relation, before))
      .sort(),
    scans: scannedTables(statement, messages, read, builds, before, after, rewritten, foreignKeys)
      .filter((relation) => existed.relations.has(relation.oid))
      .map((relation) => nameBefore(relation, before))
      .sort(),
    builds: builds.map(({ build }) => build),
  }
}

async function validForeignKeys(connection: Connection) {
  return new Map((await connection.query<{ oid: number; name: string; table: number }>(FOREIGN_KEYS)).map((row) => [row.oid, row]))
}

async function scans(connection: Connection) {
  return new Map((await connection.query<{ oid: number; scans: number }>(SCANS)).map((row) => [row.oid, row.scans]))
}

const nameBefore = (relation: Relation, before: Snapshot) => before.relations.get(relation.oid)?.key ?? relation.key

function strongestLocks(
  locks: Array<{ locktype: string; oid: number; mode: LockMode }>,
  existed: Snapshot,
  before: Snapshot,
): Effects['locks'] {
  const strongest = new Map<string, Effects['locks'][number]>()
  for (const { locktype, oid, mode } of locks) {
    const relation = before.relations.get(oid)
    const type = locktype === 'object' ? before.types.get(oid) : undefined
    const key = type ?? (locktype === 'relation' ? relation?.key : undefined)
    if (key === undefined) continue
    const kind = type ? 'type' : (KINDS[relation!.relkind] ?? 'other')
    const known = strongest.get(`${kind} ${key}`)
    if (!known || isStronger(mode, known.mode))
      strongest.set(`${kind} ${key}`, { relation: key, kind, mode, existed: type ? existed.types.has(oid) : existed.relations.has(oid) })
  }
  return [...strongest.values()].sort((a, b) => (a.relation < b.relation ? -1 : 1))
}

const KINDS: Record<string, RelationKind> = {
  r: 'table',
  p: 'table',
  m: 'table',
  f: 'table',
  v: 'view',
  i: 'index',
  I: 'index',
  S: 'sequence',
}

function builtIndexes(messages: string[], after: Snapshot, existed: Snapshot): Array<{ build: IndexBuild; table: string }> {
  const names = messages.flatMap((message) => /^building index "(.*)" on table "(.*?)"/.exec(message)?.slice(1, 3).join('\n') ?? [])
  return [...new Set(names)]
    .flatMap((name) => {
      const [index, table] = name.split('\n') as [string, string]
      const found = [...after.relations.values()].find((relation) => relation.name === index && relation.table?.split('.').at(-1) === table)
      if (!found?.table) return []
      const oid = [...after.relations.values()].find((relation) => relation.key === found.table)?.oid
      return [
        {
          table: found.table,
          build: { index, table: found.table, concurrently: false, constraint: found.kind, existed: existed.relations.has(oid ?? 0) },
        },
      ]
    })
    .sort((a, b) => (a.build.index < b.build.index ? -1 : 1))
}

/** DDL whose reading of a table the server does not report is told from the table's counter of sequential scans. */
const SILENT_SCAN = /^(ALTER DOMAIN|CREATE TABLE \S+ PARTITION OF)/i

function scannedTables(
  statement: string,
  messages: string[],
  read: number[],
  builds: Array<{ table: string }>,
  before: Snapshot,
  after: Snapshot,
  rewritten: Relation[],
  foreignKeys: Map<string, number[]>,
): Relation[] {
  const named = messages.flatMap((message) => /^verifying table "(.*)"/.exec(message)?.[1] ?? [])
  const all = [...after.relations.values()]
  const scanned = new Set<Relation>()
  for (const relation of all) {
    if ('rpm'.includes(relation.relkind) && (named.includes(relation.name) || builds.some(({ table }) => table === relation.key)))
      scanned.add(relation)
  }
  for (const constraint of messages.flatMap((message) => /^validating foreign key constraint "(.*)"/.exec(message)?.[1] ?? [])) {
    for (const oid of foreignKeys.get(constraint) ?? []) if (after.relations.has(oid)) scanned.add(after.relations.get(oid)!)
  }
  if (SILENT_SCAN.test(statement))
    for (const oid of read) if (before.relations.has(oid) && after.relations.has(oid)) scanned.add(after.relations.get(oid)!)
  for (const relation of rewritten) scanned.delete(relation)
  return [...scanned]
}
