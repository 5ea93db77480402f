import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Clone } from '../src/clones/clone.ts'
import { dblabClones } from '../src/clones/dblab.ts'
import { ServiceError, UserError } from '../src/errors.ts'
import { type DblabStub, startDblabStub } from './fixtures/dblab/stub.ts'

const signal = new AbortController().signal
let stub: DblabStub
beforeAll(async () => {
  stub = await startDblabStub({ postgres: 16 })
})
afterAll(async () => await stub[Symbol.asyncDispose]())
afterEach(async () => {
  Object.assign(stub.faults, { createMs: 10, answers: {}, right: undefined })
})

async function create(): Promise<Clone> {
  const engines = [{ url: stub.url, token: stub.token, accessHost: stub.server.cluster.folder }]
  const patience = { requestMs: 300, removeMs: 1000, pollMs: 50 }
  return await dblabClones({ engines, postgres: 16, statementMs: 2000, patience }).create({ scripts: [] }, signal)
}
const left = () => [...stub.clones.values()].map(({ id }) => id)

test('a clone’s user may do nothing beyond it, and no two clones have the same', async () => {
  await using one = await create()
  await using two = await create()
  const rights = 'select rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = session_user'
  const [[first], [second]] = await Promise.all([one.query<{ rolname: string }>(rights), two.query<{ rolname: string }>(rights)])
  expect(first).toEqual({ rolname: first?.rolname, rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false })
  expect(first?.rolname).toMatch(/^pgwitness_[0-9a-f]{8}$/)
  expect(second?.rolname).not.toBe(first?.rolname)
  const asked = stub.log.filter(({ method, path }) => method === 'POST' && path === '/clone')
  expect(asked.map(({ body }) => (body as { db: object }).db)).toMatchObject([{ restricted: true }, { restricted: true }])
})

describe('a user that the engine did not restrict', () => {
  test.each([
    ['superuser', /restricted user and made one that is a superuser/],
    ['createrole', /restricted user and made one that may create roles/],
  ] as const)('(%s) is refused, and the clone deleted', async (right, message) => {
    stub.faults.right = right
    const failing = create()
    await expect(failing).rejects.toThrow(UserError)
    await expect(failing).rejects.toThrow(message)
    expect(left()).toEqual([])
  })
  test('is refused where the clone cannot be deleted, and that is told', async () => {
    stub.faults.right = 'superuser'
    stub.faults.answers = { 'DELETE /clone': 'silent' }
    const failing = create()
    await expect(failing).rejects.toThrow(UserError)
    await expect(failing).rejects.toThrow(/is a superuser.*; the DBLab clone pgwitness-\S+ could not be deleted/)
    expect(left()).toHaveLength(1)
  })
  test.each(['superuser', 'createrole'] as const)('(%s) since it went back to its base runs nothing more', async (right) => {
    await using clone = await create()
    stub.faults.right = right
    await expect(clone.restart?.(signal)).rejects.toThrow(UserError)
    await expect(clone.run('create table made (a int)', signal)).rejects.toThrow(ServiceError)
    await expect(clone.query('select 1')).rejects.toThrow(ServiceError)
  })
})
