import type { ReadFile } from './extractor.ts'
import { fileName, folderOf, inFolder } from './names.ts'
import { nearest, sample } from './sample.ts'
import type { Tool } from './script.ts'

const NAMES: ReadonlyArray<[RegExp, string]> = [
  [/^(mysql|mysql8|mariadb)$/, 'MySQL'],
  [/^(sqlite|sqlite3|libsql|turso|d1)$/, 'SQLite'],
  [/^(mssql|sqlserver)$/, 'SQL Server'],
  [/^(cockroach|cockroachdb|crdb)$/, 'CockroachDB'],
  [/^(clickhouse)$/, 'ClickHouse'],
  [/^(bigquery)$/, 'BigQuery'],
  [/^(snowflake)$/, 'Snowflake'],
  [/^(oracle)$/, 'Oracle'],
  [/^(h2|hsqldb|derby)$/, 'a Java database'],
  [/^(cassandra|scylla|cql|duckdb|spanner|redshift|ydb|vertica)$/, 'another database'],
]

/** The tools that run on Postgres alone; what their files are for need not be asked. */
const ONLY_POSTGRES = new Set<Tool>(['supabase', 'tern', 'node-pg-migrate'])

/** Which database other than Postgres a file of a history is for: `1_a.mysql.up.sql`, or `mysql/V1__a.sql` below its folder. */
export function otherDatabaseOfFile(path: string, folder: string): string | undefined {
  const below = folderOf(path).slice(folder.length).toLowerCase().split('/')
  const words = fileName(path).toLowerCase().split('.').slice(1, -1)
  return [...below, ...words].map(databaseNamed).find((found) => found !== undefined)
}

/**
 * Which database other than Postgres a folder's migrations are for, as far as the tool's configuration, the folder's
 * name or a look into its files says; undefined when nothing speaks against Postgres.
 */
export async function otherDatabase(tool: Tool, folder: string, files: readonly string[], read: ReadFile): Promise<string | undefined> {
  if (ONLY_POSTGRES.has(tool)) return undefined
  const configured = await configuredDatabase(tool, folder, read)
  if (configured !== undefined) return configured === 'Postgres' ? undefined : configured
  return databaseOfFolder(folder) ?? databaseOfTexts(await sample(files, read))
}

function databaseNamed(word: string): string | undefined {
  return NAMES.find(([names]) => names.test(word))?.[1]
}

function databaseOfFolder(folder: string): string | undefined {
  const last = folder.toLowerCase().split('/').slice(-2)
  const words = last.flatMap((name) => [name, ...name.split(/[-_.]/)])
  if (words.some((word) => /^(postgres|postgresql|pg|psql|pgsql)$/.test(word))) return undefined
  const found = words.map(databaseNamed).find((name) => name !== undefined)
  return found === 'Oracle' && last.at(-1) !== 'oracle' ? undefined : found
}

/** `dialect: "sqlite"`, `provider = "mysql"`: the words configurations use. */
function databaseOfSetting(setting: string | undefined): string | undefined {
  if (setting === undefined) return undefined
  return /^(postgres|postgresql|pg|gel)$/i.test(setting) ? 'Postgres' : databaseNamed(setting.toLowerCase())
}

async function configuredDatabase(tool: Tool, folder: string, read: ReadFile): Promise<string | undefined> {
  if (tool === 'prisma') {
    const lock = (await read(inFolder(folder, 'migration_lock.toml'))) ?? ''
    const schema = (await nearest(folder, 'schema.prisma', read)) ?? ''
    const datasource = /datasource\s+\w+\s*\{([^}]*)\}/.exec(schema)?.[1] ?? ''
    return databaseOfSetting(/provider\s*=\s*"(\w+)"/.exec(lock)?.[1] ?? /provider\s*=\s*"(\w+)"/.exec(datasource)?.[1])
  }
  if (tool === 'drizzle') return drizzleDialect(folder, read)
  if (tool === 'diesel' || tool === 'sqlx') return crateDatabase(tool, (await nearest(folder, 'Cargo.toml', read)) ?? '')
  if (tool === 'atlas') {
    const urls = [...((await nearest(folder, 'atlas.hcl', read)) ?? '').matchAll(/["/](\w+):\/\//g)].map((match) =>
      databaseOfSetting(match[1]),
    )
    return urls.includes('Postgres') ? 'Postgres' : urls.find((url) => url !== undefined)
  }
  return sqlcEngine(folder, read)
}

async function drizzleDialect(folder: string, read: ReadFile): Promise<string | undefined> {
  const journal = await read(inFolder(folder, 'meta/_journal.json'))
  const found = databaseOfSetting(/"dialect"\s*:\s*"(\w+)"/.exec(journal ?? '')?.[1])
  if (found) return found
  for (const extension of ['ts', 'js', 'mjs', 'json']) {
    const config = await nearest(folder, `drizzle.config.${extension}`, read)
    const dialect = databaseOfSetting(/\bdialect["']?\s*:\s*["'`](\w+)/.exec(config ?? '')?.[1])
    if (dialect) return dialect
  }
  return undefined
}

/** Only a crate built for one database and not for Postgres says something. */
function crateDatabase(crate: 'diesel' | 'sqlx', manifest: string): string | undefined {
  const features = new RegExp(`^${crate}\\b[^\\n]*?features\\s*=\\s*\\[([^\\]]*)\\]`, 'm').exec(manifest)?.[1] ?? ''
  const words = [...features.matchAll(/"(\w+)"/g)].map((match) => databaseOfSetting(match[1])).filter((found) => found !== undefined)
  return words.includes('Postgres') ? 'Postgres' : words[0]
}

/** sqlc names the folder or its files as `schema:` and the database as `engine:`. */
async function sqlcEngine(folder: string, read: ReadFile): Promise<string | undefined> {
  for (const name of ['sqlc.yaml', 'sqlc.yml', 'sqlc.json']) {
    const text = await nearest(folder, name, read)
    if (text === undefined || folder === '' || !text.includes(fileName(folder))) continue
    const engines = [...text.matchAll(/"?engine"?\s*:\s*["']?(\w+)/g)].map((match) => databaseOfSetting(match[1]))
    if (engines.length > 0) return engines.includes('Postgres') ? 'Postgres' : engines[0]
  }
  return undefined
}

const POSTGRES_WORDS = /\b(big|small)?serial\b|\bjsonb\b|\btimestamptz\b|\bbytea\b|\bplpgsql\b|\bgen_random_uuid\b|::\w|\$\$/i

function databaseOfTexts(texts: readonly string[]): string | undefined {
  if (texts.some((text) => POSTGRES_WORDS.test(text))) return undefined
  if (texts.some((text) => /\bENGINE\s*=\s*InnoDB|\bAUTO_INCREMENT\b|\bCREATE TABLE (IF NOT EXISTS )?`/i.test(text))) return 'MySQL'
  if (texts.some((text) => /\bAUTOINCREMENT\b|^[ \t]*PRAGMA[ \t]|\bWITHOUT ROWID\b/im.test(text))) return 'SQLite'
  return undefined
}
