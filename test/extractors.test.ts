// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of migration tools are what is tested
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { findHistories } from '../src/extractors/detect.ts'
import { extractScripts, type History, historyOf } from '../src/extractors/history.ts'
import type { Script, Tool } from '../src/extractors/script.ts'
import { TOOLS } from '../src/extractors/script.ts'

// Machines that test many things at once are slow to start processes.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const FIXTURES = join(import.meta.dirname, 'fixtures/migrations')

interface Fixture {
  files: Map<string, string>
  histories: History[]
}

async function fixture(tool: Tool): Promise<Fixture> {
  const root = join(FIXTURES, tool)
  const entries = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const files = new Map(
    entries.map((entry) => [
      join(entry.parentPath, entry.name).slice(root.length + 1),
      readFileSync(join(entry.parentPath, entry.name), 'utf8'),
    ]),
  )
  return { files, histories: await histories(files) }
}

function histories(files: ReadonlyMap<string, string>): Promise<History[]> {
  return findHistories([...files.keys()], async (path) => files.get(path))
}

/** `name direction mode` of every script of the applied files, in order. */
async function outlineOf(tool: Tool): Promise<string[]> {
  const { files, histories } = await fixture(tool)
  return histories.flatMap((history) =>
    history.files.flatMap((path) =>
      extractScripts(path, files.get(path) ?? '', history).map((script) => {
        expect(script).toMatchObject({ path, tool, text: files.get(path) })
        return `${path.slice(history.folder.length + 1)} ${script.direction} ${script.transaction}`
      }),
    ),
  )
}

function scripts(path: string, text: string): Script[] {
  return extractScripts(path, text)
}

describe('each tool has its order, its parts and its transactions', () => {
  test('flyway', async () => {
    expect(await outlineOf('flyway')).toEqual([
      'V1__create_orders.sql up file',
      'V1_2__add_total.sql up file',
      'V1.10__index.sql up none',
      'V2__mixed.sql up file',
      'V3__alone.sql up none',
      'later/V10__constraint.sql up file',
      'R__totals.sql up file',
    ])
    const { files, histories } = await fixture('flyway')
    const [history] = histories
    const undo = 'db/migration/U2__mixed.sql'
    expect(extractScripts(undo, files.get(undo) ?? '', history)).toMatchObject([{ direction: 'down' }])
    expect(history?.notes).toEqual([
      'db/migration/mysql/V11__other.sql was left out: it is for MySQL',
      'db/migration/B2__baseline.sql was left out: it is a baseline migration, which only runs on an empty database',
      'db/migration/V12__Code.java is a migration in code, which was not read: what it creates is unknown here',
    ])
    const [script] = extractScripts('db/migration/V1__create_orders.sql', files.get('db/migration/V1__create_orders.sql') ?? '', history)
    expect(script?.sql).toBe("CREATE TABLE public   .orders (id bigint PRIMARY KEY, note text DEFAULT 'p_greeting_');\n")
    expect(script?.notes[0]).toBe('`${schema}` is a placeholder, read as `public`')
  })

  test('flyway settings of the project hold for every file, and those of the script win', async () => {
    const files = new Map([
      ['flyway.conf', 'flyway.executeInTransaction=false\nflyway.placeholders.Name=tbl\n'],
      ['sql/V1__a.sql', 'create table ${name} (id int);'],
      ['sql/V2__b.sql', 'select 1;'],
      ['sql/V2__b.sql.conf', 'executeInTransaction=true'],
    ])
    const [history] = await histories(files)
    expect(extractScripts('sql/V1__a.sql', 'create table ${name} (id int);', history)).toMatchObject([
      { transaction: 'none', sql: 'create table tbl     (id int);' },
    ])
    expect(extractScripts('sql/V2__b.sql', 'select 1;', history)).toMatchObject([{ transaction: 'file' }])
    const mixed = new Map([
      ['flyway.toml', '[flyway]\nmixed = true'],
      ['sql/V1__a.sql', ''],
    ])
    const text = 'select 1; vacuum;'
    expect(extractScripts('sql/V1__a.sql', text, (await histories(mixed))[0])).toMatchObject([{ transaction: 'none', notes: [] }])
    expect(scripts('sql/V1__a.sql', text)[0]).toMatchObject({
      tool: 'flyway',
      transaction: 'file',
      notes: [expect.stringContaining('mixed')],
    })
    expect(scripts('sql/V1__a.sql', 'vacuum;')[0]).toMatchObject({ transaction: 'none' })
  })

  test('golang-migrate', async () => {
    expect(await outlineOf('golang-migrate')).toEqual(['1_create.up.sql up implicit', '9_index.up.sql up none', '10_last.up.sql up none'])
    const { files, histories } = await fixture('golang-migrate')
    const down = 'db/migrations/1_create.down.sql'
    expect(historyOf(down, histories)?.tool).toBe('golang-migrate')
    expect(extractScripts(down, files.get(down) ?? '', histories[0])).toMatchObject([{ direction: 'down', transaction: 'implicit' }])
  })

  test('goose', async () => {
    expect(await outlineOf('goose')).toEqual([
      '00001_init.sql up file',
      '00001_init.sql down file',
      '00002_index.sql up none',
      '00002_index.sql down none',
      '00010_env.sql up file',
    ])
    const { files, histories } = await fixture('goose')
    const text = files.get('migrations/00001_init.sql') ?? ''
    const [up, down] = extractScripts('migrations/00001_init.sql', text, histories[0])
    expect(up?.sql).toContain(`LANGUAGE plpgsql\n${';'.padEnd('-- +goose StatementEnd'.length)}\nCREATE TABLE items`)
    expect(up?.sql).not.toContain('DROP')
    expect(
      down?.sql
        .trim()
        .replace(/\/\*[^*]*\*\/|--[^\n]*/g, '')
        .trim(),
    ).toMatch(/^DROP TABLE items; *\nDROP TABLE orders;$/)
    const env = extractScripts('migrations/00010_env.sql', files.get('migrations/00010_env.sql') ?? '', histories[0])[0]
    expect(env?.sql).toContain("CREATE TABLE p_TABLE_NAME_ (id int, label text DEFAULT 'p_KEPT_');")
    expect(env?.sql).toContain("'${NOT_FILLED}'")
    expect(scripts('1_a.sql', '-- +goose Down\nDROP TABLE a;')[0]?.notes).toEqual([])
  })

  test('goose fills defaults of its environment, and does not touch dollar quotes', () => {
    const text = '-- +goose ENVSUB ON\n-- +goose Up\nCREATE TABLE ${T:-orders} (id int);\nDO $x$ BEGIN END $x$;\n'
    expect(scripts('1_a.sql', text)[0]?.sql).toContain('CREATE TABLE orders       (id int);\nDO $x$ BEGIN END $x$;')
  })

  test('dbmate', async () => {
    expect(await outlineOf('dbmate')).toEqual([
      '20240101000000_create.sql up file',
      '20240101000000_create.sql down file',
      '20240102000000_index.sql up none',
      '20240102000000_index.sql down implicit',
    ])
    const { histories } = await fixture('dbmate')
    expect(historyOf('db/schema.sql', histories)).toBeUndefined()
  })

  test('dbmate with several pairs of blocks in a file', () => {
    const text =
      '-- migrate:up\nselect 1;\n-- migrate:down\nselect 2;\n-- migrate:up transaction:false\nvacuum;\n-- migrate:down\nselect 4;\n'
    const found = scripts('db/1_a.sql', text).map((script) => [
      script.direction,
      script.transaction,
      script.sql.replace(/\s+/g, ' ').trim(),
    ])
    expect(found).toEqual([
      ['up', 'file', 'select 1;'],
      ['up', 'none', 'vacuum;'],
      ['down', 'file', 'select 2; select 4;'],
    ])
  })

  test('sqlx', async () => {
    expect(await outlineOf('sqlx')).toEqual([
      '20240101000000_create.up.sql up file',
      '20240102000000_index.sql up none',
      '20240103000000_two.sql up implicit',
    ])
  })

  test('diesel', async () => {
    expect(await outlineOf('diesel')).toEqual([
      '00000000000000_diesel_initial_setup/up.sql up file',
      '2024-01-02-000000_create/up.sql up file',
      '20240103000000_index/up.sql up none',
    ])
    const { files, histories } = await fixture('diesel')
    const down = 'migrations/2024-01-02-000000_create/down.sql'
    expect(extractScripts(down, files.get(down) ?? '', historyOf(down, histories))).toMatchObject([
      { direction: 'down', transaction: 'file' },
    ])
  })

  test('prisma', async () => {
    expect(await outlineOf('prisma')).toEqual([
      '20240101000000_init/migration.sql up implicit',
      '20240102000000_index/migration.sql up none',
      '20240103000000_both/migration.sql up implicit',
    ])
    const { files } = await fixture('prisma')
    files.set('package.json', '{ "devDependencies": { "prisma": "7.4.2" } }')
    const [history] = await histories(files)
    const both = 'prisma/migrations/20240103000000_both/migration.sql'
    expect(extractScripts(both, files.get(both) ?? '', history)).toMatchObject([
      { transaction: 'none', notes: [expect.stringContaining('splits')] },
    ])
    const drops = 'DROP INDEX CONCURRENTLY a;\nCREATE INDEX CONCURRENTLY a ON t (id);'
    expect(extractScripts(both, drops, history)).toMatchObject([
      { transaction: 'implicit', notes: [expect.stringContaining('DROP INDEX')] },
    ])
  })

  test('drizzle, with a journal and with folders', async () => {
    expect(await outlineOf('drizzle')).toEqual([
      '0000_init.sql up file',
      '0002_second.sql up file',
      '0001_third.sql up file',
      '20240101000000_init/migration.sql up file',
      '20240102000000_more/migration.sql up file',
    ])
    const { files, histories } = await fixture('drizzle')
    const [init] = extractScripts('drizzle/0000_init.sql', files.get('drizzle/0000_init.sql') ?? '', histories[0])
    expect(init?.sql).toContain("DEFAULT 'é')\n;                       \nCREATE TABLE")
    expect(
      extractScripts('drizzle/0003_forgotten.sql', 'DROP TABLE "orders";', historyOf('drizzle/0003_forgotten.sql', histories)),
    ).toEqual([])
    expect(histories[0]?.notes.join()).toContain('not in meta/_journal.json')
  })

  test('supabase', async () => {
    expect(await outlineOf('supabase')).toEqual(['20240101000000_create.sql up file', '20240102000000_index.sql up none'])
  })

  test('atlas', async () => {
    expect(await outlineOf('atlas')).toEqual([
      '20240101000000_create.sql up file',
      '20240102000000_index.sql up none',
      '20240103000000_slashes.sql up file',
      '20240104000000_checked.sql up file',
    ])
    const { files, histories } = await fixture('atlas')
    const sql = (name: string) => extractScripts(`migrations/${name}`, files.get(`migrations/${name}`) ?? '', histories[0])[0]?.sql
    expect(sql('20240103000000_slashes.sql')).toContain('total numeric ; \nALTER TABLE items ADD COLUMN price numeric\n; \n')
    expect(
      sql('20240104000000_checked.sql')
        ?.replace(/--[^\n]*/g, '')
        .trim(),
    ).toBe('DROP TABLE items;')
    expect(sql('20240105000000_checkpoint.sql')).toBeUndefined()
  })

  test('atlas starts from a checkpoint when nothing before it is left', async () => {
    const text = '-- atlas:checkpoint\n\nCREATE TABLE a (id int);'
    const [history] = await histories(
      new Map([
        ['m/atlas.sum', ''],
        ['m/2_checkpoint.sql', text],
        ['m/3_next.sql', 'select 1;'],
      ]),
    )
    expect(history?.files).toEqual(['m/2_checkpoint.sql', 'm/3_next.sql'])
  })

  test('atlas directives count only where a file begins', async () => {
    const [history] = await histories(
      new Map([
        ['m/atlas.sum', ''],
        ['m/1.sql', ''],
      ]),
    )
    const mode = (text: string) => extractScripts('m/1.sql', text, history)[0]?.transaction
    expect(mode('-- atlas:txmode none\n\nselect 1;')).toBe('none')
    expect(mode('-- a comment\r\n-- atlas:txmode none\r\n\r\nselect 1;')).toBe('none')
    expect(mode('select 1;\n-- atlas:txmode none\n')).toBe('file')
  })

  test('tern', async () => {
    expect(await outlineOf('tern')).toEqual([
      '001_create.sql up file',
      '001_create.sql down file',
      '002_index.sql up none',
      '002_index.sql down file',
    ])
    const { files, histories } = await fixture('tern')
    const [up] = extractScripts('migrations/001_create.sql', files.get('migrations/001_create.sql') ?? '', histories[0])
    expect(up?.sql).toContain("create table p__prefix___orders (id bigint, name text default 'ß');")
    expect(up?.notes).toContain('`shared/view.sql` is included here and was not read')
    expect(histories).toHaveLength(1)
  })

  test('node-pg-migrate', async () => {
    expect(await outlineOf('node-pg-migrate')).toEqual([
      '1700000000000_create.sql up file',
      '1700000000000_create.sql down file',
      '20231114221321000_second.sql up file',
    ])
    const { histories } = await fixture('node-pg-migrate')
    expect(histories[0]?.notes).toEqual([
      'migrations/1700000002000_third.js is a migration in code, which was not read: what it creates is unknown here',
    ])
  })

  test('pop', async () => {
    expect(await outlineOf('pop')).toEqual([
      '20240101000000_create.up.sql up file',
      '20240102000000_more.postgres.up.sql up file',
      '20240103000000_index.postgres.autocommit.up.sql up none',
      '20240104000000_words.autocommit.up.sql up none',
    ])
    const { files, histories } = await fixture('pop')
    for (const path of files.keys())
      if (/mysql|sqlite/.test(path)) expect(extractScripts(path, files.get(path) ?? '', historyOf(path, histories))).toEqual([])
  })

  test('plain folders, numbers by value', async () => {
    expect(await outlineOf('sql')).toEqual([
      'v1/1_first.sql up none',
      'v1/2_second.sql up none',
      'v2/9_ninth.sql up none',
      'v2/10_tenth.sql up none',
    ])
    expect(scripts('x/2_second_down.sql', 'select 1')).toMatchObject([{ tool: 'sql', direction: 'down' }])
  })
})

test.each(TOOLS)('%s: what is not a script’s own is blanked without moving anything', async (tool) => {
  const { files, histories } = await fixture(tool)
  for (const [path, text] of files) {
    if (!path.endsWith('.sql')) continue
    for (const script of extractScripts(path, text, historyOf(path, histories))) {
      expect(script.sql).toHaveLength(text.length)
      expect(Buffer.byteLength(script.sql)).toBe(Buffer.byteLength(text))
      for (const [index, line] of text.split('\n').entries()) expect(script.sql.split('\n')[index]).toHaveLength(line.length)
    }
  }
})

describe('Postgres agrees', () => {
  let db: PGlite
  beforeAll(async () => {
    db = await PGlite.create()
  }, 60_000)
  afterAll(() => db.close())

  test.each(TOOLS)('%s: the up scripts run in the order found', async (tool) => {
    const { files, histories } = await fixture(tool)
    for (const history of histories) {
      await db.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
      for (const path of history.files) {
        for (const script of extractScripts(path, files.get(path) ?? '', history)) {
          if (script.direction === 'down') continue
          const sql = script.sql.replace(/ CONCURRENTLY/gi, '')
          await db.exec(sql).catch((error: Error) => expect.fail(`${path}: ${error.message}\n${script.sql}`))
        }
      }
    }
  })

  test('one statement sent alone may build an index concurrently, two may not', async () => {
    await db.exec('DROP SCHEMA public CASCADE; CREATE SCHEMA public; CREATE TABLE t (id int)')
    const alone = '-- comment; with a semicolon\nCREATE INDEX CONCURRENTLY a ON t (id);\n'
    const both = "SET application_name = 'a; still one text';\nCREATE INDEX CONCURRENTLY b ON t (id);"
    expect(scripts('1_a.up.sql', alone)).toMatchObject([{ tool: 'golang-migrate', transaction: 'none' }])
    expect(scripts('1_a.up.sql', both)).toMatchObject([{ transaction: 'implicit' }])
    await db.exec(alone)
    await expect(db.exec(both)).rejects.toThrow(/cannot run inside a transaction block/)
  })
})
