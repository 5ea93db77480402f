import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CloneProvider } from '../src/clones/clone.ts'
import { templateClones } from '../src/clones/template.ts'
import { urlClones } from '../src/clones/url.ts'
import { measureScript } from '../src/experiments/effects.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import type { TransactionMode } from '../src/sql/statement.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const CANARY = /canary|kestrel|918273645|31415\.9265|1987-06-05/i
const ROWS = [
  "insert into customers values (918273645, 'Kestrel.Canary@example.com', 31415.9265)",
  "insert into orders (customer, note) values (918273645, 'born 1987-06-05, canary')",
]
/** Ways in which a row's values get into what a server says, or into its catalog. */
const LEAKS: Record<string, string> = {
  'an error that quotes a value': 'select email::int from customers; select note::date from orders; select email::jsonb from customers',
  'a number out of range':
    'select id::smallint from customers; select (balance * 1e300)::real from customers; select balance::int / 0 from customers',
  'a duplicate key':
    'insert into customers select * from customers; create unique index on orders ((1)); alter table customers add primary key (id)',
  'a violated constraint': "alter table customers add check (email = 'x'); alter table customers alter email type int using email::int",
  'a missing key': 'delete from customers; alter table orders add foreign key (customer) references orders (id)',
  RAISE: `do $$ begin raise exception '%', (select email from customers); end $$; do $$ begin raise warning 'the customer % has %', (select email from customers), (select balance from customers); end $$`,
  'RAISE with an errcode': `do $$ begin raise exception using errcode = '23505', message = (select note from orders), detail = (select email from customers), hint = (select email from customers); end $$`,
  'RAISE as a debug message': `do $$ begin raise debug 'building index "%" on table "orders" serially', (select email from customers); end $$`,
  'the name of a table': `do $$ begin execute format('create table %I (a int)', (select email from customers)); end $$; create index on orders (note)`,
  'the name of a column': `do $$ begin execute format('alter table orders add column %I int', (select 'c' || id from customers)); end $$; alter table orders drop column note`,
  'the name of what is missing': `do $$ begin execute format('drop table %I', (select email from customers)); end $$; do $$ begin execute format('select %I()', (select email from customers)); end $$`,
  'the name of a role': `do $$ begin execute format('grant select on orders to %I', (select email from customers)); end $$`,
  'a default and a constraint': `do $$ begin execute format('alter table orders alter note set default %L, add constraint %I check (id <> %s)', (select email from customers), (select email from customers), (select id from customers)); end $$; alter table orders drop constraint missing`,
  'a comment and an enum': `do $$ begin execute format('create type moods as enum (%L)', (select email from customers)); end $$; alter table orders add mood moods default 'sad'`,
  'a function of its own': `create function tell() returns text language plpgsql as $$ begin return (select email from customers)::int; end $$; select tell(); create index on orders (length(note))`,
  'a cast in an index': 'create index on customers ((email::int)); create table copied as select email::int from customers',
  'a view that is read':
    'create view seen as select email::date as d from customers; create table more as select * from seen; refresh materialized view seen',
}

const MASKED = [
  'select email::int from customers',
  "do $$ begin raise warning 'the customer %', (select id from customers); end $$",
  "do $$ begin raise exception using errcode = '23505', message = (select note from orders), detail = (select email from customers); end $$",
  "do $$ begin execute format('drop table %I', (select email from customers)); end $$",
  "select to_date(email, 'YYYY') from customers",
]

describe('no value of a row is told', () => {
  let server: Server
  let provider: CloneProvider
  beforeAll(async () => {
    server = await startServer(18, ROWS)
    provider = templateClones({ url: server.url('shop_template', 'shop_admin'), scriptUrl: server.url('shop_template') })
  })
  afterAll(async () => await server[Symbol.asyncDispose]())

  test.each(Object.entries(LEAKS))('by %s', async (_, sql) => {
    for (const mode of ['none', 'file'] satisfies TransactionMode[]) {
      await using clone = await provider.create({ scripts: [] }, signal)
      const result = await measureScript(clone, await readScript(sql, mode), mode, {}, signal)
      const said = JSON.stringify(result, (_key, value) => (value instanceof Map ? [...value] : value))
      expect(said.match(new RegExp(`.{0,200}(?:${CANARY.source}).{0,80}`, 'i'))?.[0]).toBeUndefined()
    }
  })
  test.each(MASKED)('something is left out of %s', async (sql) => {
    for (const clones of [provider, urlClones({ url: server.url('shop_disposable') })]) {
      await using clone = await clones.create({ scripts: [] }, signal)
      const { error, notices } = await clone.run(sql, signal)
      expect([error, ...notices].map((one) => one?.message).join()).toMatch(/…/)
      expect(JSON.stringify([error, notices])).not.toMatch(CANARY)
    }
  })
  test('nor by a query of ours that fails', async () => {
    await using clone = await provider.create({ scripts: [] }, signal)
    const failed = await clone.query('select email::int from customers').catch((error) => error)
    expect(JSON.stringify({ ...failed, message: failed.message })).not.toMatch(CANARY)
    expect(failed.code).toBe('22P02')
  })
  test('and what a script says itself is told', async () => {
    await using clone = await provider.create({ scripts: [] }, signal)
    const { error } = await clone.run('alter table orders add column note text', signal)
    expect(error).toEqual({ code: '42701', message: 'column "note" of relation "orders" already exists' })
    expect((await clone.run("select 'abc123'::int", signal)).error?.message).toBe('invalid input syntax for type integer: "abc123"')
    const { notices } = await clone.run("do $$ begin raise notice 'Kept: 4711 rows'; end $$", signal)
    expect(notices[0]?.message).toBe('Kept: 4711 rows')
    const { measurements } = await measureScript(
      clone,
      await readScript('create index orders_note_idx9 on orders (note); create index on orders (id, note)'),
      'none',
      {},
      signal,
    )
    expect(measurements.map(({ differences }) => differences)).toEqual([
      ['adds index public.orders_note_idx9'],
      ['adds index public.orders_id_note_idx'],
    ])
    expect(measurements[0]?.effects?.builds).toMatchObject([{ index: 'orders_note_idx9', table: 'public.orders' }])
    expect(measurements[0]?.effects?.locks).toMatchObject([{ relation: 'public.orders', kind: 'table', mode: 'ShareLock' }])
  })
  test('nor in any report of a review', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pgwitness-canary-'))
    try {
      writeFileSync(
        join(folder, '1.sql'),
        `${Object.values(LEAKS).join(';\n')};\nalter table orders alter note type int using note::int;\ncreate index orders_by_note on orders (note);\n`,
      )
      const run = spawnSync(
        process.execPath,
        [
          join(import.meta.dirname, '../src/cli.ts'),
          'review',
          '--clone',
          'template',
          '--format',
          'json',
          '--format',
          'text=report.txt',
          '1.sql',
        ],
        {
          cwd: folder,
          encoding: 'utf8',
          env: {
            ...process.env,
            PGWITNESS_TEMPLATE_URL: server.url('shop_template', 'shop_admin'),
            PGWITNESS_SCRIPT_URL: server.url('shop_template'),
          },
        },
      )
      expect(run.stdout, run.stderr).toMatch(/^\{/)
      const report = JSON.parse(run.stdout)
      expect(report).toMatchObject({ clone: 'template' })
      expect(report.coverage.measured).toBeGreaterThan(5)
      const told = `${run.stdout}${run.stderr}${readFileSync(join(folder, 'report.txt'), 'utf8')}`
      expect(told.match(/.{0,200}(?:kestrel|918273645|31415\.9265|example\.com).{0,80}/i)?.[0]).toBeUndefined()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
