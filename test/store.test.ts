import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { turnMonths } from '../src/database/partitions.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { ServiceError, UserError } from '../src/errors.ts'
import { postgresStore } from '../src/store/postgres-store.ts'
import type { Store, StoredReview } from '../src/store/store.ts'
import { type Address, openAddress, STORAGES, type Storage } from './fixtures/databases.ts'

const CHANGE = 'github:42:7'

function review(more: Partial<StoredReview> = {}): StoredReview {
  const finishedAt = new Date('2026-11-20T10:00:00Z')
  return { change: CHANGE, forge: 'github', owner: 'github:installation:17', headSha: 'a1', finishedAt, seconds: 12.5, report: {}, ...more }
}

describe.each(STORAGES)('$name', ({ missing, start, isShared }) => {
  let storage: Storage
  let address: Address
  let database: Database
  let store: Store

  beforeAll(async () => {
    if (missing) return
    storage = await start()
    address = await storage.create()
    database = await openAddress(address)
    store = await postgresStore(database)
  })
  afterAll(async () => {
    await store?.[Symbol.asyncDispose]()
    await database?.close()
    await storage?.[Symbol.asyncDispose]()
  })
  const it = missing ? (name: string, _body: () => Promise<void>) => test.skip(`${name} (${missing})`) : test

  it('keeps what people said of a change, each thing once', async () => {
    await store.addIgnore(CHANGE, { fingerprint: 'f1', reason: 'small table', by: 'ada' })
    await store.addIgnore(CHANGE, { fingerprint: 'f2', reason: "it's \0 odd \ud800", by: 'ada' })
    await store.addIgnore(CHANGE, { fingerprint: 'f1', reason: 'a very small table', by: 'bob' })
    await store.addIgnore('github:42:8', { fingerprint: 'f1', reason: 'another change', by: 'ada' })
    expect(await store.listIgnores(CHANGE)).toEqual([
      { fingerprint: 'f1', reason: 'a very small table', by: 'bob' },
      { fingerprint: 'f2', reason: "it's \uFFFD odd \uFFFD", by: 'ada' },
    ])
    await store.addTrust(CHANGE, { headSha: 'a1', by: 'ada' })
    await store.addTrust(CHANGE, { headSha: 'a1', by: 'bob' })
    expect(await store.listTrusts(CHANGE)).toEqual([{ headSha: 'a1', by: 'ada' }])
    expect(await store.listTrusts('github:42:8')).toEqual([])
  })

  if (isShared)
    it('a process that stands still in the middle of a transaction keeps its locks from others for a while only', async () => {
      const { url } = address as Address & { kind: 'postgres' }
      const still = await openPostgres(url, { idleMs: 300 })
      try {
        const [begun, goesOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
        const stood = still.transaction(
          async (session) => {
            begun.resolve()
            await goesOn.promise
            await session.query('select 1')
          },
          ['a lock'],
        )
        await begun.promise
        expect(await database.transaction(async () => 'mine', ['a lock'])).toBe('mine')
        goesOn.resolve()
        await expect(stood).rejects.toThrow(ServiceError)
        expect(await still.query('select 1 as one')).toEqual([{ one: 1 }])
      } finally {
        await still.close()
      }
    })

  it('knows whether something was said, and to which comment', async () => {
    const huge = 2 ** 52
    expect(await store.isFirst(CHANGE, 'help', huge)).toBe(true)
    expect(await store.isFirst(CHANGE, 'help', huge + 1)).toBe(false)
    expect(await store.isFirst(CHANGE, 'help', huge)).toBe(true)
    expect(await store.isFirst('github:42:8', 'help', 1)).toBe(true)
  })

  it('gives the newest review as it was, one a commit', async () => {
    expect(await store.findReview('github:42:9')).toBeUndefined()
    const hostile = { text: 'NUL \0 and half \ud83d', 'key\0': [null, 1.5, true, { deep: '"; drop table x; --' }] }
    await store.saveReview(review())
    await store.saveReview(review({ headSha: 'b2', finishedAt: new Date('2026-11-20T12:00:00Z'), report: hostile }))
    await store.saveReview(review({ report: { again: true } }))
    expect(await store.findReview(CHANGE)).toEqual(
      review({
        headSha: 'b2',
        finishedAt: new Date('2026-11-20T12:00:00Z'),
        report: { text: 'NUL \uFFFD and half \uFFFD', 'key\uFFFD': [null, 1.5, true, { deep: '"; drop table x; --' }] },
      }),
    )
    const rows = await database.query(`select head_sha, report from pgwitness.reviews where change = $1 order by head_sha`, [CHANGE])
    expect(rows).toMatchObject([{ head_sha: 'a1', report: { again: true } }, { head_sha: 'b2' }])
  })

  it('counts the seconds of every review, also of one that was replaced', async () => {
    expect(await store.secondsSpent('github:installation:17', new Date('2026-11-01'))).toBe(37.5)
    expect(await store.secondsSpent('github:installation:17', new Date('2026-11-20T11:00:00Z'))).toBe(12.5)
    expect(await store.secondsSpent('gitlab:17', new Date(0))).toBe(0)
  })

  it('a transaction that fails leaves nothing, and the next one works', async () => {
    const failing = database.transaction(async (session) => {
      await session.query(`insert into pgwitness.trusts (change, head_sha, login) values ('rolled back', 'x', 'y')`)
      await session.query('select 1/0')
    })
    await expect(failing).rejects.toMatchObject({ code: '22012' })
    expect(await store.listTrusts('rolled back')).toEqual([])
    await expect(database.query('begin; select 1/0; commit')).rejects.toMatchObject({ code: '22012' })
    expect(await database.query('select 1 as one; select 2 as two')).toEqual([{ one: 1 }, { two: 2 }])
  })

  it('makes months ahead, and drops those that are over', async () => {
    await database.query(`create table pgwitness.reviews_2024_01 partition of pgwitness.reviews for values from ('2024-01-01 00:00:00+00') to ('2024-02-01 00:00:00+00');
      create table pgwitness.reviews_not_a_month ()`)
    const turned = [1, 2, 3].map(() => turnMonths(database, [{ table: 'reviews', keptMonths: 12 }]))
    await Promise.all(turned)
    const tables = await database.query<{ name: string }>(
      `select relname as name from pg_class where relkind = 'r' and relname ~ '^reviews_' order by 1`,
    )
    expect(tables.filter(({ name }) => /^reviews_\d{4}_\d{2}$/.test(name))).toHaveLength(3)
    expect(tables.map(({ name }) => name)).toContain('reviews_not_a_month')
    expect(tables.map(({ name }) => name)).not.toContain('reviews_2024_01')
    expect(await store.findReview(CHANGE)).toBeDefined()
  })

  it('is migrated by one of many that start at once; refuses a newer database and a changed file', async () => {
    const own = await storage.create()
    const folder = mkdtempSync(join(tmpdir(), 'pgwitness-migrations-'))
    cpSync('src/database/migrations', folder, { recursive: true })
    const ours = readdirSync(folder).sort()
    const numbered = (after: number, name: string): string => `${String(ours.length + after).padStart(4, '0')}-${name}`
    const open = () => openAddress(own, { migrations: folder })
    try {
      for (const opened of await Promise.all(isShared ? [open(), open(), open(), open()] : [open()])) await opened.close()
      writeFileSync(join(folder, numbered(1, 'more.sql')), 'create table pgwitness.more (one int); insert into pgwitness.more values (1);')
      const newer = await open()
      expect(await newer.query('select one from pgwitness.more')).toEqual([{ one: 1 }])
      expect(await newer.query('select number, name from pgwitness.migrations order by number')).toEqual([
        ...ours.map((name, index) => ({ number: index + 1, name })),
        { number: ours.length + 1, name: numbered(1, 'more.sql') },
      ])
      await newer.close()
      const refusal = (promise: Promise<unknown>) =>
        promise.then(
          () => 'opened',
          (error: unknown) => error,
        )
      expect(await refusal(openAddress(own))).toBeInstanceOf(UserError)
      writeFileSync(join(folder, numbered(1, 'more.sql')), 'create table pgwitness.more (two int);')
      expect(await refusal(open())).toBeInstanceOf(UserError)
      // A file that fails is not recorded, and what it did is undone.
      writeFileSync(join(folder, numbered(1, 'more.sql')), 'create table pgwitness.more (one int); insert into pgwitness.more values (1);')
      writeFileSync(join(folder, numbered(2, 'wrong.sql')), 'create table pgwitness.half (); select wrong;')
      expect(await refusal(open())).toMatchObject({ code: '42703' })
      writeFileSync(join(folder, numbered(2, 'wrong.sql')), 'create table pgwitness.half ();')
      await (await open()).close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('a data folder', () => {
  test('that cannot be made is told at once', () => {
    const cli = join(import.meta.dirname, '../src/cli.ts')
    const args = [
      cli,
      'kb',
      'add',
      '--type',
      'article',
      '--path',
      '.',
      '--author',
      'Ada',
      '--permission',
      'hers',
      '--url',
      'https://ada.example/{name}',
    ]
    const { status, stderr } = spawnSync(process.execPath, [...args, '--data', '/proc/none/data'], {
      timeout: 60_000,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    })
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot be made') })
  })

  const folder = mkdtempSync(join(tmpdir(), 'pgwitness-folder-'))
  const children: ChildProcess[] = []
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  async function hold(): Promise<{ said: string; kill(): Promise<void> }> {
    const child = spawn(process.execPath, ['test/fixtures/folder-holder.ts', folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const said = await new Promise<string>((resolve) => createInterface(child.stdout).once('line', resolve))
    return {
      said,
      async kill() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  test('belongs to one process, which is told to the second; kill -9 leaves it free', async () => {
    const first = await hold()
    expect(first.said).toBe('open')
    const second = await hold()
    expect(second.said).toContain('UserError')
    expect(second.said).toContain('in use by another pgwitness process')
    await first.kill()
    const third = await hold()
    expect(third.said).toBe('open')
    await third.kill()
  })
})

describe('an address that does not work', () => {
  test.each([
    ['postgres://someone:s3cret@127.0.0.1:1/none', ServiceError],
    ['postgres://someone:s3cret@no-such-host.invalid/none', Error],
  ])('%s', async (url, kind) => {
    const error = await openPostgres(url).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(kind)
    expect(String(error)).not.toContain('s3cret')
  })
})
