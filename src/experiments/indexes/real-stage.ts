import type { Clone, DatabaseError } from '../../clones/clone.ts'
import { ServiceError } from '../../errors.ts'
import { bodyOf, type Candidate, idOf } from './candidate.ts'
import { namePrefix } from './name-prefix.ts'
import type { Stage, StageOptions } from './screen.ts'
import { sqlNameOf } from './table-facts.ts'

/** Bytes of indexes that are built at once on a clone with rows. */
const MOST_BYTES = 2 * 1024 ** 3

/**
 * Real indexes: empty ones of a twin, which then get the size they would have, or full ones in a transaction that is rolled back. A set of them is looked at
 * by dropping the others, which is rolled back too.
 */
export async function realStage(clone: Clone, options: StageOptions): Promise<Stage> {
  const { signal } = options
  const isTwin = clone.data === 'statistics'
  const made = newIndexes(clone, options)
  let focused: Set<string> | undefined
  const drop = async (ids: readonly string[]): Promise<void> => {
    const names = ids.flatMap((id) => made.byId.get(id)?.sqlName ?? [])
    if (names.length > 0) await clone.query(`drop index ${names.join(', ')}`)
  }
  const unfocus = async (): Promise<void> => {
    if (focused) await clone.query(isTwin ? 'rollback' : 'rollback to savepoint pgwitness_focus')
    focused = undefined
  }
  const focus = async (ids: readonly string[]): Promise<void> => {
    await unfocus()
    await clone.query(isTwin ? 'begin' : 'savepoint pgwitness_focus')
    focused = new Set(ids)
    await drop([...made.byId.keys()].filter((id) => !focused?.has(id)))
  }
  const take = async (candidates: readonly Candidate[]): Promise<void> => {
    await unfocus()
    if (isTwin) {
      await clone.restart?.(signal)
      made.forget()
    }
    await made.add(candidates)
    if (isTwin) await clone.atProductionSize?.(signal)
    await made.measure()
  }
  if (!isTwin) await clone.batch([{ sql: ['begin'] }], signal)
  return {
    bytes: made.bytes,
    unmade: made.unmade,
    idOfName: (name) => made.names.get(name),
    take,
    focus,
    async during(ids, work) {
      if (!focused || ids.some((id) => !focused?.has(id))) await focus([...made.byId.keys()])
      const wanted = new Set(ids)
      await clone.query('savepoint pgwitness_costs')
      try {
        await drop([...(focused ?? [])].filter((id) => !wanted.has(id)))
        return await work()
      } finally {
        if (!signal.aborted) await clone.query('rollback to savepoint pgwitness_costs')
      }
    },
    async [Symbol.asyncDispose]() {
      if (signal.aborted) return
      try {
        await unfocus()
        if (isTwin) await clone.restart?.(signal)
        else await clone.query('rollback')
      } catch (error) {
        // What ended the session was told by the statement that met it.
        if (!(error instanceof ServiceError)) throw error
      }
    },
  }
}

const INSUFFICIENT_PRIVILEGE = '42501'

/** Indexes that were made under names of ours. */
function newIndexes(clone: Clone, { until, signal, progress }: StageOptions) {
  const byId = new Map<string, { name: string; sqlName: string }>()
  /** Candidates by the names of their indexes, those on partitions included. */
  const names = new Map<string, string>()
  const bytes = new Map<string, number>()
  const unmade = new Map<string, string>()
  const prefix = namePrefix()
  let count = 0
  let total = 0
  const errorOf = async (sql: string): Promise<DatabaseError | undefined> => (await clone.batch([{ sql }], signal))[0]?.error
  const make = async (candidate: Candidate, name: string): Promise<boolean> => {
    const table = sqlNameOf(candidate.table)
    const error =
      (candidate.requires === null ? undefined : await errorOf(`create extension if not exists ${candidate.requires}`)) ??
      (await errorOf(`create index ${name} on ${table} ${bodyOf(candidate)}`))
    if (error?.code === INSUFFICIENT_PRIVILEGE && !unmade.has(table)) unmade.set(table, `${error.message} (${error.code})`)
    return error === undefined
  }
  return {
    byId,
    names,
    bytes,
    unmade,
    forget() {
      byId.clear()
      names.clear()
      bytes.clear()
      total = 0
    },
    async add(candidates: readonly Candidate[]): Promise<void> {
      const fresh = [...new Map(candidates.map((one) => [idOf(one), one])).values()].filter((one) => !byId.has(idOf(one)))
      const inTransaction = clone.data !== 'statistics'
      for (const [index, candidate] of fresh.entries()) {
        if (performance.now() > until || total > MOST_BYTES) break
        const name = `${prefix}_${count}`
        count += 1
        progress(`index ${index + 1} of ${fresh.length} to choose from`)
        if (inTransaction) await errorOf('savepoint pgwitness_index')
        if (await make(candidate, name)) {
          byId.set(idOf(candidate), { name, sqlName: name })
          if (inTransaction) total += (await sizesOf(clone, [name])).get(name)?.bytes ?? 0
        } else if (inTransaction) await errorOf('rollback to savepoint pgwitness_index')
      }
    },
    async measure(): Promise<void> {
      const idOfName = new Map([...byId].map(([id, { name }]) => [name, id]))
      for (const [name, { sqlName, bytes: size, parts }] of await sizesOf(clone, [...idOfName.keys()])) {
        const id = idOfName.get(name) ?? ''
        byId.set(id, { name, sqlName })
        bytes.set(id, size)
        for (const part of [name, ...parts]) names.set(part, id)
      }
    },
  }
}

/** By name: the name as SQL, bytes, and the names of what it consists of on a partitioned table. */
async function sizesOf(clone: Clone, names: readonly string[]): Promise<Map<string, { sqlName: string; bytes: number; parts: string[] }>> {
  const rows = await clone.query<{ name: string; sqlName: string; bytes: number; parts: string[] }>(
    `select c.relname::pg_catalog.text as name, pg_catalog.format('%I.%I', n.nspname, c.relname) as "sqlName",
      (select sum(pg_catalog.pg_relation_size(t.oid)) from pg_catalog.unnest(p.oids) t (oid))::pg_catalog.float8 as bytes,
      array(select o.relname::pg_catalog.text from pg_catalog.pg_class o where o.oid = any (p.oids)) as parts
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     cross join lateral (select array(select t.relid::pg_catalog.oid from pg_catalog.pg_partition_tree(c.oid) t union select c.oid) as oids) p
     where c.relname = any ($1) and c.relkind in ('i', 'I')`,
    [names],
  )
  return new Map(rows.map(({ name, ...rest }) => [name, rest]))
}
