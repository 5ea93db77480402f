import { EXPORT_SETTINGS, exportQuery } from '../../statistics/export-query.ts'
import { parseStatistics } from '../../statistics/statistics.ts'
import { openConnection } from '../native/connection.ts'
import { readDatabaseUrl } from '../native/database-url.ts'

export interface ExportRequest {
  /** `postgres://…` of production or a standby of it. */
  url: string
  /** false leaves out every value of a row. */
  values: boolean
  /** All but Postgres's own when empty. */
  schemas: readonly string[]
}

const EXPORT_MS = 120_000

/** Statistics as JSON with a line for each relation, and sentences on what could not be seen. */
export async function readProductionStatistics(request: ExportRequest, signal: AbortSignal): Promise<{ json: string; notes: string[] }> {
  const target = { ...readDatabaseUrl(request.url, '--url'), settings: { ...EXPORT_SETTINGS, statement_timeout: String(EXPORT_MS) } }
  await using connection = await openConnection(target, { service: 'statistics export', statementMs: EXPORT_MS }, signal)
  const [version] = await connection.query<{ number: number }>("select current_setting('server_version_num')::int as number")
  const query = exportQuery({ postgres: version?.number ?? 0, values: request.values, schemas: request.schemas })
  const [row] = await connection.query<{ statistics: string }>(query, [request.schemas])
  const statistics = parseStatistics(row?.statistics ?? '', 'what the server said')
  const { relations, ...rest } = statistics
  const head = JSON.stringify(rest).slice(0, -1)
  const json = `${head},"relations":[\n${relations.map((relation) => JSON.stringify(relation)).join(',\n')}\n]}\n`
  const absent = request.schemas.filter((name) => !relations.some(({ schema }) => schema === name))
  const blind = relations.filter(({ kind, tuples, columns }) => (kind === 'r' || kind === 'm') && tuples > 0 && columns.length === 0)
  const never = relations.filter(({ kind, tuples, pages }) => kind === 'r' && tuples < 0 && pages > 0)
  return {
    json,
    notes: [
      ...(absent.length === 0 ? [] : [`There is no table in the schema ${absent.join(', ')}.`]),
      ...(blind.length === 0
        ? []
        : [
            `No statistics of the columns of ${some(blind)} can be seen by this role: GRANT pg_read_all_data TO it, or export as the owner.`,
          ]),
      ...(never.length === 0 ? [] : [`${some(never)} were never analyzed: run ANALYZE there first.`]),
      ...(request.values
        ? []
        : ['Values were left out: estimates of conditions on single values and ranges are the defaults, see docs/twin.md.']),
    ],
  }
}

function some(relations: ReadonlyArray<{ schema: string; name: string }>): string {
  const names = relations.slice(0, 3).map(({ schema, name }) => `${schema}.${name}`)
  return relations.length > 3 ? `${names.join(', ')} and ${relations.length - 3} more` : names.join(', ')
}
