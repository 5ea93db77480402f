import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { ServiceError } from '../src/errors.ts'
import { type Impatient, startImpatient } from './fixtures/dblab/impatient.ts'

let it: Impatient
beforeAll(async () => {
  it = await startImpatient()
})
afterAll(async () => await it[Symbol.asyncDispose]())
afterEach(async () => expect(await it.sweep()).toEqual([]))

describe('the wish to delete a clone', () => {
  test('that is never answered ends, names the clone, and the next run deletes it', async () => {
    let id: string | undefined
    {
      await using clone = await it.create()
      expect(await clone.query('select 1 as one')).toEqual([{ one: 1 }])
      ;[id] = it.left()
      it.stub.faults.answers = { 'DELETE /clone': 'silent' }
    }
    await vi.waitFor(() => expect(it.warnings).toHaveLength(1))
    expect(it.warnings[0]).toContain(id)
    expect(it.warnings[0]).toMatch(/could not be deleted \(.*did not answer within 0\.3 s\); the next run tries again/)
    expect(it.left()).toEqual([id])
    {
      await using next = await it.create()
      expect(next.notes).toEqual([`clones of earlier runs could not be deleted: ${id}`])
      it.stub.faults.answers = {}
    }
    await using last = await it.create()
    expect(last.notes).toEqual([])
    await expect.poll(it.left, { timeout: 10_000 }).not.toContain(id)
  })
  test.each(['late', 'stuck', 'cut'] as const)('whose answer is %s is put again, and nothing has to be told', async (how) => {
    {
      await using _ = await it.create()
      it.stub.faults.answers = { 'DELETE /clone': [how] }
    }
    expect(it.left()).toEqual([])
    expect(it.warnings).toEqual([])
  })
  test('of a clone that could not be made is told with why', async () => {
    it.stub.faults.fatal = 'no space left on device'
    it.stub.faults.answers = { 'DELETE /clone': 'silent' }
    const failing = it.create()
    await expect(failing).rejects.toThrow(ServiceError)
    await expect(failing).rejects.toThrow(
      /no space left on device; the DBLab clone pgwitness-\S+ could not be deleted \(.*did not answer.*the next run tries again/,
    )
    expect(it.left()).toHaveLength(1)
  })
  test('after a stop is told too', async () => {
    it.stub.faults.createMs = 600_000
    it.stub.faults.answers = { 'DELETE /clone': 'silent' }
    const stop = new AbortController()
    const failing = expect(it.create({}, {}, stop.signal)).rejects.toThrow(/abort/i)
    await expect.poll(it.left).toHaveLength(1)
    stop.abort()
    await failing
    await vi.waitFor(() => expect(it.warnings).toEqual([expect.stringContaining(it.left()[0] ?? 'none')]))
  })
  test('of a protected clone whose protection cannot be taken away is told', async () => {
    {
      await using _ = await it.create({ protectionMinutes: 30 })
      it.stub.faults.answers = { 'PATCH /clone': 'silent' }
    }
    await vi.waitFor(() => expect(it.warnings).toEqual([expect.stringContaining(it.left()[0] ?? 'none')]))
  })
})
