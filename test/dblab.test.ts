import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { load } from 'js-yaml'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import type { DblabEngine } from '../src/clones/dblab/choose-engine.ts'
import { isLeftOver, newCloneId } from '../src/clones/dblab/clone-id.ts'
import { openEngine } from '../src/clones/dblab/engine.ts'
import { dblabClones } from '../src/clones/dblab.ts'
import { ServiceError, UserError } from '../src/errors.ts'
import { measureScript } from '../src/experiments/effects.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import { type DblabStub, startDblabStub } from './fixtures/dblab/stub.ts'

const signal = new AbortController().signal
let stub: DblabStub
let settings: DblabEngine

beforeAll(async () => {
  stub = await startDblabStub({
    postgres: 16,
    rows: [`insert into customers (id, email) select n, 'm' || n from generate_series(1, 100) n`],
  })
  settings = { url: stub.url, token: stub.token, accessHost: stub.server.cluster.folder }
})
afterAll(async () => await stub[Symbol.asyncDispose]())
afterEach(async () => {
  stub.faults = Object.assign(stub.faults, {
    createMs: 300,
    fatal: undefined,
    proxy: undefined,
    cut: false,
    old: false,
    echo: false,
    lateMs: 0,
  })
  await expect.poll(() => [...stub.clones.keys()], { timeout: 10_000 }).toEqual([])
})

async function create(more: Partial<DblabEngine> = {}, { stop = signal, pollMs = 50 } = {}): Promise<Clone> {
  const engines = [{ ...settings, ...more }]
  return await dblabClones({ engines, postgres: 16, statementMs: 2000, patience: { pollMs } }).create({ scripts: [] }, stop)
}

describe('a clone', () => {
  test('has the rows, goes back to its base, and is deleted', async () => {
    {
      await using clone = await create()
      expect(clone).toMatchObject({ provider: 'dblab', data: 'rows', postgres: 16, skipped: [] })
      expect(await clone.query('select count(*) as n from customers')).toEqual([{ n: 100 }])
      expect((await clone.run('delete from customers', signal)).rows).toBe(100)
      await clone.restart?.(signal)
      expect(await clone.query('select count(*) as n from customers')).toEqual([{ n: 100 }])
      expect([...stub.clones.values()]).toMatchObject([{ status: { code: 'OK' } }])
    }
    await expect.poll(() => stub.clones.size, { timeout: 20_000 }).toBe(0)
    expect(await stub.server.inventory()).not.toContainEqual(expect.stringContaining('database clone_'))
  })
  test('serves experiments end to end', async () => {
    await using clone = await create()
    const statements = await readScript('alter table orders alter column note set not null', 'none')
    const { measurements } = await measureScript(clone, statements, 'none', {}, signal)
    expect(measurements[0]?.effects).toMatchObject({ scans: ['public.orders'], locks: [{ mode: 'AccessExclusiveLock' }] })
  })
  test('whose statement runs too long, or whose server goes, is a ServiceError; then it starts anew', async () => {
    await using clone = await create()
    await expect(clone.run('select pg_sleep(60)', signal)).rejects.toThrow(ServiceError)
    await clone.restart?.(signal)
    const running = clone.run('select pg_sleep(60)', signal)
    const failing = expect(running).rejects.toThrow(ServiceError)
    await stub.server.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
    )
    await failing
    await expect(clone.query('select 1')).rejects.toThrow(ServiceError)
    await clone.restart?.(signal)
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('is protected when that is asked for, and deleted all the same', async () => {
    {
      await using _ = await create({ protectionMinutes: 30 })
      expect([...stub.clones.values()]).toMatchObject([{ protected: true }])
    }
    expect(stub.log.some(({ method }) => method === 'PATCH')).toBe(true)
  })
  test('comes from an old engine too', async () => {
    stub.faults.old = true
    await using clone = await create()
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
    expect(stub.log.some(({ path }) => /^\/(?:clones|branch|snapshot)/.test(path))).toBe(false)
  })
})

describe('what goes wrong', () => {
  test('an engine that cannot make it says why, and nothing is left', async () => {
    stub.faults.fatal = 'no space left on device'
    await expect(create()).rejects.toThrow(/no space left on device/)
  })
  test('stopping in the middle deletes the clone', async () => {
    stub.faults.createMs = 1500
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 400)
    await expect(create({}, { stop: stop.signal })).rejects.toThrow(/abort/i)
    await expect.poll(() => stub.clones.size, { timeout: 10_000 }).toBe(0)
  })
  test.each([
    [{ token: 'wrong' }, UserError, /tokenVariable/],
    [{ branch: 'nowhere' }, UserError, /branch nowhere not found/],
    [{ snapshot: 'pool@1' }, ServiceError, /no snapshot found/],
    [{ caFile: '/nowhere.pem' }, UserError, /caFile/],
    [{ postgres: 15 }, UserError, /has 15/],
  ])('%o', async (more, type, message) => {
    const failing = create(more as Partial<DblabEngine>)
    await expect(failing).rejects.toThrow(type)
    await expect(failing).rejects.toThrow(message)
  })
  test('a proxy with a page of its own, and a connection that is cut', async () => {
    stub.faults.proxy = { code: 404, body: '<html><h1>404 Not Found</h1> nginx</html>' }
    await expect(create()).rejects.toThrow(/404: 404 Not Found nginx/)
    stub.faults.proxy = { code: 200, body: '<html>welcome</html>' }
    await expect(create()).rejects.toThrow(/not JSON/)
    stub.faults.proxy = undefined as never
    stub.faults.cut = true
    await expect(create()).rejects.toThrow(ServiceError)
  })
  test('a clone that the engine takes note of after we gave up is deleted too', async () => {
    stub.faults.lateMs = 800
    const stop = new AbortController()
    setTimeout(() => stop.abort(), 200)
    await expect(create({}, { stop: stop.signal, pollMs: 500 })).rejects.toThrow(/abort/i)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await expect.poll(() => stub.clones.size, { timeout: 10_000 }).toBe(0)
  })
  test('a connection that is cut while a clone is made is no end of it', async () => {
    stub.faults.createMs = 1500
    setTimeout(() => {
      stub.faults.cut = true
    }, 500)
    setTimeout(() => {
      stub.faults.cut = false
    }, 1600)
    await using clone = await create({}, { pollMs: 500 })
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('a proxy that repeats the request repeats no password', async () => {
    stub.faults.echo = true
    await expect(create()).rejects.toThrow(/upstream failed.*"password":"…"/)
  })
  test('the password is in no answer, error or log of ours', async () => {
    const made = stub.log
      .filter(({ method, path }) => method === 'POST' && path === '/clone')
      .map(({ body }) => (body as { db: { password: string } }).db.password)
    expect(new Set(made).size).toBe(made.length)
    for (const password of made) expect(password).toMatch(/^\w{24,}$/)
    await using clone = await create()
    await clone.run('select pg_sleep(60)', signal).catch((error: Error) => {
      expect(JSON.stringify([error, error.message, error.stack])).not.toContain([...stub.clones.values()][0]?.password)
    })
  })
})

describe('clones that are left over', () => {
  const post = async (id: string): Promise<void> => {
    await openEngine(settings).create({ id, db: { username: 'x', password: 'aB3dE6gH9jK2mN5pQ8', restricted: true } }, signal)
  }
  test('of a run that was killed are deleted by the next, and nobody else’s', async () => {
    const mine = newCloneId()
    const killed = mine.replace(`-${process.pid}-`, '-4194303-')
    for (const id of [mine, killed, 'somebody-elses']) await post(id)
    await expect.poll(() => [...stub.clones.values()].every(({ status }) => status.code === 'OK'), { timeout: 20_000 }).toBe(true)
    await using _ = await create()
    await expect.poll(() => [...stub.clones.keys()], { timeout: 20_000 }).not.toContain(killed)
    expect([...stub.clones.keys()]).toEqual(expect.arrayContaining([mine, 'somebody-elses']))
    for (const id of [mine, 'somebody-elses']) await openEngine(settings).remove(id, signal)
  })
  test('of other hosts are told by their age', () => {
    const id = newCloneId().replace(/^pgwitness-[0-9a-f]{8}/, 'pgwitness-00000000')
    expect(isLeftOver({ id, createdAt: new Date(Date.now() - 7 * 3_600_000).toISOString() })).toBe(true)
    expect(isLeftOver({ id, createdAt: new Date().toISOString() })).toBe(false)
    expect(isLeftOver({ id: 'pgwitness-mine', createdAt: '2020-01-01T00:00:00Z' })).toBe(false)
  })
})

/** Where the description is wrong: bodies of reset and delete, null times, `retrieving`, `cloningTime`, `extra_conf`, `branch` and `dbName`; the stub follows the engine there. */
test('requests and answers are those of the description', async () => {
  const document = load(readFileSync('test/fixtures/dblab/openapi.yaml', 'utf8')) as { components: { schemas: Record<string, object> } }
  const ajv = new Ajv({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'api', components: document.components })
  const check = (name: string, answer: unknown): void => {
    // Null is what an unset time is, and a clone takes a fraction of a second.
    const odd = (key: string, value: unknown): unknown => {
      if (key === 'retrieving' || (key === 'deleteAt' && value === null)) return undefined
      return key === 'cloningTime' ? Math.ceil(Number(value)) : value
    }
    const data = JSON.parse(JSON.stringify(answer, odd))
    const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` })
    expect(validate(data), JSON.stringify(validate.errors)).toBe(true)
  }
  const created = stub.log.filter(({ method, path, code }) => method === 'POST' && path === '/clone' && code === 201)
  expect(created.length).toBeGreaterThan(3)
  for (const { body, answer } of created) {
    check('CreateClone', body)
    check('Clone', answer)
  }
  for (const { answer } of stub.log.filter(({ path, code }) => path === '/status' && code === 200)) check('Instance', answer)
  for (const { answer } of stub.log.filter(({ code }) => code >= 400)) check('Error', answer)
  for (const { answer } of stub.log.filter(({ method, path, code }) => code === 200 && (method === 'DELETE' || path.endsWith('/reset'))))
    expect(answer).toBeUndefined()
})
