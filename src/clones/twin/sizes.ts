import type { RelationStatistics } from '../../statistics/statistics.ts'
import type { Connection } from '../clone.ts'
import { treePages } from './files.ts'
import { keyOf, type TwinRelation } from './restore.ts'

/** What a relation gets: pages, rows where it is an index that production does not have, and the width of an index's key in bytes. */
export interface TwinSize {
  relation: TwinRelation
  pages: number
  toastPages: number
  keyBytes: number
  newRows: number | null
}

const KEY_WIDTHS = `select i.indexrelid::int8 as oid, sum(coalesce(s.avg_width, nullif(t.typlen, -1), 32))::int8 as bytes
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
  cross join lateral unnest(i.indkey::int2[]) key (attnum) left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.attnum and key.attnum > 0
  left join pg_type t on t.oid = a.atttypid
  left join lateral (select max(avg_width) as avg_width from pg_stats p where p.schemaname = n.nspname and p.tablename = c.relname and p.attname = a.attname) s on true
  group by 1`

/** Sizes of all relations: production's, and for indexes that only the change has, what they would be built with. `fractions` of `fractionsOf`. */
export async function sizesOf(
  admin: Connection,
  relations: readonly TwinRelation[],
  statistics: readonly RelationStatistics[],
  fractions: ReadonlyMap<number, number>,
): Promise<TwinSize[]> {
  const widths = new Map((await admin.query<{ oid: number; bytes: number }>(KEY_WIDTHS)).map(({ oid, bytes }) => [oid, bytes]))
  const known = new Map(statistics.map((one) => [keyOf(one), one]))
  const tables = new Map(relations.map((relation) => [relation.oid, known.get(keyOf(relation))]))
  return relations
    .filter(({ path, kind }) => path !== null && /[rim]/.test(kind))
    .flatMap((relation): TwinSize[] => {
      const own = known.get(keyOf(relation))
      const keyBytes = widths.get(relation.oid) ?? 8
      if (own) return [{ relation, pages: Math.max(0, own.pages), toastPages: own.toastPages ?? 0, keyBytes, newRows: null }]
      const rows = relation.table === null ? -1 : (tables.get(relation.table)?.tuples ?? -1)
      const entries = Math.round(rows * (fractions.get(relation.oid) ?? 1))
      return rows > 0 ? [{ relation, pages: treePages(entries, keyBytes), toastPages: 0, keyBytes, newRows: entries }] : []
    })
}

const PREDICATES = `select i.indexrelid::int8 as oid, format('%I.%I', n.nspname, c.relname) as table, pg_get_expr(i.indpred, i.indrelid) as predicate
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace where i.indexrelid = any ($1)`

/**
 * Which part of its table's rows the planner expects in each of some partial indexes. Asked for as the role of scripts, since planning runs the
 * functions of a predicate; what cannot be planned is left out.
 */
export async function fractionsOf(script: Connection, partial: readonly TwinRelation[]): Promise<Map<number, number>> {
  const fractions = new Map<number, number>()
  const rowsOf = async (from: string): Promise<number> => {
    const [row] = await script.query<{ 'QUERY PLAN': Array<{ Plan: { 'Plan Rows': number } }> }>(
      `explain (format json) select from ${from}`,
    )
    return row?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0
  }
  for (const { oid, table, predicate } of await script.query<{ oid: number; table: string; predicate: string }>(PREDICATES, [
    partial.map(({ oid }) => oid),
  ])) {
    try {
      const all = await rowsOf(`only ${table}`)
      if (all > 0) fractions.set(oid, Math.min(1, (await rowsOf(`only ${table} where ${predicate}`)) / all))
    } catch {
      // The role may not read the table.
    }
  }
  return fractions
}

/** Tells the planner of the indexes that production does not have. */
export async function countNewIndexes(admin: Connection, sizes: readonly TwinSize[]): Promise<void> {
  for (const { relation, pages, newRows } of sizes) {
    if (newRows === null || relation.kind !== 'i') continue
    await admin.query(
      "select pg_catalog.pg_restore_relation_stats('schemaname', $1::text, 'relname', $2::text, 'relpages', $3::int, 'reltuples', $4::real)",
      [relation.schema, relation.name, pages, newRows],
    )
  }
}
