import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CloneProvider } from '../src/clones/clone.ts'
import { openConnection } from '../src/clones/native/connection.ts'
import { readDatabaseUrl } from '../src/clones/native/database-url.ts'
import { templateClones } from '../src/clones/template.ts'
import { urlClones } from '../src/clones/url.ts'
import { UserError } from '../src/errors.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
let server: Server
let before: string[]
beforeAll(async () => {
  server = await startServer(16)
  await server.query("create role reader login password 'secret'")
  await server.query('create role roles_maker login createrole')
  await server.query('create role member_of_admin login in role shop_admin')
  await server.query('create role program_runner login in role pg_execute_server_program')
  before = await server.inventory()
})
afterAll(async () => {
  expect(await server.inventory()).toEqual(before)
  await server[Symbol.asyncDispose]()
})

const template = (database: string, script = 'shop_script', admin = 'shop_admin'): CloneProvider =>
  templateClones({ url: server.url(database, admin), scriptUrl: server.url(database, script) })

async function refusalOf(provider: CloneProvider): Promise<string> {
  const refused = await provider.create({ scripts: [] }, signal).catch((error) => error)
  expect(refused).toBeInstanceOf(UserError)
  return refused.message
}

describe('a database that nobody marked', () => {
  test('is not copied, and it is said what to run', async () => {
    expect(await refusalOf(template('production'))).toContain("COMMENT ON DATABASE production IS 'pgwitness: clones may be made here'")
    expect(await refusalOf(template('nowhere'))).toContain('no database nowhere')
  })
  test('is not broken, and it is said what to run', async () => {
    expect(await refusalOf(urlClones({ url: server.url('production') }))).toContain(
      "COMMENT ON DATABASE production IS 'pgwitness: may be broken'",
    )
  })
  test('is not broken because it may be copied, nor the other way round', async () => {
    expect(await refusalOf(urlClones({ url: server.url('shop_template') }))).toContain('not marked')
    expect(await refusalOf(template('shop_disposable'))).toContain('not marked')
  })
  test('may be marked by a setting as well, but not by the URL', async () => {
    const url = `${server.url('production')}&options=-c%20pgwitness.clones%3Din%5C%20place`
    expect(await refusalOf(urlClones({ url }))).toContain('not marked')
    await server.query("alter database production set pgwitness.clones = 'in place'")
    await using clone = await urlClones({ url: server.url('production') }).create({ scripts: [] }, signal)
    await server.query('alter database production reset pgwitness.clones')
    expect(clone.data).toBe('rows')
  })
})

describe('a role that reaches further than its database', () => {
  test.each([
    ['pgwitness_admin', 'is a superuser'],
    ['shop_admin', 'may create databases'],
    ['roles_maker', 'may create roles'],
    ['member_of_admin', 'a member of shop_admin, which may create databases'],
    ['program_runner', 'a member of pg_execute_server_program, which reaches the server'],
  ])('%s runs no scripts', async (role, why) => {
    for (const provider of [template('shop_template', role), urlClones({ url: server.url('shop_disposable', role) })]) {
      const refused = await refusalOf(provider)
      expect(refused).toContain(why)
      expect(refused).toContain('CREATE ROLE')
    }
  })
  test('nor does the one that makes the copies, when it is the only one', async () => {
    expect(await refusalOf(templateClones({ url: server.url('shop_template', 'shop_admin') }))).toContain('PGWITNESS_SCRIPT_URL')
  })
})

describe('a template', () => {
  test('that somebody is connected to is not copied', async () => {
    const target = readDatabaseUrl(server.url('shop_template'), 'test')
    await using _ = await openConnection(target, { service: 'test', statementMs: 1000 }, signal)
    expect(await refusalOf(template('shop_template'))).toMatch(/cannot be copied while somebody is connected.*1 other session/)
  })
  test("that is not the role's own is not copied", async () => {
    expect(await refusalOf(template('shop_template', 'shop_script', 'shop_script'))).toContain('ALTER ROLE shop_script CREATEDB')
  })
  test('is copied for several at once, and by an administrator that is a superuser', async () => {
    const clones = await Promise.all(
      [template('shop_template'), template('shop_template', 'shop_script', 'pgwitness_admin')].map((one) =>
        one.create({ scripts: [] }, signal),
      ),
    )
    for (const clone of clones) {
      expect(await clone.query('select count(*)::int as n from orders, pg_roles where rolname = session_user and rolsuper')).toEqual([
        { n: 0 },
      ])
      expect((await clone.run('create schema mine', signal)).error).toBeUndefined()
    }
    for (const clone of clones) await clone[Symbol.asyncDispose]()
  })
  test('is copied until the caller stops, and no longer', async () => {
    const controller = new AbortController()
    const started = template('shop_template').create({ scripts: [] }, controller.signal)
    setTimeout(() => controller.abort(), 60)
    await started.then(
      async (clone) => await clone[Symbol.asyncDispose](),
      () => undefined,
    )
    expect((await server.inventory()).filter((one) => one.includes('pgwitness_') && one.startsWith('database'))).toEqual([])
  })
})

describe('what a script does to its own role', () => {
  test('does not lock it out', async () => {
    const rules = join(server.cluster.folder, 'data/pg_hba.conf')
    writeFileSync(rules, `local all guarded scram-sha-256\n${readFileSync(rules, 'utf8')}`)
    await server.query("create role guarded login password 'secret'")
    await server.query('select pg_reload_conf()')
    const make = async (password: string) =>
      await urlClones({ url: server.url('shop_disposable', `guarded:${password}`) }).create({ scripts: [] }, signal)
    await expect(make('wrong')).rejects.toThrow('password authentication failed')
    const clone = await make('secret')
    await clone.run("do $$ begin execute 'alter role current_user password ''hostile'' '; end $$", signal)
    await expect(make('secret')).rejects.toThrow('password authentication failed')
    await clone[Symbol.asyncDispose]()
    await (await make('secret'))[Symbol.asyncDispose]()
    await server.query('drop role guarded')
  })
  test('is undone: settings that were there come back, and no password stays', async () => {
    await server.query(
      "alter role reader set search_path = public, pg_catalog; alter role reader in database shop_disposable set work_mem = '1MB'",
    )
    await server.query('grant create on schema public to reader', 'shop_disposable')
    const stored = async () => [await server.inventory(), await server.query("select rolpassword from pg_authid where rolname = 'reader'")]
    const kept = await stored()
    const url = server.url('shop_disposable', 'reader:secret')
    const clone = await urlClones({ url }).create({ scripts: [] }, signal)
    for (const change of [
      'set search_path = nowhere',
      'in database shop_disposable reset all',
      "set statement_timeout = '1ms'",
      'set default_transaction_read_only = on',
    ]) {
      expect(
        (await clone.run(`do $$ begin execute 'alter role current_user ${change.replaceAll("'", "''")}'; end $$`, signal)).error,
      ).toBeUndefined()
    }
    await clone[Symbol.asyncDispose]()
    expect(await stored()).toEqual(kept)
    await server.query('alter role reader reset all; alter role reader in database shop_disposable reset all')
    await server.query('revoke create on schema public from reader', 'shop_disposable')
  })
})

describe('the URL of a database', () => {
  test.each([
    [
      'postgres://me:p%40ss@db.example.com:6432/shop',
      { host: 'db.example.com', port: 6432, user: 'me', password: 'p@ss', database: 'shop' },
    ],
    ['postgresql://me@/shop?host=/var/run/postgresql', { host: '/var/run/postgresql', user: 'me', database: 'shop' }],
    ['postgres://me@h/shop?sslmode=require', { host: 'h', user: 'me', database: 'shop', ssl: { rejectUnauthorized: false } }],
    ['postgres://me@h/shop?sslmode=verify-full', { host: 'h', user: 'me', database: 'shop', ssl: { rejectUnauthorized: true } }],
  ])('%s is read', (url, target) => expect(readDatabaseUrl(url, 'it')).toEqual(target))
  test.each([
    'mysql://me:secret@h/x',
    'postgres://h/x',
    'postgres://me:secret@h',
    'postgres://me:secret@h/x?sslmode=maybe',
    'nonsense secret',
    'postgres://me:secret%@h/x',
    'postgres://me:secret@h/%zz',
    'postgres://me:secret@%zz/x',
    'postgres://me:secret@/x?host=/tmp&port=secret',
  ])('%s is refused without a word of its password', (url) => {
    expect(() => readDatabaseUrl(url, 'it')).toThrow(UserError)
    expect(() => readDatabaseUrl(url, 'it')).not.toThrow('secret')
  })
})
