/** Both sides of a merge request from a real git server: what comes, what it costs, and what it falls back to. */
import { chmodSync, existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readGitEnvironment } from '../src/config.ts'
import type { Tree } from '../src/forges/change.ts'
import type { FileDiff } from '../src/forges/diff.ts'
import type { MergeRequest } from '../src/forges/forge.ts'
import { openMergeRequest } from '../src/forges/git.ts'
import { type GitForge, gitShim, startGitForge } from './fixtures/git-forge.ts'

let forge: GitForge
beforeAll(async () => {
  forge = await startGitForge()
})
afterAll(() => forge[Symbol.asyncDispose]())
afterEach(async () => {
  forge.settings.isOld = false
  await forge.repository.git(['config', 'uploadpack.allowFilter', 'true'])
  await forge.repository.git(['config', 'uploadpack.allowAnySHA1InWant', 'true'])
})

const MANY = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`m/${1000 + n}.sql`, `select ${n}; -- é\n`]))

function fetchesDuring<T>(work: () => Promise<T>): Promise<{ result: T; fetches: number }> {
  const before = forge.sent.fetches
  return work().then((result) => ({ result, fetches: forge.sent.fetches - before }))
}

/** Where the right contents are known without git. */
function treeOf(files: Record<string, string>): Tree & { reads: string[] } {
  const reads: string[] = []
  return {
    reads,
    list: async () => Object.keys(files),
    read: async (path) => {
      reads.push(path)
      return files[path]
    },
  }
}

describe('both sides', () => {
  test('are compared and can be read', async () => {
    const request = await forge.propose(
      { 'm/1.sql': 'select 1;\n', 'm/2.sql': 'select 2;\n', 'm/moved.sql': 'same\n', 'readme.md': 'x' },
      { 'm/2.sql': 'select 22;\n', 'm/3.sql': 'select 3;\n', 'm/1.sql': null, 'm/moved.sql': null, 'm/to.sql': 'same\n', 'readme.md': 'y' },
    )
    await using opened = await forge.open(request)
    expect(opened.change).toMatchObject({ title: 'shop#7: Add orders', base: request.baseSha, head: request.headSha, notes: [] })
    expect(opened.change.files).toEqual([
      { path: 'm/1.sql', status: 'deleted', text: undefined, before: 'select 1;\n' },
      { path: 'm/2.sql', status: 'modified', text: 'select 22;\n', before: 'select 2;\n' },
      { path: 'm/3.sql', status: 'added', text: 'select 3;\n', before: undefined },
      { path: 'm/to.sql', status: 'renamed', previousPath: 'm/moved.sql', text: 'same\n', before: 'same\n' },
    ])
    expect(await opened.baseTree.list()).toEqual(['m/1.sql', 'm/2.sql', 'm/moved.sql', 'readme.md'])
    expect(await opened.headTree.read('readme.md')).toBe('y')
    expect(await opened.baseTree.read('readme.md')).toBe('x')
    expect(await opened.baseTree.read('m/3.sql')).toBeUndefined()
    expect(await opened.baseTree.read('m')).toBeUndefined()
  })

  test('files that were moved and edited are told, and what is not wanted is neither compared nor fetched', async () => {
    const lines = (from: number) => Array.from({ length: 200 }, (_, n) => `select ${from + n};\n`).join('')
    const noise = (n: number) => Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * at * (n + 7919)) >>> 9))
    const request = await forge.propose(
      { 'm/1.sql': lines(0), 'm/2.sql': lines(1000), 'a.bin': noise(1), 'b.bin': noise(2) },
      { 'm/1.sql': null, 'm/2.sql': null, 'm/8.sql': `${lines(1000)}-- more\n`, 'm/9.sql': lines(5000), 'a.bin': null, 'c.bin': noise(3) },
    )
    const before = forge.sent.bytes
    await using opened = await forge.open(request)
    expect(opened.change.files.map(({ path, status, previousPath }) => [path, status, previousPath])).toEqual([
      ['m/1.sql', 'deleted', undefined],
      ['m/8.sql', 'renamed', 'm/2.sql'],
      ['m/9.sql', 'added', undefined],
    ])
    expect(opened.change.files[1]).toMatchObject({ before: lines(1000), text: `${lines(1000)}-- more\n` })
    expect(forge.sent.bytes - before).toBeLessThan(50_000)
  })

  test('`wanted` chooses', async () => {
    const request = await forge.propose({}, { 'a.sql': '1', 'b.ts': '2' })
    await using opened = await forge.open(request, { wanted: (path) => path.endsWith('.ts') })
    expect(opened.change.files).toEqual([{ path: 'b.ts', status: 'added', text: '2', before: undefined }])
  })

  test('an empty base, one without commits, and a head without files', async () => {
    const request = await forge.propose({}, { 'm/1.sql': '1' })
    await using empty = await forge.open(request)
    expect(empty.change.files).toMatchObject([{ path: 'm/1.sql', status: 'added', before: undefined }])
    expect(await empty.baseTree.list()).toEqual([])
    for (const baseSha of ['', '0'.repeat(40)]) {
      await using none = await forge.open({ ...request, baseSha })
      expect(none.change).toMatchObject({ base: undefined, files: [{ path: 'm/1.sql', status: 'added' }] })
      expect(await none.baseTree.list()).toEqual([])
      expect(await none.baseTree.read('m/1.sql')).toBeUndefined()
    }
    const headSha = await forge.repository.commit('refs/pull/99/head', {})
    await using nothing = await forge.open({ ...request, number: 99, baseSha: request.headSha, headSha })
    expect(nothing.change.files).toMatchObject([{ path: 'm/1.sql', status: 'deleted' }])
  })

  test('the title is one plain line', async () => {
    const title = 'Add\n::set-output\u001b[31m \u202eorders\u200b'
    const request = await forge.propose({}, { 'm/1.sql': '1' }, { title, forge: 'gitlab', repository: 'group/sub/shop' })
    await using opened = await forge.open(request)
    expect(opened.change.title).toBe(`shop!${request.number}: Add ::set-output [31m orders`)
    await using long = await forge.open({ ...request, title: 'x'.repeat(5000) })
    expect(long.change.title).toHaveLength(200)
  })

  test('a repository whose ids are SHA-256', async () => {
    await using other = await startGitForge({ isSha256: true })
    const request = await other.propose({ 'm/1.sql': '1' }, { 'm/2.sql': '2' })
    expect(request.headSha).toHaveLength(64)
    await using opened = await other.open(request)
    expect(opened.change.files).toMatchObject([{ path: 'm/2.sql', status: 'added', text: '2' }])
    await using none = await other.open({ ...request, baseSha: '0'.repeat(64) })
    expect(none.change.files.map(({ path }) => path)).toEqual(['m/1.sql', 'm/2.sql'])
  })
})

describe('what it costs', () => {
  test('one fetch for the commits, one for what changed, one for all migrations, however they are read', async () => {
    const request = await forge.propose(MANY, { 'm/9999.sql': 'select 1;\n' })
    const { result, fetches } = await fetchesDuring(() => forge.open(request))
    await using opened = result
    // Each fetch asks the server what it can do, and then for a pack.
    expect(fetches).toBeLessThanOrEqual(3)
    const inTurn = await fetchesDuring(async () => {
      for (const path of Object.keys(MANY)) expect(await opened.baseTree.read(path)).toBe(MANY[path])
    })
    expect(inTurn.fetches).toBe(1)
    const again = await fetchesDuring(async () => {
      await using second = await forge.open(request)
      return await Promise.all((await second.headTree.list()).map((path) => second.headTree.read(path)))
    })
    expect(again.fetches).toBe(0)
    expect(again.result.filter((text) => text === undefined)).toEqual([])
  })

  test('files in folders of their own come together too', async () => {
    const prisma = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`prisma/migrations/${n}/migration.sql`, `select 'p${n}';\n`]))
    const request = await forge.propose(prisma, { 'prisma/migrations/99/migration.sql': 'select 1;\n' })
    await using opened = await forge.open(request)
    const { fetches } = await fetchesDuring(async () => {
      for (const path of Object.keys(prisma)) expect(await opened.baseTree.read(path)).toBe(prisma[path])
    })
    expect(fetches).toBe(1)
  })

  test('after a push only what is new comes', async () => {
    const request = await forge.propose({ ...MANY, 'other/x': '1' }, { 'm/9999.sql': 'select 1;\n' })
    await (await forge.open(request))[Symbol.asyncDispose]()
    const headSha = await forge.repository.commit(
      `refs/pull/${request.number}/head`,
      { 'm/9999.sql': 'select 2;\n' },
      { parent: request.headSha },
    )
    const before = forge.sent.bytes
    await using opened = await forge.open({ ...request, headSha })
    expect(opened.change.files).toMatchObject([{ path: 'm/9999.sql', text: 'select 2;\n' }])
    // Of 301 entries of the folder.
    expect(forge.sent.bytes - before).toBeLessThan(12_000)
  })

  test('many packs become one, old commits are not told any more, and who is reading goes on', async () => {
    await using other = await startGitForge()
    const limits = { packs: 3, refs: 2 }
    const first = await other.propose({ 'm/1.sql': 'first\n', 'm/lazy.md': 'lazy\n' }, { 'm/2.sql': '2' })
    await using opened = await other.open(first, { limits })
    for (let n = 0; n < 8; n += 1) {
      const request = await other.propose({ 'm/1.sql': `${n} a\n`, 'm/lazy.md': 'lazy\n' }, { 'm/2.sql': `${n} b\n` })
      await using one = await other.open(request, { limits })
      expect(one.change.files).toMatchObject([{ path: 'm/2.sql', text: `${n} b\n` }])
    }
    const folder = join(other.cache, readdirSync(other.cache).find((name) => name.endsWith('.git')) ?? '')
    const packs = readdirSync(join(folder, 'objects/pack')).filter((name) => name.endsWith('.pack'))
    expect(packs.length).toBeLessThanOrEqual(limits.packs + 2)
    // Those of one more request came after packing.
    expect(readFileSync(join(folder, 'shallow'), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(limits.refs + 2 * 2)
    expect(await opened.baseTree.read('m/1.sql')).toBe('first\n')
    expect(await opened.baseTree.read('m/lazy.md')).toBe('lazy\n')
    const before = other.sent.fetches
    await using again = await other.open(first, { limits })
    expect(again.change.files).toMatchObject([{ path: 'm/2.sql', text: '2' }])
    expect(await again.headTree.read('m/1.sql')).toBe('first\n')
    expect(other.sent.fetches, 'all of it is still there').toBe(before)
  })

  test('the least recently used repository goes when the cache is full', async () => {
    await using other = await startGitForge()
    const request = await other.propose({ 'm/1.sql': '1' }, { 'm/2.sql': '2' })
    const openAs = async (repositoryId: number, limits = {}) =>
      (await other.open({ ...request, repositoryId }, { limits }))[Symbol.asyncDispose]()
    const stored = () =>
      readdirSync(other.cache)
        .map((name) => /-(\d+)\.git$/.exec(name)?.[1])
        .filter(Boolean)
    for (const id of [1, 2, 3]) {
      await openAs(id)
      const folder = readdirSync(other.cache).find((name) => name.endsWith(`-${id}.git`)) ?? ''
      utimesSync(join(other.cache, folder, 'used'), id * 1000, id * 1000)
    }
    await using held = await other.open({ ...request, repositoryId: 2 })
    const folder = readdirSync(other.cache).find((name) => name.endsWith('-2.git')) ?? ''
    utimesSync(join(other.cache, folder, 'used'), 2, 2)
    await openAs(4, { cacheBytes: 1, keepMs: 0 })
    expect(stored().sort()).toEqual(['2', '4'])
    expect(await held.headTree.read('m/2.sql')).toBe('2')
    await openAs(5, { cacheBytes: 1 })
    expect(stored(), 'what was used just now stays').toContain('4')
  })
})

describe('servers that can less', () => {
  async function expectRight(request: MergeRequest) {
    await using opened = await forge.open(request)
    expect(opened.change.notes).toEqual([])
    expect(opened.change.files).toMatchObject([{ path: 'm/2.sql', text: '2', before: '1' }])
    expect(await opened.baseTree.read('other.md')).toBe('x')
  }
  const base = { 'm/2.sql': '1', 'other.md': 'x' }

  test('no filters', async () => {
    await forge.repository.git(['config', 'uploadpack.allowFilter', 'false'])
    await expectRight(await forge.propose(base, { 'm/2.sql': '2' }, { repositoryId: 100 }))
    await expectRight(await forge.propose(base, { 'm/2.sql': '2' }, { repositoryId: 100 }))
  })

  test.each([true, false])('the first protocol, commits by name only, filters: %s', async (filters) => {
    forge.settings.isOld = true
    await forge.repository.git(['config', 'uploadpack.allowFilter', String(filters)])
    await forge.repository.git(['config', '--unset', 'uploadpack.allowAnySHA1InWant'])
    const repositoryId = filters ? 101 : 102
    // The base is the end of a branch, so it comes by its id.
    await expectRight(await forge.propose(base, { 'm/2.sql': '2' }, { repositoryId }))
    // It is no more, and the branch went on.
    const request = await forge.propose({ ...base, 'm/3.sql': '3' }, { 'm/2.sql': '2' }, { repositoryId })
    await forge.repository.commit('refs/heads/main', { 'm/4.sql': '4' }, { parent: request.baseSha })
    await expectRight(request)
    await forge.repository.commit(`refs/pull/${request.number}/head`, {}, { parent: request.headSha })
    await expectRight({ ...request, repositoryId: repositoryId + 10 })
  })
})

describe('without git', () => {
  const base = { 'm/1.sql': '1', 'm/2.sql': '2', 'm/old.sql': 'old', 'm/same.sql': 'same', 'x.md': 'x' }
  const head = { 'm/1.sql': '11', 'm/3.sql': '3', 'm/new.sql': 'new', 'm/same.sql': 'same', 'x.md': 'y' }
  const request = { headSha: 'a'.repeat(40), baseSha: 'b'.repeat(40) }
  const file = (path: string, status: FileDiff['status'], previousPath?: string): FileDiff => ({ path, status, previousPath, lines: [] })

  async function openWithout(options: Partial<Parameters<GitForge['open']>[1]> = {}, access: GitForge['access'] | undefined = undefined) {
    const [baseTree, headTree] = [treeOf(base), treeOf(head)]
    const opened = await openMergeRequest(
      { ...(await forge.propose({}, {})), ...request },
      access,
      {
        folder: forge.cache,
        environment: readGitEnvironment(),
        treeByApi: (sha) => (sha === request.baseSha ? baseTree : headTree),
        ...options,
      },
      new AbortController().signal,
    )
    return { ...opened, reads: [...baseTree.reads, ...headTree.reads] }
  }

  test('the trees of the API are compared file by file', async () => {
    const { change, baseTree, reads } = await openWithout()
    expect(change.notes).toEqual(['The files came by the API of the forge, because git is not open.'])
    expect(change.files).toEqual([
      { path: 'm/1.sql', status: 'modified', text: '11', before: '1' },
      { path: 'm/2.sql', status: 'deleted', text: undefined, before: '2' },
      { path: 'm/3.sql', status: 'added', text: '3', before: undefined },
      { path: 'm/new.sql', status: 'added', text: 'new', before: undefined },
      { path: 'm/old.sql', status: 'deleted', text: undefined, before: 'old' },
    ])
    expect(await baseTree.read('x.md')).toBe('x')
    expect(reads).not.toContain('x.md')
  })

  test('the forge\u2019s own diff saves reading what is the same, and knows what was renamed', async () => {
    const diff = [
      file('m/1.sql', 'modified'),
      file('m/new.sql', 'renamed', 'm/old.sql'),
      file('m/3.sql', 'added'),
      file('m/2.sql', 'deleted'),
    ]
    const { change, reads } = await openWithout({ fetchDiff: async () => diff })
    expect(change.files.map(({ path, status, previousPath }) => [path, status, previousPath])).toEqual([
      ['m/1.sql', 'modified', undefined],
      ['m/2.sql', 'deleted', undefined],
      ['m/3.sql', 'added', undefined],
      ['m/new.sql', 'renamed', 'm/old.sql'],
    ])
    expect(change.files[3]).toMatchObject({ before: 'old', text: 'new' })
    expect(reads).not.toContain('m/same.sql')
  })

  test('not installed, and too old to follow settings', async () => {
    const { change } = await openWithout({ environment: { PATH: forge.cache } }, forge.access)
    expect(change.notes[0]).toContain('git is not installed')
    const shim = gitShim(forge, 'echo git version 2.30.9')
    expect((await openWithout({ environment: { PATH: shim } }, forge.access)).change.notes[0]).toContain('git is older than 2.31')
  })

  test('not let in, sent elsewhere, not a git server', async () => {
    const notes = async (access: GitForge['access']) => (await openWithout({}, access)).change.notes[0]
    expect(await notes({ ...forge.access, authorization: undefined })).toContain('git is not let in')
    expect(await notes({ ...forge.access, url: `${forge.server.url}/acme/nothing.git` })).toContain('no repository at its address')
    forge.server.misbehave({ path: '/acme/shop.git', status: 403 })
    expect(await notes(forge.access)).toContain('git is not let in')
    forge.server.misbehave({ path: '/acme/shop.git', status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' })
    expect(await notes(forge.access)).toContain('does not speak git')
  })
})

test('the cache folder is made when it is not there, and it is told when it cannot be', async () => {
  const fresh = join(forge.cache, 'not', 'there', 'yet')
  await (await forge.open(await forge.propose({}, { 'm/1.sql': '1' }), { folder: fresh }))[Symbol.asyncDispose]()
  expect(existsSync(fresh)).toBe(true)
  const file = join(forge.cache, 'file')
  writeFileSync(file, '')
  chmodSync(file, 0o600)
  const request = await forge.propose({}, { 'm/1.sql': '1' })
  await expect(forge.open(request, { folder: file })).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('cannot be used'),
  })
  expect(existsSync(file)).toBe(true)
})
