import type { Connection } from '../clones/clone.ts'

export interface SizedRelation {
  /** `schema.name`. */
  name: string
  kind: 'table' | 'index' | 'view' | 'sequence'
  /** TOAST included, indexes apart; 0 for what has no file. */
  bytes: number
}

const FIRST_OURS = 16384
const RELATIONS = `select c.oid::text as oid, n.nspname || '.' || c.relname as name,
  case when c.relkind in ('i', 'I') then 'index' when c.relkind = 'v' then 'view' when c.relkind = 'S' then 'sequence' else 'table' end as kind,
  coalesce(case when c.relkind in ('r', 'm') then pg_catalog.pg_table_size(c.oid) when c.relkind in ('i', 'S') then pg_catalog.pg_relation_size(c.oid) end, 0)::text as bytes
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid >= ${FIRST_OURS} and c.relkind in ('r', 'p', 'm', 'f', 'i', 'I', 'S', 'v') and c.relpersistence <> 't' and n.nspname <> 'pg_toast'`

/** What somebody made, by oid. Waits for whoever holds a relation exclusively. */
export async function readSizes(observer: Connection): Promise<Map<number, SizedRelation>> {
  const rows = await observer.query<{ oid: string; name: string; kind: SizedRelation['kind']; bytes: string }>(RELATIONS)
  return new Map(rows.map(({ oid, name, kind, bytes }) => [Number(oid), { name, kind, bytes: Number(bytes) }]))
}

/** `relation` grew or shrank. */
export interface SizeChange {
  relation: string
  beforeBytes: number
  afterBytes: number
}

/** By the name that a relation had before, so that one made anew under its old name is the same. */
export function sizeChanges(before: ReadonlyMap<number, SizedRelation>, after: ReadonlyMap<number, SizedRelation>): SizeChange[] {
  const changes = new Map<string, SizeChange>()
  for (const oid of new Set([...before.keys(), ...after.keys()])) {
    const relation = (before.get(oid) ?? after.get(oid))?.name ?? ''
    const known = changes.get(relation) ?? { relation, beforeBytes: 0, afterBytes: 0 }
    known.beforeBytes += before.get(oid)?.bytes ?? 0
    known.afterBytes += after.get(oid)?.bytes ?? 0
    changes.set(relation, known)
  }
  return [...changes.values()]
    .filter(({ beforeBytes, afterBytes }) => beforeBytes !== afterBytes)
    .sort((a, b) => Math.abs(b.afterBytes - b.beforeBytes) - Math.abs(a.afterBytes - a.beforeBytes))
}
