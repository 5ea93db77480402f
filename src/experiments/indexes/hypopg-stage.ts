import type { Clone } from '../../clones/clone.ts'
import { bodyOf, type Candidate, idOf } from './candidate.ts'
import type { Stage, StageOptions } from './screen.ts'

/** HypoPG: indexes that only the planner of this session knows. Only those that are asked about are ever there. */
export async function hypopgStage(clone: Clone, { until, signal }: StageOptions): Promise<Omit<Stage, 'unmade'>> {
  const there = new Map<string, number[]>()
  const names = new Map<string, string>()
  const bytes = new Map<string, number>()
  const byId = new Map<string, Candidate>()
  const schema = await extensionSchema(clone)
  const make = async (id: string): Promise<boolean> => {
    const { table, ...index } = byId.get(id) ?? {}
    const oids: number[] = []
    for (const leaf of table?.leaves ?? []) {
      await clone.query('savepoint pgwitness_hypothetical')
      try {
        const [row] = await clone.query<{ oid: number; name: string }>(
          `select indexrelid::pg_catalog.int8 as oid, indexname as name from ${schema}.hypopg_create_index($1)`,
          [`create index on ${leaf} ${bodyOf(index as Candidate)}`],
        )
        if (!row) continue
        oids.push(row.oid)
        names.set(row.name, id)
      } catch {
        // Of a kind that it does not know, or an expression that no index may have.
        await clone.query('rollback to savepoint pgwitness_hypothetical')
      }
    }
    if (oids.length > 0) there.set(id, oids)
    return oids.length > 0
  }
  const remove = async (id: string): Promise<void> => {
    for (const oid of there.get(id) ?? []) await clone.query(`select ${schema}.hypopg_drop_index($1)`, [oid])
    there.delete(id)
  }
  return {
    bytes,
    idOfName: (name) => names.get(name),
    async take(candidates) {
      for (const candidate of candidates) {
        const id = idOf(candidate)
        if (bytes.has(id) || performance.now() > until || signal.aborted) continue
        byId.set(id, candidate)
        if (!(await make(id))) continue
        const [row] = await clone.query<{ bytes: number }>(
          `select sum(${schema}.hypopg_relation_size(oid))::pg_catalog.float8 as bytes from pg_catalog.unnest($1::pg_catalog.oid[]) as o (oid)`,
          [there.get(id)],
        )
        bytes.set(id, row?.bytes ?? 0)
        await remove(id)
      }
    },
    async focus() {
      // None is there that is not asked about.
    },
    async during(ids, work) {
      const wanted = new Set(ids)
      for (const id of [...there.keys()]) if (!wanted.has(id)) await remove(id)
      for (const id of ids) if (!there.has(id)) await make(id)
      return await work()
    },
    async [Symbol.asyncDispose]() {
      if (signal.aborted) return
      try {
        await clone.query(`select ${schema}.hypopg_reset()`)
      } catch {
        // They end with the session, and the transaction may have failed.
      }
    },
  }
}

async function extensionSchema(clone: Clone): Promise<string> {
  const [row] = await clone.query<{ schema: string }>(
    `select pg_catalog.quote_ident(n.nspname) as schema from pg_catalog.pg_extension e
     join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'hypopg'`,
  )
  return row?.schema ?? 'public'
}
