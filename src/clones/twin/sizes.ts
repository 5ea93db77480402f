import type { RelationStatistics } from '../../statistics/statistics.ts'
import type { Connection } from '../clone.ts'
import { treePages } from './files.ts'
import { keyOf, type TwinRelation } from './restore.ts'

/** Pages a relation gets, and the width of an index's key in bytes. */
export interface TwinSize {
  relation: TwinRelation
  pages: number
  toastPages: number
  keyBytes: number
}

const KEY_WIDTHS = `select i.indexrelid::int8 as oid, sum(coalesce(s.avg_width, nullif(t.typlen, -1), 32))::int8 as bytes
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
  cross join lateral unnest(i.indkey::int2[]) key (attnum) left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum and key.attnum > 0
  left join pg_type t on t.oid = a.atttypid
  left join lateral (select max(avg_width) as avg_width from pg_stats p where p.schemaname = n.nspname and p.tablename = c.relname and p.attname = a.attname) s on true
  group by 1`

/** Sizes of all relations: production's, and for indexes that only the change has, what they would be built with. */
export async function sizesOf(
  admin: Connection,
  relations: readonly TwinRelation[],
  statistics: readonly RelationStatistics[],
): Promise<TwinSize[]> {
  const widths = new Map((await admin.query<{ oid: number; bytes: number }>(KEY_WIDTHS)).map(({ oid, bytes }) => [oid, bytes]))
  const known = new Map(statistics.map((one) => [keyOf(one), one]))
  const tables = new Map(relations.map((relation) => [relation.oid, known.get(keyOf(relation))]))
  return relations
    .filter(({ path, kind }) => path !== null && /[rim]/.test(kind))
    .flatMap((relation) => {
      const own = known.get(keyOf(relation))
      const keyBytes = widths.get(relation.oid) ?? 8
      if (own) return [{ relation, pages: Math.max(0, own.pages), toastPages: own.toastPages ?? 0, keyBytes }]
      const rows = relation.table === null ? -1 : (tables.get(relation.table)?.tuples ?? -1)
      return rows > 0 ? [{ relation, pages: treePages(rows, keyBytes), toastPages: 0, keyBytes }] : []
    })
}

/** Rows of the indexes that only the change has: all of the table's, or those that the planner expects to meet the predicate. */
export async function countNewIndexes(
  admin: Connection,
  relations: readonly TwinRelation[],
  statistics: readonly RelationStatistics[],
): Promise<void> {
  const known = new Map(statistics.map((one) => [keyOf(one), one]))
  const tables = new Map(relations.map((relation) => [relation.oid, relation]))
  for (const index of relations.filter(({ kind, table, ...one }) => kind === 'i' && table !== null && !known.has(keyOf(one)))) {
    const table = tables.get(index.table ?? 0)
    const rows = table && known.get(keyOf(table))?.tuples
    if (!table || rows === undefined || rows < 0) continue
    await admin.query(
      "select pg_catalog.pg_restore_relation_stats('schemaname', $1::text, 'relname', $2::text, 'relpages', $3::int, 'reltuples', $4::real)",
      [index.schema, index.name, treePages(rows, 8), rows],
    )
  }
}
