import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { UserError } from '../src/errors.ts'
import type { Change } from '../src/forges/change.ts'
import { readChange, treeAt } from '../src/forges/local.ts'

// Machines that test many things at once are slow to start processes.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 })

const folders: string[] = []
const environment = { ...process.env }

beforeAll(() => {
  Object.assign(process.env, {
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@example.com',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@example.com',
  })
})

afterAll(() => {
  process.env = environment
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function emptyFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pgwitness-forges-')))
  folders.push(folder)
  return folder
}

function git(cwd: string, ...args: string[]): string {
  return execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}

function write(folder: string, files: Record<string, string | Buffer>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

function commit(folder: string, files: Record<string, string | Buffer>, message = 'x'): string {
  write(folder, files)
  git(folder, 'add', '-A')
  git(folder, 'commit', '-q', '--allow-empty', '-m', message)
  return git(folder, 'rev-parse', 'HEAD')
}

function repository(files: Record<string, string | Buffer> = { 'm/1.sql': 'select 1;\n' }): { root: string; first: string } {
  const root = emptyFolder()
  git(root, 'init', '-q', '-b', 'main')
  return { root, first: commit(root, files) }
}

function statuses(change: Change): Record<string, string> {
  return Object.fromEntries(change.files.map((file) => [file.path, file.status]))
}

async function messageOf(change: Promise<unknown>): Promise<string> {
  const error = await change.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}

describe('what changed', () => {
  test('is committed, staged, unstaged and untracked work since the branch left main, seen from any folder', async () => {
    const { root, first } = repository({
      'm/1.sql': 'one\n',
      'm/2.sql': 'two\n',
      'm/3.sql': 'create table three (id int);\n',
      'm/4.sql': '4',
      '.gitignore': 'ignored.sql\n',
    })
    git(root, 'switch', '-q', '-c', 'feature')
    commit(root, { 'm/5.sql': 'five' })
    git(root, 'mv', 'm/3.sql', 'm/30.sql')
    git(root, 'rm', '-q', 'm/4.sql')
    write(root, { 'm/1.sql': 'one more\n', 'm/6.sql': 'six', 'ignored.sql': 'x', 'm/notes.md': 'x' })
    git(root, 'switch', '-q', 'main')
    git(root, 'switch', '-q', 'feature')
    const change = await readChange({ cwd: join(root, 'm') })
    expect(change).toMatchObject({ title: 'main...feature', base: first, head: undefined, notes: [] })
    expect(change.files).toEqual([
      { path: 'm/1.sql', status: 'modified', text: 'one more\n', before: 'one\n' },
      {
        path: 'm/30.sql',
        previousPath: 'm/3.sql',
        status: 'renamed',
        text: 'create table three (id int);\n',
        before: 'create table three (id int);\n',
      },
      { path: 'm/4.sql', status: 'deleted', text: undefined, before: '4' },
      { path: 'm/5.sql', status: 'added', text: 'five', before: undefined },
      { path: 'm/6.sql', status: 'added', text: 'six', before: undefined },
    ])
  })

  test('does not count what main got meanwhile', async () => {
    const { root, first } = repository()
    git(root, 'switch', '-q', '-c', 'feature')
    const head = commit(root, { 'm/2.sql': '2' })
    git(root, 'switch', '-q', 'main')
    commit(root, { 'm/9.sql': '9', 'm/1.sql': 'changed on main' })
    git(root, 'switch', '-q', 'feature')
    const change = await readChange({ cwd: root })
    expect(change).toMatchObject({ base: first, head })
    expect(statuses(change)).toEqual({ 'm/2.sql': 'added' })
  })

  test('is uncommitted work when standing on main, and unpushed commits when there is a remote', async () => {
    const { root, first } = repository()
    write(root, { 'm/2.sql': '2' })
    expect(await readChange({ cwd: root })).toMatchObject({ title: 'uncommitted work on main', base: first, files: [{ path: 'm/2.sql' }] })
    const copy = join(emptyFolder(), 'copy')
    git(root, 'clone', '-q', root, copy)
    commit(copy, { 'm/3.sql': '3' })
    write(copy, { 'm/4.sql': '4' })
    const change = await readChange({ cwd: copy })
    expect(change).toMatchObject({ title: 'origin/main...main', base: first })
    expect(statuses(change)).toEqual({ 'm/3.sql': 'added', 'm/4.sql': 'added' })
  })

  test('counts from the upstream of main when the remote has another name', async () => {
    const { root, first } = repository()
    const copy = join(emptyFolder(), 'copy')
    git(root, 'clone', '-q', '-o', 'upstream', root, copy)
    commit(copy, { 'm/3.sql': '3' })
    expect(await readChange({ cwd: copy })).toMatchObject({ title: 'upstream/main...main', base: first, files: [{ path: 'm/3.sql' }] })
  })

  test('is nothing on a clean main, and the note says what to do', async () => {
    const { root, first } = repository()
    const change = await readChange({ cwd: root })
    expect(change).toMatchObject({ base: first, head: first, files: [] })
    expect(change.notes.join()).toContain('--base HEAD~1')
  })

  test('honours init.defaultBranch when there is neither main nor master', async () => {
    const { root, first } = repository()
    git(root, 'branch', '-m', 'main', 'trunk')
    git(root, 'config', 'init.defaultBranch', 'trunk')
    git(root, 'switch', '-q', '-c', 'feature')
    commit(root, { 'm/2.sql': '2' })
    expect(await readChange({ cwd: root })).toMatchObject({ title: 'trunk...feature', base: first })
  })

  test('finds a rename with edits, and a file deleted from the index but still there', async () => {
    const lines = Array.from({ length: 20 }, (_, line) => `create table t${line} (id int);`).join('\n')
    const { root } = repository({ 'm/1.sql': lines, 'm/2.sql': 'two' })
    git(root, 'mv', 'm/1.sql', 'm/10.sql')
    write(root, { 'm/10.sql': `${lines}\nselect 1;` })
    git(root, 'rm', '-q', '--cached', 'm/2.sql')
    const change = await readChange({ cwd: root })
    expect(change.files).toMatchObject([
      { path: 'm/10.sql', status: 'renamed', previousPath: 'm/1.sql', before: lines },
      { path: 'm/2.sql', status: 'modified', text: 'two', before: 'two' },
    ])
  })

  test('reads names of every kind', async () => {
    const { root } = repository({ 'ä b/é.sql': 'old', ':(glob)*.sql': 'old', '-x.sql': 'old', 'a"b\tc.sql': 'old', 'line\nend.sql': 'old' })
    for (const name of ['ä b/é.sql', ':(glob)*.sql', '-x.sql', 'a"b\tc.sql', 'line\nend.sql']) write(root, { [name]: 'new' })
    const change = await readChange({ cwd: root })
    expect(change.files).toHaveLength(5)
    expect(change.files.every((file) => file.text === 'new' && file.before === 'old')).toBe(true)
    const named = await readChange({ cwd: root, paths: [':(glob)*.sql', '-x.sql'] })
    expect(named.files.map((file) => [file.path, file.before])).toEqual([
      [':(glob)*.sql', 'old'],
      ['-x.sql', 'old'],
    ])
  })

  test('notes a merge conflict', async () => {
    const { root } = repository({ 'm/1.sql': 'base\n' })
    git(root, 'switch', '-q', '-c', 'feature')
    commit(root, { 'm/1.sql': 'ours\n' })
    git(root, 'switch', '-q', 'main')
    commit(root, { 'm/1.sql': 'theirs\n' })
    git(root, 'switch', '-q', 'feature')
    expect(() => git(root, 'merge', '-q', 'main')).toThrow()
    const change = await readChange({ cwd: root, base: 'HEAD' })
    expect(change.notes).toEqual(['m/1.sql has a merge conflict.'])
    expect(change.files[0]).toMatchObject({ path: 'm/1.sql', before: 'ours\n' })
    expect(change.files[0]?.text).toContain('<<<<<<<')
  })
})

describe('files that are not text', () => {
  test('are named with the reason, and the others are read', async () => {
    const { root } = repository({ 'big-before.sql': `select 1;\n${' '.repeat(11 * 1024 * 1024)}`, 'm/1.sql': 'x' })
    write(root, {
      'bom.sql': '\uFEFFselect 1;',
      'binary.sql': Buffer.from('select\0 1'),
      'utf16.sql': Buffer.from('\uFEFFselect 1', 'utf16le'),
      'latin1.sql': Buffer.from("select 'é'", 'latin1'),
      'big.sql': Buffer.alloc(11 * 1024 * 1024, 32),
      'big-before.sql': 'small',
      'empty.sql': '',
      'ok.sql': 'é',
    })
    const change = await readChange({ cwd: root })
    const byPath = new Map(change.files.map((file) => [file.path, file]))
    expect(byPath.get('bom.sql')?.text).toBe('\uFEFFselect 1;')
    expect(byPath.get('empty.sql')?.text).toBe('')
    expect(byPath.get('ok.sql')?.text).toBe('é')
    expect(byPath.get('big-before.sql')).toMatchObject({ status: 'modified', text: 'small', before: undefined })
    expect(change.notes).toEqual([
      'big.sql has 11 MB, more than the 10 MB that are read, so it was not reviewed.',
      'binary.sql is binary (byte 7 is NUL), so it was not reviewed.',
      'latin1.sql is not UTF-8 text; save it as UTF-8 to have it reviewed, so it was not reviewed.',
      'utf16.sql is UTF-16; save it as UTF-8 to have it reviewed, so it was not reviewed.',
    ])
    for (const path of ['binary.sql', 'utf16.sql', 'latin1.sql', 'big.sql'])
      expect(byPath.get(path)).toMatchObject({ status: 'added', text: undefined, unread: expect.any(String) })
  })

  test('links and submodules are not followed', async () => {
    const secret = emptyFolder()
    write(secret, { 'secret.sql': 'secret' })
    const { root } = repository()
    const inner = repository().root
    git(root, 'submodule', 'add', '-q', inner, 'sub.sql')
    symlinkSync(join(secret, 'secret.sql'), join(root, 'm/link.sql'))
    symlinkSync(secret, join(root, 'linked'))
    git(root, 'add', 'm/link.sql')
    const change = await readChange({ cwd: root })
    expect(change.files.filter((file) => file.text !== undefined)).toEqual([])
    expect(change.notes.join()).toMatch(/m\/link\.sql is a symbolic link/)
    for (const tree of [treeAt(root, undefined), treeAt(root, commit(root, {}))]) {
      expect(await tree.read('m/link.sql')).toBeUndefined()
      expect(await tree.read('linked/secret.sql')).toBeUndefined()
      expect(await tree.read('../secret.sql')).toBeUndefined()
      expect(await tree.read('m/1.sql')).toBe('select 1;\n')
    }
    const named = await readChange({ cwd: root, paths: ['m/link.sql'] })
    expect(named.files).toMatchObject([{ path: 'm/link.sql', text: undefined, unread: expect.stringContaining('symbolic link') }])
  })
})

describe('what is missing is said with what to do', () => {
  test('no repository', async () => {
    const folder = emptyFolder()
    expect(await messageOf(readChange({ cwd: folder }))).toMatch(/not in a git repository.*Name the files/)
  })

  test('no commits: everything is added', async () => {
    const root = emptyFolder()
    git(root, 'init', '-q')
    write(root, { 'm/1.sql': '1', '.gitignore': 'no.sql', 'no.sql': 'x' })
    const change = await readChange({ cwd: root })
    expect(change).toMatchObject({ base: undefined, head: undefined })
    expect(statuses(change)).toEqual({ 'm/1.sql': 'added' })
    expect(await treeAt(root, undefined).list()).toContain('m/1.sql')
    expect(statuses(await readChange({ cwd: root, paths: ['m'] }))).toEqual({ 'm/1.sql': 'added' })
  })

  test('a shallow clone without the merge base', async () => {
    const { root } = repository()
    git(root, 'switch', '-q', '-c', 'feature')
    for (const n of [2, 3, 4]) commit(root, { [`m/${n}.sql`]: 'x' })
    git(root, 'switch', '-q', 'main')
    for (const n of [5, 6, 7]) commit(root, { [`m/${n}.sql`]: 'x' })
    const shallow = join(emptyFolder(), 'shallow')
    git(root, 'clone', '-q', '--depth', '1', '--no-single-branch', `file://${root}`, shallow)
    git(shallow, 'switch', '-q', 'feature')
    const message = await messageOf(readChange({ cwd: shallow }))
    expect(message).toMatch(/shallow.*git fetch --unshallow.*fetch-depth: 0.*GIT_DEPTH/)
    git(shallow, 'fetch', '-q', '--unshallow')
    expect(statuses(await readChange({ cwd: shallow }))).toEqual({ 'm/2.sql': 'added', 'm/3.sql': 'added', 'm/4.sql': 'added' })
  })

  test('a shallow clone of the branch alone, as CI makes it', async () => {
    const { root } = repository()
    git(root, 'switch', '-q', '-c', 'feature')
    commit(root, { 'm/2.sql': 'x' })
    const shallow = join(emptyFolder(), 'shallow')
    git(root, 'clone', '-q', '--depth', '1', '--branch', 'feature', `file://${root}`, shallow)
    git(shallow, 'remote', 'set-head', 'origin', '-d')
    expect(await messageOf(readChange({ cwd: shallow }))).toMatch(/No default branch.*--base REF.*fetch-depth: 0/)
    expect(await messageOf(readChange({ cwd: shallow, base: 'main' }))).toMatch(/no commit `main`.*git fetch origin main.*shallow/)
  })

  test('a detached HEAD is compared with the default branch', async () => {
    const { root, first } = repository()
    git(root, 'switch', '-q', '-c', 'feature')
    const head = commit(root, { 'm/2.sql': 'x' })
    git(root, 'switch', '-q', '--detach')
    expect(await readChange({ cwd: root })).toMatchObject({
      title: `main...${head.slice(0, 10)}`,
      base: first,
      head,
      files: [{ path: 'm/2.sql' }],
    })
  })

  test('a base that is not there, one that is only on the remote, one that is an option', async () => {
    const { root, first } = repository()
    expect(await messageOf(readChange({ cwd: root, base: 'nowhere' }))).toContain('git fetch origin nowhere')
    expect(await messageOf(readChange({ cwd: root, base: 'origin/nowhere' }))).toContain('git fetch origin nowhere')
    expect(await messageOf(readChange({ cwd: root, base: '--output=x' }))).toContain('no name of a commit')
    expect(await messageOf(readChange({ cwd: root, base: 'm/1.sql' }))).toContain('no commit')
    const copy = join(emptyFolder(), 'copy')
    git(root, 'clone', '-q', root, copy)
    git(copy, 'switch', '-q', '-c', 'feature')
    git(copy, 'branch', '-q', '-D', 'main')
    commit(copy, { 'm/2.sql': 'x' })
    expect(await readChange({ cwd: copy, base: 'main' })).toMatchObject({ base: first, files: [{ path: 'm/2.sql' }] })
  })

  test('histories without a common commit', async () => {
    const { root } = repository()
    git(root, 'switch', '-q', '--orphan', 'feature')
    commit(root, { 'm/2.sql': 'x' })
    expect(await messageOf(readChange({ cwd: root }))).toMatch(/no commit in common.*--base/)
  })

  test('a bare repository, and the inside of .git', async () => {
    const { root } = repository()
    const bare = join(emptyFolder(), 'bare.git')
    git(root, 'clone', '-q', '--bare', root, bare)
    expect(await messageOf(readChange({ cwd: bare }))).toMatch(/bare repository.*git clone/)
    expect(await messageOf(readChange({ cwd: join(root, '.git') }))).toContain('inside a .git folder')
  })

  test('no git, with and without paths; a folder that is not there', async () => {
    const { root } = repository()
    const path = process.env.PATH
    process.env.PATH = emptyFolder()
    try {
      expect(await messageOf(readChange({ cwd: root }))).toMatch(/git is not installed.*name the files/)
      expect(await readChange({ cwd: root, paths: ['m/1.sql'] })).toMatchObject({
        base: undefined,
        files: [{ path: 'm/1.sql', status: 'added', text: 'select 1;\n' }],
      })
      expect(await treeAt(root, undefined).list()).toEqual(['m/1.sql'])
    } finally {
      process.env.PATH = path
    }
    expect(await messageOf(readChange({ cwd: join(root, 'nowhere') }))).toContain('There is no folder')
    expect(await messageOf(readChange({ cwd: join(root, 'nowhere'), paths: ['x'] }))).toContain('There is no folder')
  })

  test('a request that was aborted', async () => {
    const { root } = repository()
    await expect(readChange({ cwd: root }, AbortSignal.abort(new Error('stop')))).rejects.toThrow(/stop|abort/)
  })
})

describe('named files and folders', () => {
  test('outside a repository need no git', async () => {
    const folder = emptyFolder()
    write(folder, { 'm/1.sql': '1', 'm/deep/2.sql': '2', 'm/readme.md': 'x', 'query.txt': 'select 1', 'm/node_modules/x.sql': 'x' })
    const change = await readChange({ cwd: folder, paths: ['m', 'query.txt'] })
    expect(change).toMatchObject({ title: 'm, query.txt', base: undefined, head: undefined, notes: [] })
    expect(statuses(change)).toEqual({ 'm/1.sql': 'added', 'm/deep/2.sql': 'added', 'query.txt': 'added' })
    expect(await treeAt(folder, undefined).read('m/1.sql')).toBe('1')
    expect(await treeAt(folder, undefined).list()).toEqual(['m/1.sql', 'm/deep/2.sql', 'm/readme.md', 'query.txt'])
  })

  test('in a repository are read whether they changed or not, relative to the folder asked from', async () => {
    const { root, first } = repository({ 'a/m/1.sql': '1', 'a/m/2.sql': '2', '.gitignore': 'ignored/\n' })
    write(root, { 'a/m/2.sql': '2 more', 'a/m/3.sql': '3', 'ignored/4.sql': '4' })
    const change = await readChange({ cwd: join(root, 'a'), paths: ['m', '../ignored'] })
    expect(change.base).toBe(first)
    expect(change.files).toEqual([
      { path: 'a/m/1.sql', status: 'modified', text: '1', before: '1' },
      { path: 'a/m/2.sql', status: 'modified', text: '2 more', before: '2' },
      { path: 'a/m/3.sql', status: 'added', text: '3', before: undefined },
      { path: 'ignored/4.sql', status: 'added', text: '4', before: undefined },
    ])
  })

  test('a base that cannot be found is a note, one that was asked for an error', async () => {
    const { root } = repository()
    git(root, 'branch', '-m', 'main', 'work')
    const change = await readChange({ cwd: root, paths: ['m/1.sql'] })
    expect(change).toMatchObject({ base: undefined, files: [{ status: 'added', text: 'select 1;\n' }] })
    expect(change.notes.join()).toContain('There is no base to compare with')
    expect(await messageOf(readChange({ cwd: root, paths: ['m/1.sql'], base: 'main' }))).toContain('no commit `main`')
    expect(await messageOf(readChange({ cwd: root, paths: ['m/7.sql'] }))).toBe('There is no file or folder m/7.sql.')
  })
})

describe('git is asked carefully', () => {
  test('nothing the configuration names is run, and the index is left alone', async () => {
    const { root } = repository({ 'm/1.sql': 'one', '.gitattributes': '*.sql diff=evil\n' })
    const evil = join(root, 'evil.sh')
    writeFileSync(evil, `#!/bin/sh\ntouch ${join(root, 'ran')}\n`)
    chmodSync(evil, 0o755)
    for (const key of ['core.fsmonitor', 'diff.external', 'diff.evil.command', 'diff.evil.textconv', 'core.pager'])
      git(root, 'config', key, evil)
    rmSync(join(root, 'ran'), { force: true })
    write(root, { 'm/1.sql': 'two' })
    const index = readFileSync(join(root, '.git/index'))
    expect((await readChange({ cwd: root })).files).toMatchObject([{ path: 'm/1.sql', text: 'two', before: 'one' }])
    await treeAt(root, 'HEAD').read('m/1.sql')
    expect(existsSync(join(root, 'ran'))).toBe(false)
    expect(readFileSync(join(root, '.git/index')).equals(index)).toBe(true)
  })

  test('a tree of many files is listed once and read by one process', async () => {
    const files = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`m/${n}.sql`, `select ${n}; -- é\n`]))
    const { root, first } = repository({
      ...files,
      'm/binary.sql': Buffer.from([1, 0, 2]),
      'm/empty.sql': '',
      'm/big.sql': Buffer.alloc(11 * 1024 * 1024, 32),
    })
    const shim = emptyFolder()
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim()
    writeFileSync(join(shim, 'git'), `#!/bin/sh\necho "$*" >> ${join(shim, 'log')}\nexec ${real} "$@"\n`)
    chmodSync(join(shim, 'git'), 0o755)
    const path = process.env.PATH
    process.env.PATH = `${shim}${delimiter}${path}`
    try {
      const tree = treeAt(root, first)
      const paths = await tree.list()
      const texts = await Promise.all(paths.map((path) => tree.read(path)))
      expect(new Map(paths.map((path, index) => [path, texts[index]])).get('m/599.sql')).toBe('select 599; -- é\n')
      expect(texts.filter((text) => text === undefined)).toHaveLength(2)
      expect(await tree.read('m/empty.sql')).toBe('')
      expect(await tree.read('m/nowhere.sql')).toBeUndefined()
      expect(await tree.read('m/7.sql')).toBe('select 7; -- é\n')
    } finally {
      process.env.PATH = path
    }
    const calls = readFileSync(join(shim, 'log'), 'utf8').trim().split('\n')
    expect(calls.filter((call) => call.includes('cat-file'))).toHaveLength(1)
    expect(calls.filter((call) => call.includes('ls-tree'))).toHaveLength(1)
  })

  test('a moved repository is an error, not an endless wait', async () => {
    const { root } = repository()
    const tree = treeAt(root, 'HEAD')
    await tree.list()
    renameSync(join(root, '.git'), join(root, 'gone'))
    await expect(tree.read('m/1.sql')).rejects.toThrow(/git/)
  })
})
