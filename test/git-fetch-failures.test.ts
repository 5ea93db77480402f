/** What fails while a merge request is fetched, and what is left of it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readGitEnvironment } from '../src/config.ts'
import { ServiceError } from '../src/errors.ts'
import { Gone, type MergeRequest } from '../src/forges/forge.ts'
import type { Misbehaviour } from '../src/simulation/misbehaviour.ts'
import { type GitForge, startGitForge } from './fixtures/git-forge.ts'

let forge: GitForge
let nextId = 1000
beforeAll(async () => {
  forge = await startGitForge()
})
afterAll(() => forge[Symbol.asyncDispose]())

/** In a repository of the cache of its own. */
async function propose(head: Record<string, string | Buffer> = { 'm/2.sql': '2' }): Promise<MergeRequest> {
  return forge.propose({ 'm/1.sql': '1', 'lazy.md': `lazy ${nextId}` }, head, { repositoryId: nextId++ })
}

function folderOf({ repositoryId }: MergeRequest): string {
  return join(forge.cache, readdirSync(forge.cache).find((name) => name.endsWith(`-${repositoryId}.git`)) ?? 'none')
}

async function expectRight(request: MergeRequest): Promise<void> {
  await using opened = await forge.open(request)
  expect(opened.change.files).toMatchObject([{ path: 'm/2.sql', text: '2' }])
  expect(await opened.baseTree.read('lazy.md')).toMatch(/^lazy/)
  expect(await opened.headTree.read('m/1.sql')).toBe('1')
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail('it went well'),
    (error: Error) => error,
  )
}

/** Locks, half-received packs and half-made repositories. */
function leftOvers(): string[] {
  return readdirSync(forge.cache, { recursive: true })
    .map(String)
    .filter((path) => /\.lock$|tmp_|\.making$|\.gone$/.test(path))
}

describe('a commit that is gone', () => {
  async function forget(): Promise<void> {
    await forge.repository.git(['reflog', 'expire', '--expire=now', '--all'])
    await forge.repository.git(['gc', '--quiet', '--prune=now'])
  }

  test('somebody force-pushed', async () => {
    const request = await propose()
    const headSha = await forge.repository.commit(`refs/pull/${request.number}/head`, { 'm/2.sql': '22' }, { parent: request.baseSha })
    await forget()
    const error = await errorOf(forge.open(request))
    expect(error).toBeInstanceOf(ServiceError)
    expect(error.message).toContain(`commit ${request.headSha.slice(0, 10)} or its base`)
    expect(error.message).toContain('force-pushed')
    await using opened = await forge.open({ ...request, headSha })
    expect(opened.change.files).toMatchObject([{ path: 'm/2.sql', text: '22' }])
  })

  test('all of it was deleted', async () => {
    const request = await propose()
    await forge.repository.deleteRef(`refs/pull/${request.number}/head`)
    await forget()
    expect(await errorOf(forge.open(request))).toBeInstanceOf(Gone)
  })

  test('a fork that was deleted is no loss: the forge keeps its branch', async () => {
    const request = await propose()
    await expectRight({ ...request, source: { branch: 'gone', repositoryId: undefined } })
  })

  test('files go between opening and reading', async () => {
    const request = await propose()
    await using opened = await forge.open(request)
    await forge.repository.deleteRef(`refs/pull/${request.number}/head`)
    await forge.repository.commit('refs/heads/main', {})
    await forget()
    const error = await errorOf(opened.baseTree.read('lazy.md'))
    expect(error).toBeInstanceOf(ServiceError)
    expect(error.message).toContain('force-pushed')
    expect(await opened.headTree.read('m/2.sql')).toBe('2')
  })
})

describe('a server that fails', () => {
  const faults: Record<string, Misbehaviour> = {
    'an error': { status: 500 },
    'a limit': { status: 429 },
    'a cut connection': { reset: true },
    'half an answer': { truncate: true },
    'an answer that is none': { status: 200, headers: { 'content-type': 'application/x-git-upload-pack-result' }, body: '0009\u0001PACK' },
  }
  test.each(Object.entries(faults))('%s, at each step: a ServiceError, and the next try goes well', async (_, fault) => {
    for (let after = 0; after < 3; after += 1) {
      const request = await propose()
      forge.server.misbehave({ ...fault, path: '/acme/shop.git', after })
      const error: unknown = await forge.open(request).then(
        (opened) => opened[Symbol.asyncDispose](),
        (thrown) => thrown,
      )
      // On a connection that stood before, curl tries again by itself; what does not even begin like git may be a wall that the API gets through.
      if (!fault.reset && !(fault.status === 200 && after !== 1)) expect(error, `step ${after}`).toBeInstanceOf(ServiceError)
      expect(leftOvers()).toEqual([])
      await expectRight(request)
    }
  })

  test('while a file is read: only that reading fails', async () => {
    const request = await propose()
    await using opened = await forge.open(request)
    forge.server.misbehave({ path: '/git-upload-pack', truncate: true })
    expect(await errorOf(opened.baseTree.read('lazy.md'))).toBeInstanceOf(ServiceError)
    expect(await opened.baseTree.read('lazy.md')).toMatch(/^lazy/)
  })

  test('silence', async () => {
    const request = await propose()
    forge.server.misbehave({ path: '/git-upload-pack', delayMs: 8000 })
    const error = await errorOf(forge.open(request, { limits: { stallSeconds: 1 } }))
    expect(error).toBeInstanceOf(ServiceError)
    forge.server.misbehave({ path: '/git-upload-pack', delayMs: 8000 })
    const late = await errorOf(forge.open(request, { limits: { fetchMs: 1000 } }))
    expect(late.message).toBe('git: git fetch took longer than 1 s')
    expect(leftOvers()).toEqual([])
    await expectRight(request)
  })
})

describe('too much', () => {
  test('one huge file costs the others nothing', async () => {
    const request = await propose({ 'm/2.sql': '2', 'm/3.sql': randomBytes(1_000_000).toString('base64'), 'm/4.sql': '4' })
    await using opened = await forge.open(request, { limits: { fetchBytes: 400_000 } })
    expect(opened.change.files).toMatchObject([
      { path: 'm/2.sql', text: '2' },
      { path: 'm/3.sql', text: undefined, unread: 'is too large to be fetched' },
      { path: 'm/4.sql', text: '4' },
    ])
    expect(opened.change.notes).toEqual(['m/3.sql is too large to be fetched, so it was not reviewed.'])
    expect(await opened.headTree.read('m/3.sql')).toBeUndefined()
    expect(leftOvers()).toEqual([])
  })

  test('a repository with too many folders comes by the API', async () => {
    const folders = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`${randomBytes(8).toString('hex')}/${n}`, `${n}`]))
    const request = await forge.propose({ 'm/1.sql': 'base' }, folders, { repositoryId: nextId++ })
    const trees: string[] = []
    const treeByApi = (sha: string) => {
      trees.push(sha)
      return { list: async () => ['m/1.sql'], read: async () => sha }
    }
    await using opened = await forge.open(request, { treeByApi, limits: { fetchBytes: 20_000 } })
    expect(opened.change.notes).toEqual(['The files came by the API of the forge, because the repository is too large to be fetched.'])
    expect(opened.change.files).toMatchObject([{ path: 'm/1.sql', text: request.headSha, before: request.baseSha }])
    await using whole = await forge.open(request)
    expect(await whole.headTree.list()).toHaveLength(2001)
  })

  test('a file that is small on its way and huge here', async () => {
    const request = await propose({ 'm/2.sql': '2', 'm/3.sql': Buffer.alloc(64 * 1024 * 1024, 32) })
    await using opened = await forge.open(request)
    expect(opened.change.files).toMatchObject([
      { path: 'm/2.sql', text: '2' },
      { path: 'm/3.sql', text: undefined, unread: expect.stringContaining('64 MB') },
    ])
  })
})

describe('stopped', () => {
  test('a signal ends all that was started, and the next try goes well', async () => {
    const request = await propose()
    const controller = new AbortController()
    const reason = new Error('the merge request was closed')
    forge.server.misbehave({ path: '/git-upload-pack', delayMs: 3000 })
    const opening = errorOf(forge.open(request, {}, controller.signal))
    while (!forge.server.requests.some(({ status, path }) => status === 0 && path.endsWith('/git-upload-pack')))
      await new Promise(setImmediate)
    controller.abort(reason)
    expect(await opening).toBe(reason)
    while (processesIn(forge.cache).length > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(leftOvers().filter((path) => !path.includes('objects'))).toEqual([])
    await expectRight(request)
    expect(await errorOf(forge.open(request, {}, AbortSignal.abort(reason)))).toBe(reason)
  })

  test('what was opened and closed is not read any more', async () => {
    const request = await propose()
    const opened = await forge.open(request)
    await opened[Symbol.asyncDispose]()
    await expectRight(request)
  })
})

describe('a cache that is not right', () => {
  const damages: Record<string, (folder: string) => void> = {
    'packs cut short': (folder) => {
      for (const path of packFiles(folder, '.pack')) truncateSync(path, 40)
    },
    'an index that is none': (folder) => {
      for (const path of packFiles(folder, '.idx')) writeFileSync(path, 'x'.repeat(2000))
    },
    'no objects': (folder) => rmSync(join(folder, 'objects'), { recursive: true }),
    'no HEAD': (folder) => rmSync(join(folder, 'HEAD')),
    'a list of cut-off commits that is none': (folder) => writeFileSync(join(folder, 'shallow'), 'x'),
    'an empty configuration': (folder) => writeFileSync(join(folder, 'config'), ''),
    'a file in its place': (folder) => {
      rmSync(folder, { recursive: true })
      writeFileSync(folder, 'x')
    },
  }
  test.each(Object.entries(damages))('%s: it is fetched anew', async (_, damage) => {
    const request = await propose()
    await expectRight(request)
    const folder = folderOf(request)
    for (const path of packFiles(folder, '')) execChmod(path)
    damage(folder)
    await expectRight(request)
    damage(folderOf(request))
    const headSha = await forge.repository.commit(`refs/pull/${request.number}/head`, { 'm/2.sql': '2' }, { parent: request.headSha })
    await expectRight({ ...request, headSha })
  })

  test('it goes while it is read: the reading fails, and the next try goes well', async () => {
    const request = await propose()
    await using opened = await forge.open(request)
    rmSync(folderOf(request), { recursive: true })
    expect(await errorOf(opened.baseTree.list())).toBeInstanceOf(ServiceError)
    await expectRight(request)
  })

  test('locks and packs that a killed git left', async () => {
    const request = await propose()
    await expectRight(request)
    const folder = folderOf(request)
    for (const name of ['shallow.lock', 'config.lock', 'packed-refs.lock', 'objects/pack/tmp_pack_x']) writeFileSync(join(folder, name), '')
    const headSha = await forge.repository.commit(`refs/pull/${request.number}/head`, { 'm/2.sql': '2' }, { parent: request.headSha })
    await expectRight({ ...request, headSha })
    expect(leftOvers()).toEqual([])
  })
})

describe('many processes', () => {
  test('on one repository at once', async () => {
    const request = await propose()
    const children = Array.from({ length: 4 }, () => startReader(request))
    const answers = await Promise.all(children.map(answerOf))
    expect(answers).toEqual(children.map(() => '["m/2.sql=2","1"]'))
    expect(leftOvers()).toEqual([])
  })

  test('many openings in one process', async () => {
    const request = await propose()
    await Promise.all(Array.from({ length: 8 }, () => expectRight(request)))
    expect(leftOvers()).toEqual([])
  })

  test('one that was killed does not keep the others', async () => {
    const request = await propose()
    for (const after of [0, 1, 2]) {
      const seen = forge.server.requests.length
      forge.server.misbehave({ path: 'acme/shop.git', delayMs: 4000, after })
      const child = startReader({ ...request, repositoryId: request.repositoryId + 100 + after })
      while (forge.server.requests.length <= seen + after) await new Promise((resolve) => setTimeout(resolve, 10))
      child.kill('SIGKILL')
      await once(child, 'close')
      // Its lock is there, and waiting until it is too old would take longer than this test may.
      expect(leftOvers().filter((path) => path.endsWith('.git.lock'))).toHaveLength(1)
      await expectRight({ ...request, repositoryId: request.repositoryId + 100 + after })
    }
  })

  test('a lock of another machine counts until it is too old', async () => {
    const request = await propose()
    await expectRight(request)
    const lock = `${folderOf(request)}.lock`
    const headSha = await forge.repository.commit(`refs/pull/${request.number}/head`, { 'm/2.sql': '2' }, { parent: request.headSha })
    writeFileSync(lock, JSON.stringify({ pid: 1, machine: 'elsewhere', key: 'x' }))
    const error = await errorOf(forge.open({ ...request, headSha }, { limits: { fetchMs: 300 } }))
    expect(error).toMatchObject({ name: 'ServiceError', message: expect.stringContaining('another process is busy') })
    expect(existsSync(lock)).toBe(true)
    utimesSync(lock, 1, 1)
    await expectRight({ ...request, headSha })
    expect(existsSync(lock)).toBe(false)
  })
})

/** Programs whose working folder is in there; git's are. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(folder)
    } catch {
      return false
    }
  })
}

function packFiles(folder: string, ending: string): string[] {
  const packs = join(folder, 'objects/pack')
  return existsSync(packs)
    ? readdirSync(packs)
        .filter((name) => name.endsWith(ending))
        .map((name) => join(packs, name))
    : []
}

/** Git makes its packs read-only. */
function execChmod(path: string): void {
  const bytes = readFileSync(path)
  rmSync(path)
  writeFileSync(path, bytes)
}

function startReader(request: MergeRequest): ChildProcess {
  const code = `
    import { openMergeRequest } from '${new URL('../src/forges/git.ts', import.meta.url)}'
    const { request, url, authorization, folder, environment } = JSON.parse(process.argv[1])
    const access = { url, authorization, headRef: (number) => 'refs/pull/' + number + '/head' }
    const options = { folder, environment, treeByApi() { throw new Error('the API was asked') } }
    const opened = await openMergeRequest(request, access, options, new AbortController().signal)
    const told = opened.change.files.map(({ path, text }) => path + '=' + text)
    console.log(JSON.stringify([...told, await opened.baseTree.read('m/1.sql')]))
    await opened[Symbol.asyncDispose]()`
  const { url, authorization } = forge.access
  const argument = JSON.stringify({ request, url, authorization, folder: forge.cache, environment: readGitEnvironment() })
  return spawn(process.execPath, ['--input-type=module', '--eval', code, argument], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function answerOf(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  await once(child, 'close')
  return text.trim()
}
