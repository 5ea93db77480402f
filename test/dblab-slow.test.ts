import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { dblabClones } from '../src/clones/dblab.ts'
import { ServiceError } from '../src/errors.ts'
import { type Impatient, startImpatient } from './fixtures/dblab/impatient.ts'

const signal = new AbortController().signal
let it: Impatient
beforeAll(async () => {
  it = await startImpatient()
})
afterAll(async () => await it[Symbol.asyncDispose]())
afterEach(async () => expect(await it.sweep()).toEqual([]))

describe('answers about the engine', () => {
  test.each([
    ['silent', /127\.0\.0\.1:\d+ did not answer within 0\.3 s/],
    ['late', /did not answer within 0\.3 s/],
    ['stuck', /did not end its answer within 0\.3 s/],
    ['cut', /cut the connection in the middle of its answer/],
    ['half', /something that is not JSON/],
  ] as const)('that are %s are told, and no clone is asked for', async (how, message) => {
    it.stub.faults.answers = { 'GET /status': how }
    const before = it.stub.log.filter(({ method }) => method === 'POST').length
    const failing = it.create()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(message)
    expect(it.stub.log.filter(({ method }) => method === 'POST').length).toBe(before)
  })
  test('that do not come are no matter where another engine answers', async () => {
    const { stub } = it
    const engines = ['http://127.0.0.1:9', stub.url].map((url) => ({
      url,
      token: stub.token,
      accessHost: stub.server.cluster.folder,
    }))
    await using clone = await dblabClones({ engines, postgres: 16 }).create({ scripts: [] }, signal)
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
    await expect(it.create({ url: 'http://127.0.0.1:9' })).rejects.toThrow(/127\.0\.0\.1:9 cannot be reached/)
  })
})

describe('the answer to the wish for a clone', () => {
  test.each([
    ['silent', /did not answer within/],
    ['late', /did not answer within/],
    ['stuck', /did not end its answer within/],
    ['cut', /cut the connection/],
    ['half', /not JSON/],
  ] as const)('that is %s is told, and the clone deleted', async (how, message) => {
    it.stub.faults.answers = { 'POST /clone': how }
    const failing = it.create()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(message)
    await expect(failing).rejects.not.toThrow(/could not be deleted/)
    expect(it.left()).toEqual([])
    expect(it.warnings).toEqual([])
  })
  test('that the engine gives after all hope leaves a clone, which the next run of the same process deletes', async () => {
    it.stub.faults.lateMs = 1500
    await expect(it.create()).rejects.toThrow(/did not answer/)
    it.stub.faults.lateMs = 0
    await expect.poll(it.left, { timeout: 10_000 }).toHaveLength(1)
    const [late] = it.left()
    await using clone = await it.create()
    expect(clone.notes).toEqual([])
    await expect.poll(it.left, { timeout: 10_000 }).not.toContain(late)
  })
  test('is waited for while polls fail in every way', async () => {
    it.stub.faults.answers = { 'GET /clone': ['silent', 'stuck', 'cut', 'half'] }
    await using clone = await it.create()
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('is given up when no poll is answered', async () => {
    it.stub.faults.answers = { 'GET /clone': 'silent' }
    await expect(it.create()).rejects.toThrow(/did not answer within/)
    expect(it.left()).toEqual([])
  })
  test('is given up when the clone is never ready', async () => {
    it.stub.faults.createMs = 600_000
    await expect(it.create({}, { readyMs: 700 })).rejects.toThrow(/not ready within 0\.7 s: CREATING/)
    expect(it.left()).toEqual([])
  })
})

describe('going back to the base', () => {
  test.each([
    ['silent', /did not answer/],
    ['late', /did not answer/],
    ['stuck', /did not end its answer/],
  ] as const)('that is %s is a ServiceError, and may be asked for again', async (how, message) => {
    await using clone = await it.create()
    await clone.run('create table made (a int)', signal)
    it.stub.faults.answers = { 'POST /reset': [how] }
    const failing = clone.restart?.(signal) ?? Promise.resolve()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(message)
    await expect(clone.query('select 1')).rejects.toThrow(ServiceError)
    await expect.poll(() => [...it.stub.clones.values()][0]?.status.code, { timeout: 10_000 }).toBe('OK')
    await clone.restart?.(signal)
    expect(await clone.query("select to_regclass('made') as made")).toEqual([{ made: null }])
  })
})
