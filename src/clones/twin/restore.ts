import type { ColumnStatistics, RelationStatistics, Statistics } from '../../statistics/statistics.ts'
import { PLANNER_SETTINGS } from '../../statistics/statistics.ts'
import type { Connection } from '../clone.ts'

/** A relation of the twin. */
export interface TwinRelation {
  oid: number
  schema: string
  name: string
  kind: string
  /** Below the data folder; null where there is no file. */
  path: string | null
  toastPath: string | null
  /** Of an index: its table, its access method, and whether it has a predicate. */
  table: number | null
  method: string | null
  partial: boolean
}

const RELATIONS = `select c.oid::int8 as oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind, pg_relation_filepath(c.oid) as path,
  case when c.reltoastrelid <> 0 then pg_relation_filepath(c.reltoastrelid) end as "toastPath",
  i.indrelid::int8 as table, a.amname::text as method, i.indpred is not null as partial
from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_index i on i.indexrelid = c.oid left join pg_am a on a.oid = c.relam and i.indrelid is not null
where c.relkind in ('r', 'p', 'i', 'I', 'm') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`

export async function readRelations(admin: Connection): Promise<TwinRelation[]> {
  return await admin.query<TwinRelation>(RELATIONS)
}

/**
 * Loads what can be loaded, and gives sentences on what could not. `script` has the rights of scripts: a value is read by its type, and that of a domain runs
 * functions the change may have written.
 */
export async function restoreStatistics(
  { admin, script }: { admin: Connection; script: Connection },
  statistics: Statistics,
  relations: readonly TwinRelation[],
): Promise<string[]> {
  const there = new Map(relations.map((relation) => [keyOf(relation), relation]))
  await setSettings(admin, statistics.settings)
  await script.query('begin')
  const unfit: string[] = []
  for (const relation of statistics.relations.filter((one) => there.has(keyOf(one)))) {
    await script.query(RESTORE_RELATION, [
      relation.schema,
      relation.name,
      clamp(relation.analyzedPages),
      relation.tuples,
      clamp(relation.allVisiblePages),
    ])
    for (const column of relation.columns)
      if (!(await restoreColumn(script, relation, column, statistics.postgres)))
        unfit.push(`${relation.schema}.${relation.name}.${column.column ?? column.number}`)
  }
  await script.query('commit')
  await admin.query('begin')
  const failed = await restoreExtended(admin, statistics)
  await admin.query('commit')
  const missing = statistics.relations.filter((relation) => /[rmp]/.test(relation.kind) && !there.has(keyOf(relation)))
  return [
    ...(missing.length === 0
      ? []
      : [`The statistics speak of ${some(missing.map(({ schema, name }) => `${schema}.${name}`))}, which the schema here does not have.`]),
    // What Postgres says of them quotes values of rows.
    ...(unfit.length === 0
      ? []
      : [`Statistics could not be loaded of ${some(unfit)}: there is no such column here, or it is of another type.`]),
    ...(failed.length === 0 ? [] : [`Statistics could not be loaded: ${some(failed)}.`]),
  ]
}

/** Whether all of it was taken. Values that are none of the column's type are left out with a warning, and not an error. */
async function restoreColumn(
  script: Connection,
  relation: RelationStatistics,
  column: ColumnStatistics,
  version: number,
): Promise<boolean> {
  await script.query('savepoint one')
  try {
    const [row] = await script.query<{ whole: boolean }>(RESTORE_COLUMN, columnParameters(relation, column, version))
    return row?.whole === true
  } catch {
    await script.query('rollback to savepoint one')
    return false
  }
}

export function keyOf({ schema, name }: Pick<RelationStatistics, 'schema' | 'name'>): string {
  return JSON.stringify([schema, name])
}

function some(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', ')
}

/** Page numbers are 32 bits wide. */
function clamp(pages: number): number {
  return Math.min(Math.max(-1, Math.round(pages)), 2_147_483_647)
}

const RESTORE_RELATION =
  "select pg_catalog.pg_restore_relation_stats('schemaname', $1::text, 'relname', $2::text, 'relpages', $3::int, 'reltuples', $4::real, 'relallvisible', $5::int)"
const COLUMN_PARTS = [
  ['schemaname', 'text'],
  ['relname', 'text'],
  ['attname', 'text'],
  ['attnum', 'smallint'],
  ['inherited', 'boolean'],
  ['version', 'integer'],
  ['null_frac', 'real'],
  ['avg_width', 'integer'],
  ['n_distinct', 'real'],
  ['most_common_vals', 'text'],
  ['most_common_freqs', 'real[]'],
  ['histogram_bounds', 'text'],
  ['correlation', 'real'],
  ['most_common_elems', 'text'],
  ['most_common_elem_freqs', 'real[]'],
  ['elem_count_histogram', 'real[]'],
  ['range_length_histogram', 'text'],
  ['range_empty_frac', 'real'],
  ['range_bounds_histogram', 'text'],
]
const RESTORE_COLUMN = `select pg_catalog.pg_restore_attribute_stats(${COLUMN_PARTS.map(([name, type], index) => `'${name}', $${index + 1}::${type}`).join(', ')}) as whole`

function columnParameters({ schema, name }: RelationStatistics, column: ColumnStatistics, version: number): unknown[] {
  return [
    schema,
    name,
    column.column,
    column.column === null ? column.number : null,
    column.inherited,
    version,
    column.nullFraction,
    column.averageWidth,
    column.distinct,
    column.mostCommonValues ?? null,
    column.mostCommonFrequencies ?? null,
    column.histogramBounds ?? null,
    column.correlation ?? null,
    column.mostCommonElements ?? null,
    column.mostCommonElementFrequencies ?? null,
    column.elementCountHistogram ?? null,
    column.rangeLengthHistogram ?? null,
    column.rangeEmptyFraction ?? null,
    column.rangeBoundsHistogram ?? null,
  ]
}

/** Only those that change plans, each with a value that the server accepts. */
async function setSettings(admin: Connection, settings: Readonly<Record<string, string>>): Promise<void> {
  const known = await admin.query<{ name: string }>('select name from pg_settings where name = any ($1)', [PLANNER_SETTINGS])
  const names = new Set(known.map(({ name }) => name))
  for (const [name, value] of Object.entries(settings).filter(([one]) => names.has(one))) {
    const [row] = await admin.query<{ literal: string }>('select quote_literal($1) as literal', [value])
    await admin.query(`alter database postgres set ${name} = ${row?.literal}`).catch(() => undefined)
  }
}

/**
 * 18 restores no extended statistics. How many different groups there are, and which columns depend on which, are stored in a form that has not changed
 * since 12, so they are written to the catalog as they are; lists of most common combinations are not exported.
 */
async function restoreExtended(admin: Connection, { extended }: Statistics): Promise<string[]> {
  const stored = extended.filter(({ distinct, dependencies }) => distinct || dependencies)
  if (stored.length === 0) return []
  const failed: string[] = []
  for (const type of ['pg_ndistinct', 'pg_dependencies']) {
    await admin.query(`do $$ begin create cast (bytea as ${type}) without function; exception when duplicate_object then null; end $$`)
  }
  await admin.query('set local allow_system_table_mods = on')
  for (const one of stored) {
    await admin.query('savepoint one')
    try {
      const rows = await admin.query<{ oid: number }>(
        `with target as (select s.oid from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where n.nspname = $1 and s.stxname = $2 and array_to_string(s.stxkeys::int2[], ',') = $3),
          gone as (delete from pg_statistic_ext_data d using target where d.stxoid = target.oid and d.stxdinherit = $4)
        insert into pg_statistic_ext_data (stxoid, stxdinherit, stxdndistinct, stxddependencies)
        select oid, $4, decode($5, 'hex')::pg_ndistinct, decode($6, 'hex')::pg_dependencies from target returning stxoid::int8 as oid`,
        [one.schema, one.name, one.columns.join(), one.inherited, one.distinct ?? null, one.dependencies ?? null],
      )
      // Reading them is what fails when they are not what they claim to be.
      if (rows.length > 0)
        await admin.query(
          'select n_distinct::text, dependencies::text from pg_stats_ext where statistics_schemaname = $1 and statistics_name = $2',
          [one.schema, one.name],
        )
      else failed.push(`${one.schema}.${one.name}: there is no such object on the same columns`)
    } catch (error) {
      await admin.query('rollback to savepoint one')
      failed.push(`${one.schema}.${one.name}: ${(error as Error).message}`)
    }
  }
  return failed
}
