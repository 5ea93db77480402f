/** Nothing of a repository, its server or this machine's settings is run, followed or told. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readGitEnvironment } from '../src/config.ts'
import type { MergeRequest } from '../src/forges/forge.ts'
import { AUTHORIZATION, type GitForge, gitShim, startGitForge, TOKEN } from './fixtures/git-forge.ts'

let forge: GitForge
let ran: string
let evil: string
beforeAll(async () => {
  forge = await startGitForge()
  ran = join(forge.cache, 'ran')
  evil = join(forge.cache, 'evil.sh')
  writeFileSync(evil, `#!/bin/sh\necho "$0 $*" >> ${ran}\ncat\n`)
  chmodSync(evil, 0o755)
})
afterAll(() => forge[Symbol.asyncDispose]())

function folderOf({ repositoryId }: MergeRequest): string {
  return join(forge.cache, readdirSync(forge.cache).find((name) => name.endsWith(`-${repositoryId}.git`)) ?? '')
}

async function close(request: MergeRequest): Promise<void> {
  await (await forge.open(request))[Symbol.asyncDispose]()
}

/** A commit whose folders were written by no git that checks names. */
async function rawCommit(ref: string, entries: Array<[mode: string, name: string | Buffer, content: string]>): Promise<string> {
  const { repository } = forge
  const parts: Buffer[] = []
  for (const [mode, name, content] of entries) {
    const type = mode === '40000' ? 'tree' : 'blob'
    const id = /^[0-9a-f]{40}$/.test(content)
      ? content
      : (await repository.git(['hash-object', '-w', '--literally', '-t', type, '--stdin'], Buffer.from(content))).toString().trim()
    parts.push(Buffer.from(`${mode} `), Buffer.from(name as string), Buffer.from([0]), Buffer.from(id, 'hex'))
  }
  const tree = (await repository.git(['hash-object', '-w', '--literally', '-t', 'tree', '--stdin'], Buffer.concat(parts))).toString().trim()
  const who = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
  const sha = (await repository.git([...who, 'commit-tree', tree, '-m', 'x'])).toString().trim()
  await repository.setRef(ref, sha)
  return sha
}

describe('the repository', () => {
  test('attributes, filters, LFS and line ends change nothing: texts are as they are stored', async () => {
    const lfs = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'
    const request = await forge.propose(
      { 'm/1.sql': '$Id$\r\nselect 1;\r\n' },
      {
        '.gitattributes': '*.sql filter=lfs diff=evil merge=lfs text eol=crlf ident working-tree-encoding=UTF-16\n',
        '.lfsconfig': `[lfs]\n\turl = ${forge.server.url}/lfs\n`,
        '.gitconfig': `[core]\n\tfsmonitor = ${evil}\n`,
        'm/1.sql': '$Id$\r\nselect 2;\r\n',
        'm/lfs.sql': lfs,
      },
    )
    await using opened = await forge.open(request)
    expect(opened.change.files).toMatchObject([
      { path: 'm/1.sql', text: '$Id$\r\nselect 2;\r\n', before: '$Id$\r\nselect 1;\r\n' },
      { path: 'm/lfs.sql', text: lfs },
    ])
    expect(forge.server.requests.filter(({ path }) => path.includes('lfs'))).toEqual([])
  })

  test('links and submodules are not followed', async () => {
    const request = await forge.propose(
      { 'm/1.sql': '1', 'm/was-link.sql': { mode: '120000', content: '1.sql' } },
      {
        'm/link.sql': { mode: '120000', content: '/etc/passwd' },
        'm/was-link.sql': 'file now',
        'm/1.sql': { mode: '120000', content: '../../x' },
        sub: { mode: '160000', content: 'c'.repeat(40) },
        'sub.sql': { mode: '160000', content: 'd'.repeat(40) },
        '.gitmodules': `[submodule "sub"]\n\tpath = sub\n\turl = ${forge.server.url}/acme/sub.git\n`,
      },
    )
    await using opened = await forge.open(request)
    const unread = expect.stringContaining('symbolic link')
    expect(opened.change.files).toMatchObject([
      { path: 'm/1.sql', text: undefined, before: '1', unread },
      { path: 'm/link.sql', status: 'added', text: undefined, unread },
      { path: 'm/was-link.sql', status: 'added', text: 'file now', before: undefined },
    ])
    expect(await opened.headTree.list()).toEqual(['.gitmodules', 'm/was-link.sql'])
    for (const path of ['m/link.sql', 'm/1.sql', 'sub', 'sub.sql']) expect(await opened.headTree.read(path)).toBeUndefined()
    expect(forge.server.requests.filter(({ path }) => path.includes('sub.git'))).toEqual([])
  })

  test('names that are options, lines, quotes or patterns are names', async () => {
    const names = [
      '--upload-pack=touch x.sql',
      '-c.sql',
      'a\nb.sql',
      'a"b\'c.sql',
      '*.sql',
      ':(top)x.sql',
      '$(id).sql',
      'tab\there.sql',
      'é 日本.sql',
      ' .sql',
    ]
    const request = await forge.propose({ 'm/1.sql': '1' }, Object.fromEntries(names.map((name) => [name, `-- ${name}`])))
    await using opened = await forge.open(request)
    expect(opened.change.files.map(({ path }) => path)).toEqual([...names].sort())
    for (const file of opened.change.files) expect(file.text).toBe(`-- ${file.path}`)
    for (const name of names) expect(await opened.headTree.read(name)).toBe(`-- ${name}`)
  })

  test('names that lead elsewhere or are not UTF-8 are left out and told', async () => {
    const base = await forge.propose({ 'm/1.sql': '1' }, {})
    const inner = (
      await forge.repository.git(
        ['hash-object', '-w', '--literally', '-t', 'tree', '--stdin'],
        Buffer.concat([
          Buffer.from('100644 up.sql\0'),
          Buffer.from((await forge.repository.text('rev-parse', `${base.baseSha}:m/1.sql`)).slice(0, 40), 'hex'),
        ]),
      )
    )
      .toString()
      .trim()
    const headSha = await rawCommit(`refs/pull/${base.number}/head`, [
      ['40000', '..', inner],
      ['40000', '.GIT', inner],
      ['100644', '/etc/x.sql', 'absolute'],
      ['100644', Buffer.from([0xff, 0x2e, 0x73, 0x71, 0x6c]), 'bytes'],
      ['100644', 'good.sql', 'good'],
    ])
    await using opened = await forge.open({ ...base, headSha })
    expect(opened.change.files.filter(({ status }) => status !== 'deleted')).toMatchObject([{ path: 'good.sql', text: 'good' }])
    expect(opened.change.notes).toEqual([expect.stringContaining('leads out of the repository'), expect.stringContaining('not UTF-8')])
    expect(await opened.headTree.list()).toEqual(['good.sql'])
    expect(await opened.headTree.read('../up.sql')).toBeUndefined()
  })

  test('the branches of a merge request are never given to git, and a ref that is an option is refused', async () => {
    const request = await forge.propose({}, { 'm/1.sql': '1' }, { target: { branch: '--exec=x', sha: '-x' } })
    expect(request.source.branch).toContain('--upload-pack')
    await close(request)
    await forge.repository.git(['config', '--unset', 'uploadpack.allowAnySHA1InWant'])
    await forge.repository.commit('refs/heads/main', {}, { parent: request.baseSha })
    forge.settings.isOld = true
    const original = forge.access.headRef
    forge.access.headRef = () => '--upload-pack=evil'
    try {
      await expect(forge.open({ ...request, repositoryId: 900 })).rejects.toThrow('not a ref')
    } finally {
      forge.access.headRef = original
      forge.settings.isOld = false
      await forge.repository.git(['config', 'uploadpack.allowAnySHA1InWant', 'true'])
    }
    await expect(forge.open({ ...request, headSha: '--output=x' })).rejects.toThrow('a commit that is none')
    await expect(forge.open({ ...request, baseSha: 'main' })).rejects.toThrow('a commit that is none')
  })
})

describe('this machine', () => {
  test('settings of the user and the system, variables and .netrc do not count', async () => {
    const home = mkdtempSync(join(forge.cache, 'home-'))
    const config = join(home, '.gitconfig')
    const settings = [
      `[core]\n\tfsmonitor = ${evil}\n\thooksPath = ${home}\n\tsshCommand = ${evil}\n\tgitProxy = ${evil}\n\taskPass = ${evil}`,
      `[credential]\n\thelper = ${evil}`,
      `[url "${forge.server.url}/acme/other"]\n\tinsteadOf = ${forge.server.url}/acme/shop`,
      `[http]\n\tproxy = http://127.0.0.1:1\n\textraHeader = X-Evil: 1`,
    ]
    writeFileSync(config, settings.join('\n'))
    writeFileSync(join(home, '.netrc'), 'machine 127.0.0.1 login netrc password netrc-password\n')
    for (const hook of ['reference-transaction', 'post-checkout', 'pre-auto-gc', 'proc-receive']) {
      writeFileSync(join(home, hook), readFileSync(evil))
      chmodSync(join(home, hook), 0o755)
    }
    const environment = readGitEnvironment({
      ...process.env,
      HOME: home,
      XDG_CONFIG_HOME: home,
      GIT_CONFIG_GLOBAL: config,
      GIT_CONFIG_SYSTEM: config,
      GIT_CONFIG_PARAMETERS: `'core.fsmonitor'='${evil}'`,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: evil,
      GIT_DIR: home,
      GIT_WORK_TREE: home,
      GIT_OBJECT_DIRECTORY: home,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: home,
      GIT_EXEC_PATH: home,
      GIT_TEMPLATE_DIR: home,
      GIT_SSH_COMMAND: evil,
      GIT_ASKPASS: evil,
      SSH_ASKPASS: evil,
      GIT_TRACE: join(home, 'trace'),
      GIT_TRACE_CURL: join(home, 'trace'),
      GIT_PROXY_COMMAND: evil,
      GIT_EXTERNAL_DIFF: evil,
    })
    expect(Object.keys(environment).filter((name) => /^(?:GIT_(?!SSL_CA)|SSH_|HOME)/.test(name))).toEqual([])
    const request = await forge.propose({ 'm/1.sql': '1' }, { 'm/2.sql': '2' }, { repositoryId: 1 })
    const asked = forge.headers.length
    await using opened = await forge.open(request, { environment })
    expect(await opened.baseTree.read('m/1.sql')).toBe('1')
    expect(forge.headers.slice(asked).filter((headers) => headers['x-evil'] !== undefined)).toEqual([])
    expect(existsSync(join(home, 'trace'))).toBe(false)
    const { authorization } = forge.access
    forge.access.authorization = undefined
    try {
      await expect(forge.open({ ...request, repositoryId: 2 }, { environment })).rejects.toThrow('the API was asked')
    } finally {
      forge.access.authorization = authorization
    }
    expect(
      forge.headers.filter((headers) => String(headers.authorization).includes(Buffer.from('netrc').toString('base64').slice(0, 5))),
    ).toEqual([])
    expect(existsSync(ran)).toBe(false)
  })

  test('a cached repository with settings, hooks or objects elsewhere is made anew', async () => {
    const request = await forge.propose({ 'm/1.sql': '1' }, { 'm/2.sql': '2' })
    await close(request)
    const folder = folderOf(request)
    const push = async () => {
      const headSha = await forge.repository.commit(
        `refs/pull/${request.number}/head`,
        { 'm/2.sql': `${Math.random()}` },
        { parent: request.headSha },
      )
      return { ...request, headSha }
    }
    writeFileSync(
      join(folder, 'config'),
      `[core]\n\tbare = true\n\tfsmonitor = ${evil}\n[remote "origin"]\n\turl = ${forge.server.url}/acme/evil.git\n`,
    )
    await close(await push())
    expect(readFileSync(join(folder, 'config'), 'utf8')).not.toContain('evil')
    mkdirSync(join(folder, 'hooks'), { recursive: true })
    writeFileSync(join(folder, 'hooks', 'reference-transaction'), readFileSync(evil))
    chmodSync(join(folder, 'hooks', 'reference-transaction'), 0o755)
    await close(await push())
    mkdirSync(join(folder, 'objects', 'info'), { recursive: true })
    writeFileSync(join(folder, 'objects', 'info', 'alternates'), `${forge.repository.folder}/objects\n`)
    await close(await push())
    expect(existsSync(join(folder, 'objects', 'info', 'alternates'))).toBe(false)
    expect(existsSync(ran)).toBe(false)
    expect(forge.server.requests.filter(({ path }) => path.includes('evil'))).toEqual([])
  })
})

describe('the server', () => {
  test('sends nobody elsewhere, not with the secret and not without', async () => {
    await using other = await startGitForge()
    other.settings.isOpen = true
    const request = await forge.propose({ 'm/1.sql': '1' }, { 'm/2.sql': '2' }, { repositoryId: 300 })
    for (const status of [301, 302, 307, 308]) {
      const location = `${other.server.url}/acme/shop.git/info/refs?service=git-upload-pack`
      forge.server.misbehave({ path: '/info/refs', status, headers: { location } })
      await expect(forge.open(request)).rejects.toThrow('the API was asked')
    }
    forge.server.misbehave({
      path: 'shop.git/git-upload-pack',
      status: 302,
      headers: { location: `${other.server.url}/acme/shop.git/git-upload-pack` },
    })
    await expect(forge.open(request)).rejects.toThrow()
    expect(other.server.requests).toEqual([])
  })

  test('is spoken to by HTTP alone', async () => {
    const request = await forge.propose({}, { 'm/1.sql': '1' })
    const { url } = forge.access
    for (const bad of [
      `file://${forge.repository.folder}`,
      'ssh://git@127.0.0.1/x.git',
      'ext::sh -c id',
      url.replace('//', `//x:${TOKEN}@`),
    ]) {
      forge.access.url = bad
      const error: Error = await forge.open({ ...request, repositoryId: 301 }).then(
        () => expect.fail(`${bad} was opened`),
        (thrown) => thrown,
      )
      expect(error.message).not.toContain(TOKEN)
    }
    forge.access.url = url
  })

  test('gets the secret with every question, and it is nowhere else', async () => {
    const log = join(forge.cache, 'commands')
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
    const shim = gitShim(forge, `echo "$*" >> ${log}; tr '\\0' ' ' < /proc/$$/cmdline >> ${log}; exec ${real} "$@"`)
    const environment = { ...readGitEnvironment(), PATH: `${shim}:${process.env.PATH}` }
    const asked = forge.headers.length
    const request = await forge.propose({ 'm/1.sql': 'one\n', 'lazy.md': 'lazy\n' }, { 'm/2.sql': '2' }, { repositoryId: 302 })
    await using opened = await forge.open(request, { environment })
    await opened.baseTree.read('m/1.sql')
    await opened.baseTree.read('lazy.md')
    const headers = forge.headers.slice(asked)
    expect(headers.length).toBeGreaterThan(4)
    expect(headers.filter(({ authorization }) => authorization !== AUTHORIZATION)).toEqual([])
    const commands = readFileSync(log, 'utf8')
    expect(commands).toContain('fetch')
    const base64 = AUTHORIZATION.replace('Basic ', '')
    for (const secret of [TOKEN, base64]) {
      expect(commands).not.toContain(secret)
      // Nothing found is exit code 1.
      expect(() => execFileSync('grep', ['-raF', secret, forge.cache])).toThrow()
    }
    forge.server.misbehave({
      path: 'shop.git',
      status: 500,
      headers: { 'content-type': 'text/plain' },
      body: `You sent ${AUTHORIZATION} ${TOKEN}`,
    })
    const pkt = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text
    forge.server.misbehave({
      path: 'shop.git',
      status: 200,
      headers: { 'content-type': 'application/x-git-upload-pack-advertisement' },
      body: `${pkt('# service=git-upload-pack\n')}0000${pkt(`ERR you sent ${AUTHORIZATION} or ${TOKEN}\n\u001b[31m::error::`)}`,
    })
    for (let n = 0; n < 2; n += 1) {
      const error: Error = await forge.open({ ...request, repositoryId: 303 }).then(
        () => expect.fail('opened'),
        (thrown) => thrown,
      )
      expect(error.name).toBe('ServiceError')
      const text = `${error.stack} ${JSON.stringify(error)} ${(error.cause as Error | undefined)?.stack}`
      for (const hidden of [TOKEN, base64, '\u001b']) expect(text).not.toContain(hidden)
    }
  })
})
