import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { dblabClones } from '../src/clones/dblab.ts'
import { ServiceError, UserError } from '../src/errors.ts'
import { type DblabStub, startDblabStub } from './fixtures/dblab/stub.ts'

const signal = new AbortController().signal
const PATIENCE = { requestMs: 300, readyMs: 5000, connectMs: 5000, removeMs: 1500, pollMs: 50 }
let stub: DblabStub
const warnings: string[] = []
const onWarning = ({ name, message }: Error): void => {
  if (name === 'pgwitness') warnings.push(message)
}

beforeAll(async () => {
  process.on('warning', onWarning)
  stub = await startDblabStub({ postgres: 16 })
})
afterAll(async () => {
  process.off('warning', onWarning)
  await stub[Symbol.asyncDispose]()
})
afterEach(async () => {
  Object.assign(stub.faults, { createMs: 10, answers: {}, answerMs: 700 })
  warnings.length = 0
  await sweep()
  expect(await stub.server.inventory()).not.toContainEqual(expect.stringMatching(/database clone_|role pgwitness_[0-9a-f]{8} /))
})

async function create({
  stop = signal,
  patience = {},
  ...more
}: {
  stop?: AbortSignal
  patience?: Partial<typeof PATIENCE>
  token?: string
} = {}): Promise<Clone> {
  const engine = { url: stub.url, token: stub.token, accessHost: stub.server.cluster.folder, ...more }
  const options = { engines: [engine], postgres: 16, statementMs: 2000, patience: { ...PATIENCE, ...patience } }
  return await dblabClones(options).create({ scripts: [] }, stop)
}

/** What the next run in this process does first. */
async function sweep(): Promise<void> {
  const engine = [{ url: stub.url, token: stub.token, branch: 'none' }]
  await expect
    .poll(
      async () => {
        await expect(dblabClones({ engines: engine, postgres: 16, patience: PATIENCE }).create({ scripts: [] }, signal)).rejects.toThrow(
          UserError,
        )
        return stub.clones.size
      },
      { timeout: 10_000 },
    )
    .toBe(0)
}

const left = () => [...stub.clones.values()].map(({ id }) => id)

describe('answers about the engine', () => {
  test.each([
    ['silent', /127\.0\.0\.1:\d+ did not answer within 0\.3 s/],
    ['late', /did not answer within 0\.3 s/],
    ['stuck', /did not end its answer within 0\.3 s/],
    ['cut', /cut the connection in the middle of its answer/],
    ['half', /something that is not JSON/],
  ] as const)('that are %s are told, and no clone is asked for', async (how, message) => {
    stub.faults.answers = { 'GET /status': how }
    const before = stub.log.filter(({ method }) => method === 'POST').length
    const failing = create()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(message)
    expect(stub.log.filter(({ method }) => method === 'POST').length).toBe(before)
  })
  test('that do not come are no matter where another engine answers', async () => {
    const socket = stub.server.cluster.folder
    const engines = ['http://127.0.0.1:9', stub.url].map((url) => ({ url, token: stub.token, accessHost: socket }))
    await using clone = await dblabClones({ engines, postgres: 16, patience: PATIENCE }).create({ scripts: [] }, signal)
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
    await expect(
      dblabClones({ engines: engines.slice(0, 1), postgres: 16, patience: PATIENCE }).create({ scripts: [] }, signal),
    ).rejects.toThrow(/127\.0\.0\.1:9 cannot be reached/)
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
    stub.faults.answers = { 'POST /clone': how }
    const failing = create()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(message)
    await expect(failing).rejects.not.toThrow(/could not be deleted/)
    expect(left()).toEqual([])
    expect(warnings).toEqual([])
  })
  test('that the engine gives after all hope leaves a clone, which the next run of the same process deletes', async () => {
    stub.faults.lateMs = 1500
    await expect(create()).rejects.toThrow(/did not answer/)
    stub.faults.lateMs = 0
    await expect.poll(left, { timeout: 10_000 }).toHaveLength(1)
    const [late] = left()
    await using clone = await create()
    expect(clone.notes).toEqual([])
    await expect.poll(left, { timeout: 10_000 }).not.toContain(late)
  })
  test('is waited for while polls fail in every way', async () => {
    stub.faults.answers = { 'GET /clone': ['silent', 'stuck', 'cut', 'half'] }
    await using clone = await create()
    expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
  })
  test('is given up when no poll is answered', async () => {
    stub.faults.answers = { 'GET /clone': 'silent' }
    await expect(create()).rejects.toThrow(/did not answer within/)
    expect(left()).toEqual([])
  })
  test('is given up when the clone is never ready', async () => {
    stub.faults.createMs = 600_000
    await expect(create({ patience: { readyMs: 700 } })).rejects.toThrow(/not ready within 0\.7 s: CREATING/)
    expect(left()).toEqual([])
  })
})

describe('the wish to delete a clone', () => {
  test('that is never answered ends, names the clone, and the next run deletes it', async () => {
    let id: string | undefined
    {
      await using clone = await create()
      expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
      ;[id] = left()
      stub.faults.answers = { 'DELETE /clone': 'silent' }
    }
    await vi.waitFor(() => expect(warnings).toHaveLength(1))
    expect(warnings[0]).toContain(id)
    expect(warnings[0]).toMatch(/could not be deleted \(.*did not answer within 0\.3 s\); the next run tries again/)
    expect(left()).toEqual([id])
    {
      await using next = await create()
      expect(next.notes).toEqual([`clones of earlier runs could not be deleted: ${id}`])
      stub.faults.answers = {}
    }
    await using last = await create()
    expect(last.notes).toEqual([])
    await expect.poll(left, { timeout: 10_000 }).not.toContain(id)
  })
  test.each(['late', 'stuck', 'cut'] as const)('whose answer is %s is put again, and nothing has to be told', async (how) => {
    {
      await using _ = await create()
      stub.faults.answers = { 'DELETE /clone': [how] }
    }
    expect(left()).toEqual([])
    expect(warnings).toEqual([])
  })
  test('of a clone that could not be made is told with why', async () => {
    stub.faults.fatal = 'no space left on device'
    stub.faults.answers = { 'DELETE /clone': 'silent' }
    const failing = create()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(
      /no space left on device; the DBLab clone pgwitness-\S+ could not be deleted \(.*did not answer.*the next run tries again/,
    )
    expect(left()).toHaveLength(1)
    stub.faults.fatal = undefined as never
  })
  test('after a stop is told too', async () => {
    stub.faults.createMs = 600_000
    stub.faults.answers = { 'DELETE /clone': 'silent' }
    const stop = new AbortController()
    const failing = expect(create({ stop: stop.signal })).rejects.toThrow(/abort/i)
    await expect.poll(left).toHaveLength(1)
    stop.abort()
    await failing
    await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining(left()[0] ?? 'none')]))
  })
  test('of a protected clone whose protection cannot be taken away is told', async () => {
    const engines = [{ url: stub.url, token: stub.token, accessHost: stub.server.cluster.folder, protectionMinutes: 30 }]
    {
      await using _ = await dblabClones({ engines, postgres: 16, patience: PATIENCE }).create({ scripts: [] }, signal)
      stub.faults.answers = { 'PATCH /clone': 'silent' }
    }
    await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining(left()[0] ?? 'none')]))
  })
})

describe('going back to the base', () => {
  test.each([
    ['silent', /did not answer/],
    ['late', /did not answer/],
    ['stuck', /did not end its answer/],
  ] as const)('that is %s is a ServiceError, and may be asked for again', async (how, message) => {
    await using clone = await create()
    await clone.run('create table made (a int)', signal)
    stub.faults.answers = { 'POST /reset': [how] }
    const failing = clone.restart?.(signal) ?? Promise.resolve()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(message)
    await expect(clone.query('select 1')).rejects.toThrow(ServiceError)
    await expect.poll(() => [...stub.clones.values()][0]?.status.code, { timeout: 10_000 }).toBe('OK')
    await clone.restart?.(signal)
    expect(await clone.query("select to_regclass('made') as made")).toEqual([{ made: null }])
  })
})
