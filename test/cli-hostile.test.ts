import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const root = mkdtempSync(join(tmpdir(), 'pgwitness-hostile-'))
const cache = join(root, 'cache')
afterAll(() => rmSync(root, { recursive: true, force: true }))

function write(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

function git(folder: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder, stdio: 'ignore' })
}

function repository(name: string, files: Record<string, string>): string {
  const folder = join(root, name)
  write(folder, files)
  git(folder, 'init', '--initial-branch=main')
  git(folder, 'add', '.')
  git(folder, 'commit', '-m', 'base')
  return folder
}

function environment(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  return { ...process.env, PGWITNESS_CACHE_DIR: cache, NO_COLOR: '1', FORCE_COLOR: undefined, ...more }
}

function review(folder: string, args: string[], more?: Record<string, string>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'review', '--format', 'json', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: environment(more),
  })
  if (stdout === '') throw new Error(stderr)
  return { status, ...JSON.parse(stdout) }
}

interface Told {
  path: string
  statements: Array<{ measured: unknown; unmeasured: string | null }>
}

const ORDERS = 'create table orders (id bigint primary key, email varchar(20), total numeric(10, 2));\n'
const LIMITED = 'limits: { statementSeconds: 2 }\n'

describe('a hostile change', () => {
  const CHANGE: Record<string, string> = {
    'migrations/02.sql': 'do $$ begin loop end loop; end $$;\nalter table orders add column a int;\n',
    'migrations/03.sql':
      'create function f(int) returns int language plpgsql as $$ begin return f($1 + 1); end $$;\nselect f(1);\ncreate function orders_size() returns bigint language sql as $$ select 1 $$;\n',
    'migrations/04.sql': 'create role reader;\nset session authorization reader;\n',
    'migrations/05.sql': 'deallocate all;\ndiscard all;\nalter table orders add column b int;\n',
    'migrations/06.sql':
      "create or replace function pg_catalog.pg_backend_pid() returns int language sql as 'select -1';\ncreate index blind on orders (email);\n",
    'migrations/07.sql':
      "create schema evil;\ncreate function evil.never(oid, int) returns bool language sql immutable as 'select false';\ncreate operator evil.>= (leftarg = oid, rightarg = int, function = evil.never);\nset search_path = evil, pg_catalog, public;\ncreate index blind on public.orders (email);\n",
    'migrations/08.sql': `do $$ begin execute 'copy orders from prog' || 'ram ''touch ${join(root, 'owned')}'''; end $$;\ncopy orders from program 'id';\n`,
    'migrations/09.sql': 'create index last on orders (a, b);\n',
  }

  test('is reviewed to its end, and what was not seen is not refuted', () => {
    const folder = repository('hostile', { '.pgwitness.yml': LIMITED, 'migrations/01.sql': ORDERS })
    write(folder, CHANGE)
    const { status, scripts, findings } = review(folder, ['--clone', 'embedded'])
    const reasons = Object.fromEntries(
      scripts.map(({ path, statements }: Told) => [path.slice(11), statements.map(({ unmeasured }) => unmeasured)]),
    )
    expect(reasons).toMatchObject({
      '02.sql': [expect.stringMatching(/ran longer than 2 s/), null],
      '03.sql': [null, expect.stringMatching(/stack depth limit exceeded/), null],
      '05.sql': [null, expect.stringMatching(/outside a transaction/), null],
      '06.sql': Array(2).fill(expect.stringMatching(/Postgres's own functions/)),
      '07.sql': Array(5).fill(expect.stringMatching(/Postgres's own functions/)),
      '08.sql': [expect.stringMatching(/no longer answers/), expect.stringMatching(/not run on a clone/)],
      '09.sql': [null],
    })
    const indexes = findings.filter(({ rule }: { rule: string }) => rule === 'require-concurrent-index')
    expect(indexes.map(({ path, verdict }: { path: string; verdict: string }) => `${path.slice(11)} ${verdict}`).sort()).toEqual([
      '06.sql suspected',
      '07.sql suspected',
      '09.sql confirmed',
    ])
    expect(findings.map(({ path, rule }: { path: string; rule: string }) => `${path} ${rule}`)).not.toContain(
      'migrations/08.sql avoid-failing-statement',
    )
    expect(existsSync(join(root, 'owned'))).toBe(false)
    expect(status).toBe(1)
  }, 90_000)
})

test("rules' queries change nothing, and one that never ends costs only itself", () => {
  const rule = (query: string) =>
    `title: A\nseverity: high\nquery: ${query}\nprove: catalog\nmessage: "found {{table}}"\nwhy: Ours.\ncite: [{ title: ours, url: "https://example.com" }]\nbad: ["select 1"]\ngood: ["select 1"]\n`
  const folder = repository('rules', {
    '.pgwitness.yml': LIMITED,
    'migrations/1.sql': ORDERS,
    '.pgwitness/rules/locks/avoid-a.yml': rule('drop table orders'),
    '.pgwitness/rules/locks/avoid-b.yml': rule('select pg_sleep(1000)'),
    '.pgwitness/rules/locks/avoid-c.yml': rule('select nope'),
    '.pgwitness/rules/locks/avoid-d.yml': rule("select relname as table from pg_class where relkind = 'r'"),
  })
  write(folder, { 'migrations/2.sql': 'create table notes (id bigint primary key);\ncreate index i on orders (email);\n' })
  const { findings, notes } = review(folder, [])
  expect(findings).toContainEqual(expect.objectContaining({ rule: 'require-concurrent-index', verdict: 'confirmed' }))
  expect(findings).toContainEqual(expect.objectContaining({ rule: 'avoid-d', verdict: 'confirmed', message: 'found notes' }))
  expect(notes.join('\n')).toMatch(/avoid-a failed: .*read-only[\s\S]*avoid-b failed: .*ran longer[\s\S]*avoid-c failed: .*nope/)
}, 60_000)

describe('where it is run', () => {
  const files = { 'app/migrations/1.sql': ORDERS, 'app/migrations/2.sql': 'create index i on orders (email);\n' }

  test('files named from elsewhere stand on the files before them, committed or not, and without a repository', () => {
    const folder = repository('elsewhere', files)
    const plain = join(root, 'plain')
    write(plain, files)
    for (const target of [join(folder, 'app/migrations'), join(folder, 'app/migrations/2.sql'), join(plain, 'app/migrations/2.sql')]) {
      const { findings } = review(root, [target])
      expect(findings, target).toContainEqual(expect.objectContaining({ rule: 'require-concurrent-index', verdict: 'confirmed' }))
    }
  }, 60_000)

  test('a loose file on a table that only the real database has is suspected, not passed', () => {
    write(root, {
      'loose/x.sql': 'create index i on nowhere (a);\ncreate table mine (id bigint primary key);\ncreate index j on mine (id);\n',
    })
    const { findings, status } = review(root, ['loose/x.sql'])
    const told = findings.filter(({ rule }: { rule: string }) => rule === 'require-concurrent-index')
    expect(told.map(({ line, verdict }: { line: number; verdict: string }) => [line, verdict])).toEqual([[1, 'suspected']])
    expect(status).toBe(1)
  })

  test('in a subfolder, paths start at the root of the repository and reports are written beside', () => {
    const folder = repository('subfolder', { 'app/migrations/1.sql': ORDERS })
    write(folder, { 'app/migrations/2.sql': 'create index i on orders (email);\n' })
    const { scripts } = review(join(folder, 'app'), ['--format', 'text=out.txt'])
    expect(scripts.map(({ path }: { path: string }) => path)).toEqual(['app/migrations/2.sql'])
    expect(existsSync(join(folder, 'app/out.txt'))).toBe(true)
  })

  test('with a cache that cannot be written it works, and says so', () => {
    const folder = repository('uncached', { 'migrations/1.sql': ORDERS })
    write(folder, { 'migrations/2.sql': 'create index i on orders (email);\n', file: '' })
    const { coverage, notes } = review(folder, [], { PGWITNESS_CACHE_DIR: join(folder, 'file/cache') })
    expect(coverage.measured).toBe(1)
    expect(notes.join()).toMatch(/cache .* cannot be written \(ENOTDIR\)/)
  }, 60_000)
})

test('stopped by a signal while the base is replayed, it is quiet and exits with 130', async () => {
  const folder = repository('stopped', { 'migrations/1.sql': 'select pg_sleep(15);\n' })
  write(folder, { 'migrations/2.sql': ORDERS })
  const child = spawn(process.execPath, [CLI, 'review'], { cwd: folder, env: environment() })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  setTimeout(() => child.kill('SIGINT'), 3000)
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect({ code, said }).toEqual({ code: 130, said: '' })
}, 60_000)

test('what a change takes away or only undoes is told', () => {
  const folder = repository('gone', { 'migrations/1.sql': ORDERS, 'migrations/2.sql': 'alter table orders add a int;\n' })
  rmSync(join(folder, 'migrations/2.sql'))
  write(folder, { 'migrations/3.down.sql': 'drop table orders;\n', 'seeds/a.sql': 'select 1;\n' })
  const { notes, status } = review(folder, ['--clone', 'none'])
  expect(notes).toEqual([
    'seeds/a.sql was left out: it looks like seeds or test data.',
    'migrations/2.sql is deleted, but databases have run it: what it made is still there.',
    'migrations/3.down.sql only undoes, so it was not run.',
  ])
  expect(status).toBe(0)
})

test('whoever stops reading ends it without a word', async () => {
  const folder = join(root, 'pipe')
  write(folder, Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`m/${index}.sql`, `create index on t${index} (a);\n`])))
  const child = spawn(process.execPath, [CLI, 'audit', '.', '--clone', 'none', '--format', 'json'], { cwd: folder, env: environment() })
  let said = ''
  child.stdout.once('data', () => child.stdout.destroy())
  child.stderr.on('data', (chunk) => (said += chunk))
  await new Promise((resolve) => child.on('exit', resolve))
  expect(said).toBe('')
})

test('a review whose time is up tells what it did not run', () => {
  const folder = repository('late', { '.pgwitness.yml': 'limits: { reviewSeconds: 0.001 }\n', 'migrations/1.sql': ORDERS })
  write(folder, { 'migrations/2.sql': 'create index orders_email on orders (email);\n' })
  const { findings, notes, coverage } = review(folder, [])
  expect(notes).toContainEqual(expect.stringMatching(/time was up before migrations\/2\.sql/))
  expect(coverage).toMatchObject({ statements: 1, measured: 0 })
  expect(findings).toContainEqual(expect.objectContaining({ rule: 'require-concurrent-index', verdict: 'suspected' }))
})
