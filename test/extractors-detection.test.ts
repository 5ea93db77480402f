// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of migration tools are what is tested
import { describe, expect, test, vi } from 'vitest'
import { findHistories } from '../src/extractors/detect.ts'
import { extractScripts, historyOf, whyLeftOut } from '../src/extractors/history.ts'
import { compareNaturally, compareVersions } from '../src/extractors/names.ts'
import { outline } from '../src/extractors/outline.ts'
import { keepOnly, replaceSpans } from '../src/extractors/positions.ts'
import { whyNotMigration } from '../src/extractors/roles.ts'
import { TOOLS } from '../src/extractors/script.ts'

// Machines that test many things at once are slow to start processes.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

function find(files: Record<string, string>, configured: Parameters<typeof findHistories>[2] = []) {
  return findHistories(Object.keys(files), async (path) => files[path], configured)
}

async function found(files: Record<string, string>, configured: Parameters<typeof findHistories>[2] = []): Promise<Record<string, string>> {
  return Object.fromEntries((await find(files, configured)).map((history) => [history.folder, `${history.tool} ${history.database}`]))
}

describe('histories are found', () => {
  test('several in one repository, each folder once', async () => {
    const files = {
      'api/db/migrations/1_a.up.sql': 'create table a (id int);',
      'billing/prisma/migrations/20240101000000_a/migration.sql': '',
      'billing/prisma/migrations/migration_lock.toml': 'provider = "postgresql"',
      'web/supabase/migrations/20240101000000_a.sql': '',
      'java/src/main/resources/db/migration/V1__a.sql': '',
      'go/migrations/0001_a.sql': '-- +goose Up\nselect 1;',
      'legacy/sql/001.sql': '',
      'legacy/sql/002.sql': '',
      'reports/sql/daily.sql': '',
      'reports/sql/weekly.sql': '',
    }
    expect(await found(files)).toEqual({
      'api/db/migrations': 'golang-migrate Postgres',
      'billing/prisma/migrations': 'prisma Postgres',
      'web/supabase/migrations': 'supabase Postgres',
      'java/src/main/resources/db/migration': 'flyway Postgres',
      'go/migrations': 'goose Postgres',
      'legacy/sql': 'sql Postgres',
    })
  })

  test('at the root of a repository', async () => {
    expect(await found({ '1_a.up.sql': '', '1_a.down.sql': '' })).toEqual({ '': 'golang-migrate Postgres' })
    const [history] = await find({ '1_a.up.sql': '' })
    expect(history?.files).toEqual(['1_a.up.sql'])
  })

  test('by the markers of one file in the history, whatever its first file is', async () => {
    const files: Record<string, string> = {}
    for (let n = 1; n <= 9; n++) files[`m/000${n}_x.sql`] = n === 9 ? '-- migrate:up\nselect 1;\n-- migrate:down\n' : 'select 1;'
    expect(await found(files)).toEqual({ m: 'dbmate Postgres' })
  })

  test('reversible files are sqlx’s only in its crate', async () => {
    const files = { 'migrations/1_a.up.sql': '', 'migrations/1_a.down.sql': '' }
    expect(await found(files)).toEqual({ migrations: 'golang-migrate Postgres' })
    expect(await found({ ...files, 'Cargo.toml': 'sqlx = "0.8"' })).toEqual({ migrations: 'sqlx Postgres' })
  })

  test('not in dependencies, tests, seeds and dumps', async () => {
    const files = {
      'node_modules/x/migrations/1_a.up.sql': '',
      'vendor/x/migrations/1_a.up.sql': '',
      'tests/fixtures/migrations/1_a.up.sql': '',
      'testdata/migrations/1_a.up.sql': '',
      'db/seeds/1_a.sql': '',
      'db/structure.sql': '',
      'db/schema.sql': '',
    }
    expect(await find(files)).toEqual([])
  })

  test('where the configuration says, as it says', async () => {
    const files = {
      'sql/queries/1.sql': '',
      'db/migrate/1_a.sql': '-- +goose Up\nselect 1;',
      'tests/m/1_a.up.sql': 'select 1; select 2;',
      'db/migrations/1_a.up.sql': '',
    }
    const configured = [
      { path: './db/migrate/', tool: 'tern' as const },
      { path: 'tests/m', tool: 'golang-migrate' as const, transaction: 'none' as const },
      { path: 'nowhere' },
    ]
    expect(await found(files, configured)).toEqual({
      'db/migrate': 'tern Postgres',
      'tests/m': 'golang-migrate Postgres',
      nowhere: 'sql Postgres',
      'db/migrations': 'golang-migrate Postgres',
    })
    const histories = await find(files, configured)
    expect(extractScripts('tests/m/1_a.up.sql', 'select 1; select 2;', historyOf('tests/m/1_a.up.sql', histories))).toMatchObject([
      { transaction: 'none' },
    ])
    expect(histories.find((history) => history.folder === 'nowhere')?.notes).toEqual(['nowhere has no migrations of sql'])
  })

  test('in a repository of a hundred thousand files without reading them', async () => {
    const paths = Array.from({ length: 100_000 }, (_, n) => `src/a${n % 300}/b${n}.ts`)
    for (let n = 0; n < 2000; n++) paths.push(`svc${n % 5}/migrations/${n}_x.up.sql`)
    let reads = 0
    const histories = await findHistories(paths, async () => {
      reads++
      return undefined
    })
    expect(histories.map((history) => history.files.length)).toEqual([400, 400, 400, 400, 400])
    expect(reads).toBeLessThan(500)
  })
})

describe('other databases are left out, with a note', () => {
  test.each([
    ['prisma', { 'prisma/migrations/1_a/migration.sql': 'x', 'prisma/migrations/migration_lock.toml': 'provider = "mysql"' }, 'MySQL'],
    [
      'prisma by schema',
      {
        'prisma/migrations/1_a/migration.sql': 'x',
        'prisma/schema.prisma': 'generator client { provider = "prisma-client-js" }\ndatasource db {\n provider = "sqlite"\n}',
      },
      'SQLite',
    ],
    ['drizzle journal', { 'drizzle/0000_a.sql': 'x', 'drizzle/meta/_journal.json': '{"dialect":"sqlite","entries":[]}' }, 'SQLite'],
    [
      'drizzle config',
      {
        'drizzle/0000_a.sql': 'x',
        'drizzle/meta/_journal.json': '{"entries":[]}',
        'drizzle.config.ts': "export default { dialect: 'turso' }",
      },
      'SQLite',
    ],
    [
      'atlas.hcl',
      { 'm/1.sql': 'x', 'm/atlas.sum': '', 'atlas.hcl': 'env "x" { dev = "docker://mysql/8/dev"\n url = "mysql://root@localhost" }' },
      'MySQL',
    ],
    ['sqlc', { 'db/migrations/1_a.up.sql': 'x', 'sqlc.yaml': 'sql:\n - engine: "sqlite"\n   schema: "db/migrations"' }, 'SQLite'],
    ['folder name', { 'migrations/mysql/1_a.up.sql': 'x' }, 'MySQL'],
    ['part of a folder name', { 'migrations-sqlite/1_a.up.sql': 'x' }, 'SQLite'],
    ['crate features', { 'migrations/1_a/up.sql': 'x', 'Cargo.toml': 'diesel = { version = "2", features = ["sqlite"] }' }, 'SQLite'],
    ['backquotes', { 'migrations/1_a.up.sql': 'CREATE TABLE `a` (id int) ENGINE=InnoDB;' }, 'MySQL'],
    ['AUTOINCREMENT', { 'migrations/1_a.up.sql': 'CREATE TABLE a (id integer PRIMARY KEY AUTOINCREMENT);' }, 'SQLite'],
  ])('%s', async (_, files, database) => {
    const histories = await find(files)
    expect(histories).toMatchObject([{ files: [], database, notes: [expect.stringContaining(`is for ${database} and was left out`)] }])
    const path = Object.keys(files).find((name) => name.endsWith('.sql')) ?? ''
    expect(extractScripts(path, 'x', historyOf(path, histories))).toEqual([])
    expect(whyLeftOut(path, historyOf(path, histories))).toContain(database)
  })

  test.each([
    [{ 'oracle/migrations/1_a.up.sql': 'create table a (id serial);' }],
    [{ 'migrations/postgres/1_a.up.sql': 'x' }],
    [{ 'm/1.sql': 'x', 'm/atlas.sum': '', 'atlas.hcl': 'url = "postgres://x"\n other = "mysql://y"' }],
    [{ 'migrations/1_a.up.sql': 'create table a (id serial); -- was `a` AUTO_INCREMENT' }],
  ])('but not what is for Postgres too: %j', async (files) => {
    expect(await find(files)).toMatchObject([{ database: 'Postgres', files: [Object.keys(files)[0]] }])
  })

  test('a file alone', () => {
    expect(extractScripts('db/mysql/x.sql', 'select 1')).toEqual([])
    expect(extractScripts('db/x.mysql.sql', 'select 1')).toEqual([])
    expect(extractScripts('db/x.sql', 'select 1')).toHaveLength(1)
  })
})

test('a file alone is read by its markers and its name', () => {
  const toolOf = (path: string, text: string) => extractScripts(path, text)[0]?.tool
  expect(toolOf('x.sql', '-- +goose Up\nselect 1;')).toBe('goose')
  expect(toolOf('x.sql', '-- migrate:up\nselect 1;')).toBe('dbmate')
  expect(toolOf('x.sql', 'select 1;\n---- create above / drop below ----\n')).toBe('tern')
  expect(toolOf('x.sql', '-- Up Migration\nselect 1;')).toBe('node-pg-migrate')
  expect(toolOf('V1__x.sql', 'select 1;')).toBe('flyway')
  expect(toolOf('1_x.up.sql', 'select 1;')).toBe('golang-migrate')
  expect(toolOf('query.sql', 'select 1;')).toBe('sql')
})

test('what is no migration says so by its path', () => {
  expect(whyNotMigration('db/schema.sql')).toBe('a schema dump')
  expect(whyNotMigration('db/structure.sql')).toBe('a schema dump')
  expect(whyNotMigration('db/seeds/1.sql')).toBe('seeds or test data')
  expect(whyNotMigration('supabase/seed.sql')).toBe('seeds or test data')
  expect(whyNotMigration('pkg/testdata/x.sql')).toBe('seeds or test data')
  expect(whyNotMigration('supabase/schemas/a.sql')).toContain('declared schema')
  for (const path of ['V1__create_schema.sql', '001_schema.sql', '20240101_dump_old_rows.sql', 'm/1_seed.up.sql'])
    expect(whyNotMigration(path)).toBeUndefined()
})

describe('positions', () => {
  const random = (seed: number) => () => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed / 2147483648
  }

  test('stay for every text and every part of whole lines', () => {
    const next = random(7)
    const pieces = ['select 1;', 'é', '✓ done', '-- ü', '\t', ' ', '\r', '𝒳', "'naïve'", '/* ', ' */', 'x']
    for (let round = 0; round < 500; round++) {
      const lines = Array.from(
        { length: 1 + Math.floor(next() * 8) },
        () => `--${Array.from({ length: Math.floor(next() * 5) }, () => pieces[Math.floor(next() * pieces.length)]).join('')}\n`,
      )
      const from = Math.floor(next() * lines.length)
      const to = from + Math.floor(next() * (lines.length - from + 1))
      const offset = (line: number) => lines.slice(0, line).join('').length
      const text = lines.join('')
      const kept = keepOnly(text, [{ start: offset(from), end: offset(to) }])
      expect(kept).toHaveLength(text.length)
      expect(Buffer.byteLength(kept)).toBe(Buffer.byteLength(text))
      expect(kept.slice(offset(from), offset(to))).toBe(text.slice(offset(from), offset(to)))
      expect(kept.replace(/[^\n]/g, '')).toBe(text.replace(/[^\n]/g, ''))
      expect(outline(kept.slice(0, offset(from)))).toEqual([])
    }
  })

  test('a wide character at the start of a line is kept in a comment over several lines', () => {
    const text = 'drop a;\né\ndrop b;\nselect 1;'
    const kept = keepOnly(text, [{ start: text.indexOf('select'), end: text.length }])
    expect(kept).toBe('/*     \né\n*/     \nselect 1;')
  })

  test('a byte order mark stays where it is', () => {
    expect(keepOnly('\uFEFF-- x\nselect 1;', [{ start: 6, end: 15 }])).toBe('\uFEFF    \nselect 1;')
  })

  test('a replacement never changes a length', () => {
    const replaced = (text: string, value: string) => replaceSpans(text, [{ start: 2, end: 6, value }])
    expect(replaced('a ${b} c', 'x')).toBe('a x    c')
    expect(replaced('a ${b} c', 'longer')).toBe('a ${b} c')
    expect(replaced('a ${é} c', 'x')).toBe('a ${é} c')
  })
})

test('placeholders are noted, but not without end', () => {
  const text = Array.from({ length: 50 }, (_, n) => `select '\${p${n}}';`).join('\n')
  expect(extractScripts('V1__a.sql', text)[0]?.notes).toHaveLength(21)
})

test('orders', () => {
  expect(['v10', 'v9', 'v009', 'a', 'v9b', 'v'].sort(compareNaturally)).toEqual(['a', 'v', 'v009', 'v9', 'v9b', 'v10'])
  expect(
    ['m/10_a.sql', 'm/9_b.sql', 'm/0009_a.sql', 'm/99999999999999999999_z.sql', 'm/100000000000000000000_a.sql'].sort(compareVersions),
  ).toEqual(['m/0009_a.sql', 'm/9_b.sql', 'm/10_a.sql', 'm/99999999999999999999_z.sql', 'm/100000000000000000000_a.sql'])
})

test('the outline of a script sees neither comments nor quotes', () => {
  const sql = '-- a; b\nselect \';\', $$ ; $$, $q$ $$ ; $q$, "a;b" /* ; */ ; \n create  index\nconcurrently x;;'
  expect(outline(sql)).toEqual(["SELECT '' , '' , '' , ''", 'CREATE INDEX CONCURRENTLY X'])
})

test.each([
  '/*',
  "'",
  '"',
  '$a$',
  '$',
  '${',
  '{{',
  '--\n',
  '--',
  '\n',
  ' ',
  '-- +goose  ',
  '-- +goose Up\n',
  '-- +goose StatementEnd\n',
  '-- migrate:up ',
  '-- Up Migration\n',
  '--> statement-breakpoint',
  ';',
  'é\n',
  '# atlas:delimiter é\n',
  '-- atlas:txmode   ',
  '${x}',
  '{{.x}}',
  '(',
])('a file of nothing but %j is read in time', async (piece) => {
  const text = `${piece.repeat(200_000 / piece.length)}x`
  const names = ['m/V1__a.sql', 'm/1_a.sql', 'm/1_a.up.sql', 'm/1_a/up.sql', 'm/a/migration.sql', 'm/1_a.postgres.up.sql']
  for (const tool of TOOLS) {
    const histories = await find(Object.fromEntries(names.map((name) => [name, text])), [{ path: 'm', tool }])
    for (const name of names) {
      for (const script of extractScripts(name, text, historyOf(name, histories))) expect(script.sql).toHaveLength(text.length)
    }
  }
})
