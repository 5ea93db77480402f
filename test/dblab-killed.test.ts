import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isLeftOver, newCloneId } from '../src/clones/dblab/clone-id.ts'
import { openEngine } from '../src/clones/dblab/engine.ts'
import { type DblabStub, startDblabStub } from './fixtures/dblab/stub.ts'

const signal = new AbortController().signal
const CLI = join(import.meta.dirname, '../src/cli.ts')
/** Longer than what is done meanwhile takes on any machine. */
const LONG = `create table half (a int);\n${'select pg_sleep(19);\n'.repeat(10)}`
const folders: string[] = []
const children: ChildProcess[] = []
let stub: DblabStub

beforeAll(async () => {
  stub = await startDblabStub({ postgres: 16 })
})
afterAll(async () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  await stub[Symbol.asyncDispose]()
})
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill('SIGKILL')
  stub.faults.createMs = 300
  stub.faults.answers = {}
  for (const id of stub.clones.keys()) await openEngine(stub).remove(id, signal)
  await expect.poll(ids, { timeout: 10_000 }).toEqual([])
})
const ids = (): string[] => [...stub.clones.keys()].sort()

interface Run {
  child: ChildProcess
  ended: Promise<number | null>
  said(): string
}

function run(args: string[], cwd: string): Run {
  const env = { ...process.env, NO_COLOR: '1', PGWITNESS_DBLAB_TOKEN: stub.token, PGWITNESS_CACHE_DIR: cwd }
  const child = spawn(process.execPath, args, { cwd, env, stdio: 'pipe' })
  children.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  return { child, ended: new Promise((resolve) => child.on('close', resolve)), said: () => said }
}

/** `pgwitness review` of one script, as a user calls it. */
function review(sql: string, more = ''): Run {
  const folder = mkdtempSync(join(tmpdir(), 'pgwitness-dblab-'))
  folders.push(folder)
  const engine = `{ url: "${stub.url}", accessHost: "${stub.server.cluster.folder}"${more} }`
  writeFileSync(join(folder, '.pgwitness.yml'), `postgres: 16\ndblab:\n  engines:\n    - ${engine}\n`)
  writeFileSync(join(folder, '1.sql'), sql)
  return run([CLI, 'review', '--clone', 'dblab', '1.sql'], folder)
}

/** The clone of a run, once its script runs on it. */
async function cloneOf({ child, said }: Run): Promise<string> {
  const own = (id: string): boolean => id.includes(`-${child.pid}-`)
  const running = `select from pg_stat_activity where query like 'select pg_sleep(19)%' and datname = $name$NAME$name$`
  await expect
    .poll(
      async () => {
        if (child.exitCode !== null) throw new Error(said())
        const clone = [...stub.clones.values()].find(({ id }) => own(id))
        return clone && (await stub.server.query(running.replace('NAME', clone.database))).length
      },
      { timeout: 30_000 },
    )
    .toBe(1)
  return ids().find(own) ?? ''
}

async function add(id: string): Promise<string> {
  await openEngine(stub).create({ id, db: { username: 'x', password: 'aB3dE6gH9jK2mN5pQ8', restricted: true } }, signal)
  return id
}

describe('a review that is killed', () => {
  test('leaves its clone, which the next run deletes, and no other', async () => {
    const killed = review(LONG)
    const living = review(LONG)
    const [left, other] = [await cloneOf(killed), await cloneOf(living)]
    killed.child.kill('SIGKILL')
    expect(await killed.ended).toBeNull()
    // Of this process, of another machine since now, of somebody who named it alike, and of somebody else.
    const elsewhere = left.replace(/^pgwitness-[0-9a-f]{8}/, 'pgwitness-00000000')
    const others = [other, ...(await Promise.all([newCloneId(), elsewhere, 'pgwitness-demo', 'somebody-elses'].map(add)))]
    expect(ids()).toEqual([left, ...others].sort())

    const next = review('create table whole (a int);\n')
    expect(await next.ended, next.said()).toBe(0)
    expect(next.said()).toContain('dblab')
    await expect.poll(ids, { timeout: 10_000 }).toEqual(others.sort())

    expect(living.child.exitCode).toBeNull()
    living.child.kill('SIGINT')
    expect(await living.ended, living.said()).toBe(130)
    await expect.poll(ids, { timeout: 10_000 }).toEqual(others.filter((id) => id !== other))
  })
  test('while its clone is made leaves one that is deleted too, protected or not', async () => {
    stub.faults.createMs = 4000
    const killed = review(LONG, ', protectionMinutes: 30')
    await expect.poll(ids, { timeout: 30_000 }).toHaveLength(1)
    killed.child.kill('SIGKILL')
    await killed.ended
    expect([...stub.clones.values()]).toMatchObject([{ status: { code: 'CREATING' }, protected: true }])
    const [left] = ids()
    stub.faults.createMs = 10
    const next = review('create table whole (a int);\n')
    expect(await next.ended, next.said()).toBe(0)
    await expect.poll(ids, { timeout: 10_000 }).not.toContain(left)
  })
})

test('a number of a process that is used again is another process', () => {
  const mine = newCloneId()
  const [, , , started] = mine.split('-')
  expect(isLeftOver({ id: mine, createdAt: '2020-01-01T00:00:00Z' })).toBe(false)
  expect(isLeftOver({ id: mine.replace(`-${started}-`, `-${Number(started) - 1}-`), createdAt: new Date().toISOString() })).toBe(true)
})

describe('a process whose engine does not answer', () => {
  const script = (then: string): string => `
    const { dblabClones } = await import(${JSON.stringify(new URL('../src/clones/dblab.ts', import.meta.url).href)})
    const engines = [{ url: ${JSON.stringify(stub.url)}, token: ${JSON.stringify(stub.token)}, accessHost: ${JSON.stringify(stub.server.cluster.folder)} }]
    const patience = { requestMs: 500, removeMs: 1500, pollMs: 50 }
    try {
      await using clone = await dblabClones({ engines, postgres: 16, patience }).create({ scripts: [] }, new AbortController().signal)
      ${then}
    } catch (error) {
      console.log(error.message)
    }
    console.log('over')`
  const start = (then = ''): Run => run(['--input-type=module', '-e', script(then)], tmpdir())

  test.each(['silent', 'stuck'] as const)('to a question (%s) ends by itself', async (how) => {
    stub.faults.answers = { 'GET /status': how }
    const { ended, said } = start()
    expect(await ended).toBe(0)
    expect(said()).toMatch(/did not (?:answer|end its answer) within 0\.5 s\nover/)
  })
  test('to the wish to delete ends by itself, and names the clone, which the next deletes', async () => {
    const first = start("console.log('ready'); await new Promise((resolve) => setTimeout(resolve, 200))")
    await expect.poll(first.said, { timeout: 30_000 }).toContain('ready')
    stub.faults.answers = { 'DELETE /clone': 'silent' }
    expect(await first.ended).toBe(0)
    const [id] = ids()
    expect(id).toContain(`-${first.child.pid}-`)
    expect(first.said()).toContain(`pgwitness: the DBLab clone ${id} could not be deleted`)
    expect(first.said()).toContain('over')
    stub.faults.answers = {}
    const second = start()
    expect(await second.ended, second.said()).toBe(0)
    expect(second.said()).toBe('over\n')
    await expect.poll(ids, { timeout: 10_000 }).toEqual([])
  })
})
