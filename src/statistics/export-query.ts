import { PLANNER_SETTINGS } from './statistics.ts'

/** How values are printed, whatever the server's defaults: as a dump does. */
export const EXPORT_SETTINGS: Record<string, string> = {
  datestyle: 'ISO',
  intervalstyle: 'postgres',
  extra_float_digits: '3',
  bytea_output: 'hex',
  search_path: 'pg_catalog',
  default_transaction_read_only: 'on',
}

/** What the planner knows, as one JSON value. */
export interface ExportOptions {
  /** `server_version_num`. */
  postgres: number
  /** false leaves out every value of a row. */
  values: boolean
  /** Schemas to export; all but Postgres's own when empty. Bound as `$1`. */
  schemas: readonly string[]
}

/**
 * One statement that only reads the catalog, which anybody may, and pg_stats, which shows the columns that its role may read. Works on 12 to 18 and
 * on a standby.
 */
export function exportQuery({ postgres, values }: ExportOptions): string {
  const value = (column: string): string => (values ? `s.${column}::text` : 'null')
  const ranges = postgres >= 170_000
  // Stored in a type with a sign: from 16 TB on it looks negative. -1 is a partitioned table's.
  const unsigned = (pages: string): string => `case when ${pages} < -1 then ${pages} + 4294967296 else ${pages} end`
  const settings = PLANNER_SETTINGS.map((name) => `'${name}'`).join(', ')
  return `with own as (
  select c.oid, n.nspname, c.relname, c.relkind, c.relpages, c.reltuples, c.relallvisible, c.reltoastrelid
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'i', 'I', 'm', 'f') and c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and ($1::text[] = '{}' or n.nspname::text = any ($1::text[]))
), columns as (
  select s.schemaname, s.tablename, json_agg(json_build_object(
    'column', s.attname, 'inherited', s.inherited, 'nullFraction', s.null_frac, 'averageWidth', s.avg_width, 'distinct', s.n_distinct,
    'mostCommonValues', ${value('most_common_vals')}, 'mostCommonFrequencies', ${values ? 's.most_common_freqs::text' : 'null'},
    'histogramBounds', ${value('histogram_bounds')}, 'correlation', s.correlation,
    'mostCommonElements', ${value('most_common_elems')}, 'mostCommonElementFrequencies', ${values ? 's.most_common_elem_freqs::text' : 'null'},
    'elementCountHistogram', s.elem_count_histogram::text,
    'rangeLengthHistogram', ${ranges ? value('range_length_histogram') : 'null'}, 'rangeEmptyFraction', ${ranges ? 's.range_empty_frac' : 'null'},
    'rangeBoundsHistogram', ${ranges ? value('range_bounds_histogram') : 'null'}) order by s.attname, s.inherited) as columns
  from pg_stats s join own on own.nspname = s.schemaname and own.relname = s.tablename group by 1, 2
)
select json_build_object(
  'version', 1, 'postgres', current_setting('server_version_num')::int, 'exportedAt', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
  'blockSize', current_setting('block_size')::int, 'values', ${values},
  'settings', (select coalesce(json_object_agg(name, current_setting(name)), '{}') from pg_settings where name in (${settings})),
  'relations', (select coalesce(json_agg(json_build_object(
    'schema', own.nspname, 'name', own.relname, 'kind', own.relkind,
    'pages', case when own.relkind in ('r', 'i', 'm') then pg_relation_size(own.oid) / current_setting('block_size')::int else 0 end,
    'analyzedPages', ${unsigned('own.relpages')}, 'tuples', own.reltuples, 'allVisiblePages', ${unsigned('own.relallvisible')},
    'toastPages', case when own.reltoastrelid <> 0 then pg_relation_size(own.reltoastrelid) / current_setting('block_size')::int end,
    'columns', coalesce(columns.columns, '[]')) order by own.nspname, own.relname), '[]')
    from own left join columns on columns.schemaname = own.nspname and columns.tablename = own.relname),
  'extended', (select coalesce(json_agg(json_build_object(
    'schema', x.statistics_schemaname, 'name', x.statistics_name, 'inherited', ${postgres >= 150_000 ? 'x.inherited' : 'false'},
    'columns', (select e.stxkeys::int2[] from pg_statistic_ext e where e.stxname = x.statistics_name and e.stxnamespace = (select oid from pg_namespace n where n.nspname = x.statistics_schemaname)),
    'distinct', encode(x.n_distinct::bytea, 'hex'), 'dependencies', encode(x.dependencies::bytea, 'hex'))), '[]')
    from pg_stats_ext x where $1::text[] = '{}' or x.statistics_schemaname::text = any ($1::text[]))
)::text as statistics`
}
