/** We live by our own rules: what pgwitness runs on a team's database passes its own review. */
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openEmbedded } from '../src/database/embedded.ts'
import { turnMonths } from '../src/database/partitions.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import type { SourceItem } from '../src/knowledge/source.ts'
import { hashingEmbedder } from './fixtures/hashing-embedder.ts'
import { startServer } from './fixtures/servers.ts'

const MIGRATIONS = 'src/database/migrations'
const CLI = join(import.meta.dirname, '../src/cli.ts')
/** The oldest that is promised. */
const CONFIG = `postgres: 14\nmigrations:\n  - path: ${MIGRATIONS}\n    tool: sql\n    transaction: file\n`
const names = readdirSync(MIGRATIONS).sort()
const root = mkdtempSync(join(tmpdir(), 'pgwitness-own-sql-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const git = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder, encoding: 'utf8' })

interface Report {
  coverage: { statements: number; parsed: number; measured: number }
  findings: Array<{ rule: string; severity: string; verdict: string; line: number; message: string }>
}

/** What a review says of a file that comes after others. */
function review(files: Record<string, string>, added: Record<string, string>, ...options: string[]): Report & { status: number | null } {
  const folder = mkdtempSync(join(root, 'repository-'))
  const write = (some: Record<string, string>): void => {
    mkdirSync(join(folder, MIGRATIONS), { recursive: true })
    for (const [path, text] of Object.entries(some)) writeFileSync(join(folder, path), text)
  }
  write({ '.pgwitness.yml': CONFIG, ...files })
  git(folder, 'init', '-q', '--initial-branch=main')
  git(folder, 'add', '.')
  git(folder, 'commit', '-qm', 'before')
  write(added)
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'review', '--format', 'json', ...options], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PGWITNESS_CACHE_DIR: join(root, 'cache'), NO_COLOR: '1', FORCE_COLOR: undefined },
  })
  if (stdout === '') throw new Error(stderr)
  return { status, ...(JSON.parse(stdout) as Report) }
}

/** What `migrate` makes before the first file. */
const START: Record<string, string> = {
  [`${MIGRATIONS}/0000-start.sql`]: `create schema pgwitness;\ncreate table pgwitness.migrations (number int primary key, name text not null);\n`,
}
const contents = (some: readonly string[]): Record<string, string> =>
  Object.fromEntries(some.map((name) => [`${MIGRATIONS}/${name}`, readFileSync(join(MIGRATIONS, name), 'utf8')]))

describe('migrations', () => {
  // Those that were released do not change any more: only the newest is run.
  test.each(names.map((name, index) => [name, index] as const))('%s hurts no table that has rows', (name, index) => {
    const isNewest = index === names.length - 1
    const report = review({ ...START, ...contents(names.slice(0, index)) }, contents([name]), ...(isNewest ? [] : ['--clone', 'none']))
    expect(report.coverage.parsed).toBe(report.coverage.statements)
    expect(report.coverage.measured).toBe(isNewest ? report.coverage.statements : 0)
    expect(severe(report)).toEqual([])
    expect(report.status).toBe(0)
  })

  test('one that builds an index as ours must not is found', () => {
    const index = { [`${MIGRATIONS}/9999-index.sql`]: 'create index sources_by_type on pgwitness.sources (type);\n' }
    const report = review({ ...START, ...contents(names) }, index, '--clone', 'none')
    expect(severe(report)).toEqual([expect.stringContaining('require-concurrent-index')])
    expect(report.status).toBe(1)
  })
})

/** At or above the default failing severity. */
function severe({ findings }: Report): string[] {
  return findings
    .filter(({ severity, verdict }) => ['high', 'critical'].includes(severity) && verdict !== 'refuted')
    .map(({ rule, line, message }) => `${rule} in line ${line}: ${message}`)
}

describe('statements', () => {
  const said = new Set<string>()
  let database: Database

  beforeAll(async () => {
    database = await openEmbedded(join(root, 'data'))
    const heard = <T extends Pick<Database, 'query'>>(session: T): Pick<Database, 'query'> => ({
      query: async (sql, parameters) => {
        said.add(sql)
        return await session.query(sql, parameters)
      },
    })
    const recorded: Database = {
      ...database,
      ...heard(database),
      transaction: async (work, locks) => await database.transaction(async (session) => await work(heard(session)), locks),
      build: async (statement, signal) => {
        said.add(statement)
        await database.build(statement, signal)
      },
    }
    await useAll(recorded)
    await turnMonths(recorded, [{ table: 'deliveries', keptMonths: 1 }])
  })
  afterAll(async () => await database?.close())

  test('all that the knowledge base says to its database is read by our parser, and nothing of it is found at fault', () => {
    const script = [...said].map((sql) => `${sql.replace(/;\s*$/, '')};`).join('\n')
    const alone = { '.pgwitness.yml': CONFIG.replace('transaction: file', 'transaction: none') }
    const report = review({ ...START, ...contents(names), ...alone }, { [`${MIGRATIONS}/9999-statements.sql`]: script }, '--clone', 'none')
    expect(said.size).toBeGreaterThan(30)
    expect(report.coverage.parsed).toBe(report.coverage.statements)
    expect(severe(report)).toEqual([])
  })

  test('none leaves anything in a session', () => {
    expect([...said].filter((sql) => STAYS.test(sql))).toEqual([])
  })
})

test('a Postgres has the schema that embedded storage has', async () => {
  await using server = await startServer(18)
  await server.query('create database ours owner shop_script')
  const native = await openPostgres(server.url('ours'))
  const embedded = await openEmbedded(join(root, 'fresh'))
  try {
    const shapeOf = async (database: Database): Promise<string[]> =>
      (await database.query<{ one: string }>(SHAPE)).map(({ one }) => one).sort()
    const [one, other] = [await shapeOf(native), await shapeOf(embedded)]
    expect(one.length).toBeGreaterThan(200)
    expect(other).toEqual(one)
  } finally {
    await embedded.close()
    await native.close()
  }
})

/** Tables with their partitions, columns, indexes, constraints, functions, and what text search has. */
const SHAPE = `select 'relation ' || c.oid::regclass || ' ' || relkind::text || coalesce(' ' || pg_get_partkeydef(c.oid), '') || coalesce(' ' || pg_get_expr(relpartbound, c.oid), '')
      || coalesce(' ' || array_to_string(reloptions, ','), '') as one
    from pg_class as c where relnamespace in ('pgwitness'::regnamespace, 'api'::regnamespace)
  union all
  select 'column ' || attrelid::regclass || '.' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || attstorage::text
    from pg_attribute join pg_class as c on c.oid = attrelid
    where relnamespace in ('pgwitness'::regnamespace, 'api'::regnamespace) and attnum > 0 and not attisdropped and relkind <> 'i'
  union all select indexdef from pg_indexes where schemaname = 'pgwitness'
  union all select pg_get_constraintdef(oid) || ' ' || conrelid::regclass from pg_constraint where connamespace = 'pgwitness'::regnamespace
  union all select pg_get_functiondef(oid) from pg_proc where pronamespace in ('pgwitness'::regnamespace, 'api'::regnamespace)
  union all select pg_get_viewdef('api.sources'::regclass)
  union all select dictname || ' ' || dictinitoption from pg_ts_dict where dictnamespace = 'pgwitness'::regnamespace`

/** Where SQL begins in a source file, or a further statement. What a transaction ends may be set. */
const STAYS =
  /(?:^|[`'";]\s*)(?:set\s+(?!local\b)(?:session\s+)?\w+\s*(?:=|to\b)|listen\s+\w|prepare\s+\w|deallocate\s|discard\s|create\s+(?:global\s+|local\s+)?temp\w*\s)|pg_(?:try_)?advisory_(?:un)?lock(?:_shared|_all)?\s*\(|\bcursor with hold\b/i

test('no file of ours has SQL that stays in a session: PgBouncer gives the next transaction to somebody else', () => {
  const files = globSync('src/{database,knowledge,store,queue}/**/*.{ts,sql}')
  expect(files.length).toBeGreaterThan(50)
  expect(files.filter((file) => STAYS.test(readFileSync(file, 'utf8')))).toEqual([])
  expect(STAYS.test("await query('set statement_timeout = 5')")).toBe(true)
  expect(STAYS.test('select pg_advisory_lock(1)')).toBe(true)
  expect(STAYS.test('await query(`set local hnsw.ef_search = 10`)')).toBe(false)
})

test('index changes of tables that have rows are concurrent, also those in code', () => {
  // Words of the trade are none of ours to run.
  const files = globSync('src/{database,knowledge,store,queue}/**/*.ts').filter((file) => !file.endsWith('search/trade-words.ts'))
  const sources = files.map((file) => [file, readFileSync(file, 'utf8')] as const)
  const plain = sources.flatMap(([file, text]) =>
    [...text.matchAll(/\b(?:create (?:unique )?index|drop index|reindex (?:index|table))\b(?! concurrently)[^`']*/gi)].map(
      ([sql]) => `${file}: ${sql}`,
    ),
  )
  // A table that the same transaction makes is nobody's yet.
  expect(plain.filter((one) => !/hnsw/.test(one))).toEqual([])
})

/** Each kind of thing that is done with a knowledge base. */
async function useAll(database: Database): Promise<void> {
  const context = { signal: new AbortController().signal, progress() {} }
  const sourceOf = (texts: readonly string[]) => ({
    async *read(): AsyncGenerator<SourceItem> {
      for (const text of texts) {
        const block = { breadcrumb: ['Part'], anchor: 'part', kind: 'prose' as const, term: null, text }
        const facts = {
          title: text,
          url: 'https://a.example',
          author: null,
          date: null,
          licence: null,
          trust: 'high' as const,
          versions: { from: 17, to: 17 },
        }
        yield { kind: 'document', document: { ...facts, key: text, revision: '1', blocks: [block], problems: [] } }
      }
    },
  })
  for (const [model, vectorIndex] of [
    ['hash-a', { indexedFrom: 0 }],
    ['hash-b', { method: 'ivfflat', indexedFrom: 0 }],
  ] as const) {
    const base = await postgresKnowledgeBase(database, { embedder: hashingEmbedder({ name: model, dimensions: 32 }), vectorIndex })
    await base.declare({ name: 'notes', type: 'web-page', urls: ['https://a.example'], hosts: ['a.example'] })
    await base.sync('notes', sourceOf(['Quokkas sleep.', 'Numbats dig.']), context)
    await base.sync('notes', sourceOf(['Numbats dig.']), context)
    for (const text of ['numbats dig', 'nmbats']) await base.search({ text, postgres: 17, limit: 3 }, context.signal)
    await base.cite('Numbats dig.', undefined, context.signal)
    await base.list()
    if (model === 'hash-b') await base.remove('notes')
    await base.close()
  }
}
