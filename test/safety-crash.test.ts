import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { CloneDied } from '../src/clones/clone.ts'
import { localClones } from '../src/clones/local.ts'
import { templateClones } from '../src/clones/template.ts'
import { urlClones } from '../src/clones/url.ts'
import { measureScript } from '../src/experiments/effects.ts'
import { readScript } from '../src/sql/reader/read-script.ts'
import { traces } from './fixtures/contestants.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
const CLI = join(import.meta.dirname, '../src/cli.ts')
const folders: string[] = []
function newFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'pgwitness-crash-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Until it is so; the test's own limit ends it. */
async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(50)
}

/** Folders of servers that belong to a process, and processes that work there. */
function ofProcess(pid: number): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`pgwitness-local-${pid}-`))
}

let server: Server
let before: string[]
let environment: NodeJS.ProcessEnv
beforeAll(async () => {
  server = await startServer(18)
  before = await server.inventory()
  environment = {
    ...process.env,
    NO_COLOR: '1',
    PGWITNESS_CACHE_DIR: newFolder(),
    PGWITNESS_TEMPLATE_URL: server.url('shop_template', 'shop_admin'),
    PGWITNESS_SCRIPT_URL: server.url('shop_template'),
  }
})
afterEach(async () => {
  await until(async () => (await server.inventory()).every((one) => !one.includes('pg_sleep')))
  expect(await server.inventory()).toEqual(before)
})
afterAll(async () => await server[Symbol.asyncDispose]())

describe('a review that is stopped in the middle', () => {
  test.each([
    ['local', 'SIGTERM'],
    ['local', 'SIGINT'],
    ['template', 'SIGTERM'],
    ['template', 'SIGINT'],
    ['url', 'SIGINT'],
    ['embedded', 'SIGTERM'],
  ] as const)('on %s by %s leaves nothing', async (kind, how) => {
    const clone = kind === 'url' ? server.url('shop_disposable') : kind
    const folder = newFolder({ '1.sql': 'create table half (a int);\nselect pg_sleep(19);\n' })
    const review = spawn(process.execPath, [CLI, 'review', '--clone', clone, '1.sql'], { cwd: folder, env: environment, stdio: 'pipe' })
    let said = ''
    review.stderr.on('data', (text) => (said += text))
    const ended = new Promise<number | null>((resolve) => review.on('exit', resolve))
    if (kind === 'local') await until(() => ofProcess(review.pid ?? 0).length > 0)
    if (kind === 'template' || kind === 'url') await until(async () => (await server.inventory()).some((one) => one.includes('pg_sleep')))
    await sleep(1000)
    expect(review.exitCode, said).toBeNull()
    review.kill(how)
    expect(await ended).toBe(130)
    expect(ofProcess(review.pid ?? 0)).toEqual([])
    expect(traces(server.cluster.folder)).toEqual([])
    // What ran in a database that was handed over stays there.
    if (kind === 'url') await server.renew('shop_disposable')
    expect((await server.inventory()).filter((one) => !one.startsWith('comment'))).toEqual(
      before.filter((one) => !one.startsWith('comment')),
    )
  })
})

describe('a process that is killed', () => {
  const start = (kind: string, url: string, scriptUrl: string): string => `
    const { ${kind}Clones } = await import(${JSON.stringify(new URL(`../src/clones/${kind}.ts`, import.meta.url).href)})
    const clone = await ${kind}Clones({ postgres: 18, url: '${url}', scriptUrl: '${scriptUrl}' }).create({ scripts: [] }, new AbortController().signal)
    console.log('ready')
    await clone.run('select pg_sleep(19)', new AbortController().signal)`
  test.each(['local', 'template', 'url'] as const)('leaves nothing of its %s clone once another was made', async (kind) => {
    const url = server.url(kind === 'url' ? 'shop_disposable' : 'shop_template', kind === 'url' ? 'shop_script' : 'shop_admin')
    const child = spawn(process.execPath, ['--input-type=module', '-e', start(kind, url, server.url('shop_template'))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const ended = new Promise((resolve) => child.on('exit', resolve))
    const left = ofProcess(child.pid ?? 0)
    expect(left.length).toBe(kind === 'local' ? 1 : 0)
    child.kill('SIGKILL')
    await ended
    const again = start(kind, url, server.url('shop_template')).replace(/await clone\.run.*$/, 'await clone[Symbol.asyncDispose]()')
    // The server learns of it when it next looks whether anybody is there.
    await until(() => {
      const next = spawnSync(process.execPath, ['--input-type=module', '-e', again], { encoding: 'utf8' })
      expect(next).toMatchObject({ status: 0, stderr: '' })
      return traces(server.cluster.folder).every((one) => !left.some((name) => one.includes(name)))
    })
    if (kind === 'template') expect((await server.inventory()).filter((one) => one.startsWith('database pgwitness_'))).toEqual([])
    expect(ofProcess(child.pid ?? 0)).toEqual([])
  })
})

describe('a server that is lost', () => {
  test.each(['template', 'url'] as const)('in the middle ends in honest measurements on %s', async (kind) => {
    await using lost = await startServer(18)
    const provider =
      kind === 'url'
        ? urlClones({ url: lost.url('shop_disposable') })
        : templateClones({ url: lost.url('shop_template', 'shop_admin'), scriptUrl: lost.url('shop_template') })
    const clone = await provider.create({ scripts: [] }, signal)
    const measured = measureScript(
      clone,
      await readScript('create table one (a int); select pg_sleep(19); create table two (a int)'),
      'none',
      {},
      signal,
    )
    await until(async () => (await lost.query("select from pg_stat_activity where query like 'select pg_sleep%'")).length > 0)
    await lost.cluster.stop('immediate')
    const { measurements } = await measured
    expect(measurements.map(({ effects }) => effects !== undefined)).toEqual([true, false, false])
    expect(measurements[1]?.unmeasured).toMatch(/clone|database/)
    await expect(clone.run('select 1', signal)).rejects.toBeInstanceOf(CloneDied)
    await clone[Symbol.asyncDispose]()
    await expect(provider.create({ scripts: [] }, signal)).rejects.toThrow('cannot connect')
  })
})

const canMount = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
test.skipIf(!canMount)('a full disk is told, and the clone goes on or starts anew (needs root, to mount a small disk)', async () => {
  const disk = newFolder()
  const [usual] = [process.env.TMPDIR]
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=90m,mode=1777', 'tmpfs', disk])
  try {
    process.env.TMPDIR = disk
    await using clone = await localClones({ postgres: 18 }).create({ scripts: [] }, signal)
    const filler =
      "create table filler (t text); alter table filler alter t set storage external; insert into filler select repeat('x', 1000000) from generate_series(1, 1000); create table after_that (a int)"
    const { measurements } = await measureScript(clone, await readScript(filler), 'none', {}, signal)
    const [, , full, after] = measurements
    expect(full?.error?.code ?? full?.unmeasured).toMatch(/53100|clone/)
    expect(after?.effects).toBeDefined()
  } finally {
    expect(readdirSync(disk)).toEqual([])
    if (usual === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = usual
    execFileSync('umount', [disk])
  }
})
