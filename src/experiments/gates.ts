/**
 * Statements that cannot run in a transaction give their locks back before anybody can ask. So others stand in their way: sessions with a lock
 * or an old snapshot that the statement has to wait for at a point where it holds, or asks for, what it locks. Whenever it waits, its locks
 * are read, and the session in its way leaves.
 */
import type { Clone, Connection } from '../clones/clone.ts'
import type { Statement } from '../sql/statement.ts'
import type { RawRelation, Row } from './catalog-rows.ts'
import { number } from './catalog-rows.ts'
import type { LiveCatalog } from './live-catalog.ts'
import { lookWhile, openSessions } from './sessions.ts'
import { quoted } from './touched-tables.ts'

/** What a session does to stand in the way. `required`: unless the statement waited for it, something was not seen. */
interface Gate {
  steps: string[]
  required: boolean
}

export interface GatedRun<Result> {
  result: Result
  /** As the LOCKS query gives them, also those that were only asked for; undefined when not all were seen. */
  locks: Row[] | undefined
}

const MAX_GATES = 16
const LOOK_MS = 1
const BLOCKERS = 'select pg_catalog.pg_blocking_pids($1::int) as pids'
const FIRST_OURS = 16384
const LOCKS_OF = `select l.relation::text as relation, null as type, l.mode from pg_catalog.pg_locks l
  where l.pid = $1::int and l.locktype = 'relation' and l.relation >= ${FIRST_OURS}`
const SNAPSHOT: Gate = { steps: ['begin isolation level repeatable read', 'select 1'], required: false }

/** Runs the work, whose statement is on the clone's own connection. Without further connections, or for other statements, it just runs. */
export async function runGated<Result>(
  clone: Clone,
  statement: Statement,
  catalog: LiveCatalog,
  work: () => Promise<Result>,
  signal: AbortSignal,
): Promise<GatedRun<Result>> {
  const gates = clone.connect ? gatesFor(statement, catalog) : []
  if (gates.length === 0 || gates.length > MAX_GATES) return { result: await work(), locks: undefined }
  await using sessions = openSessions(clone, 'effects', signal)
  const observer = await sessions.open('observer')
  const standing = new Map<number, { gate: Gate; connection: Connection }>()
  for (const gate of gates) {
    const connection = await sessions.open('script')
    const steps = gate.steps.map((sql) => ({ sql }))
    const failed = (await connection.batch(steps, signal)).some(({ error }) => error)
    if (failed || connection.pid === undefined) return { result: await work(), locks: undefined }
    standing.set(connection.pid, { gate, connection })
  }
  const seen = new Map<string, Row>()
  const leave = async (pid: number): Promise<void> => {
    const { connection } = standing.get(pid) ?? {}
    standing.delete(pid)
    await connection?.run('rollback', signal)
  }
  const look = async (): Promise<void> => {
    const [row] = await observer.query<{ pids: number[] }>(BLOCKERS, [clone.pid])
    const pid = row?.pids.find((one) => standing.has(one))
    if (pid === undefined) return
    for (const lock of await observer.query<Row>(LOCKS_OF, [clone.pid])) seen.set(`${lock.relation} ${lock.mode}`, lock)
    await leave(pid)
  }
  const result = await lookWhile(work(), LOOK_MS, async () => {
    try {
      await look()
    } catch (error) {
      // Nobody may stand in the way whom nobody lets go.
      await sessions[Symbol.asyncDispose]()
      throw error
    }
  })
  const missed = [...standing.values()].some(({ gate }) => gate.required)
  return { result, locks: missed ? undefined : [...seen.values()] }
}

function gatesFor({ operations, kind }: Statement, catalog: LiveCatalog): Gate[] {
  const tables = operations.map(({ table }) => (table ? relationNamed(table.key, catalog) : undefined))
  if (tables.length === 0 || tables.some((table) => !table)) return []
  const named = tables.filter((table) => table !== undefined)
  const [operation] = operations
  if (kind === 'create index') return [{ ...SNAPSHOT, required: true }]
  if (kind === 'vacuum' && operation?.full !== true) return named.flatMap((table) => vacuumGates(tree(table, catalog), catalog))
  if (kind === 'drop index' || (kind === 'reindex' && operation?.object !== 'schema')) {
    const owners = named.flatMap((one) => tree(one, catalog)).map((one) => (one.table === undefined ? one : catalog.raw.get(one.table)))
    return [...new Set(owners)].flatMap((one) => (one && hasRows(one) ? [tableGate(one, 'access share')] : []))
  }
  const partition = typeof operation?.partition === 'string' ? relationNamed(operation.partition, catalog) : undefined
  const [parent] = named
  if (operation?.action !== 'detach partition' || operation.concurrently !== true || !partition || !parent) return []
  return detachGates(parent, partition, catalog)
}

/** It asks for the lock on each table, and then for those on its indexes. */
function vacuumGates(tables: readonly RawRelation[], catalog: LiveCatalog): Gate[] {
  return tables.flatMap((table) => [
    tableGate(table, 'share update exclusive'),
    ...(hasRows(table) ? indexGates(table, catalog, 'all') : []),
  ])
}

/** It waits for those who use the parent, then for the partition, then for the partition's indexes and the tables that foreign keys lead to. */
function detachGates(parent: RawRelation, partition: RawRelation, catalog: LiveCatalog): Gate[] {
  const near = new Set([parent.oid, partition.oid])
  const linked = new Set<RawRelation>()
  for (const one of catalog.raw.values()) {
    for (const row of one.constraints) {
      if (row.type !== 'f') continue
      const other = catalog.raw.get(number(row, 'referenced'))
      if (near.has(one.oid) && other && !near.has(other.oid)) linked.add(other)
      if (other && near.has(other.oid) && !near.has(one.oid)) linked.add(one)
    }
  }
  return [
    tableGate(parent, 'access share'),
    tableGate(partition, 'access share'),
    ...indexGates(partition, catalog, 'drop'),
    ...[...linked].map((table) => ({ ...tableGate(table, 'row exclusive'), required: false })),
  ]
}

function tableGate({ row, kind }: RawRelation, mode: string): Gate {
  const name = nameOf(row)
  const take = kind === 'materialized view' ? `select 1 from ${name} limit 0` : `lock table only ${name} in ${mode} mode`
  return { steps: ['begin', take], required: true }
}

/**
 * Of each index: against all others (it stays where it is already, which takes the lock all the same), or against those who would drop or detach it.
 */
function indexGates(table: RawRelation, { raw }: LiveCatalog, against: 'all' | 'drop'): Gate[] {
  const indexes = [...raw.values()].filter((one) => one.table === table.oid && one.kind === 'index')
  return indexes.map(({ row }) => {
    const name = nameOf(row)
    const space = quoted(row.tablespace ?? 'pg_default')
    const take = against === 'all' ? `alter index ${name} set tablespace ${space}` : `comment on index ${name} is 'gate'`
    return { steps: ['begin', take], required: against === 'all' }
  })
}

function hasRows({ kind }: RawRelation): boolean {
  return kind === 'table' || kind === 'materialized view'
}

function tree(relation: RawRelation, catalog: LiveCatalog): RawRelation[] {
  const children = [...catalog.raw.values()].filter(({ parents }) => parents.includes(relation.oid))
  return [relation, ...children.flatMap((child) => tree(child, catalog))]
}

function relationNamed(key: string, { relations, raw }: LiveCatalog): RawRelation | undefined {
  return raw.get(relations.get(key)?.oid ?? 0)
}

function nameOf({ schema, name }: Row): string {
  return `${quoted(schema ?? '')}.${quoted(name ?? '')}`
}
