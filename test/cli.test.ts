import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function emptyFolder(files: Record<string, string | Buffer> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'pgwitness-cli-'))
  folders.push(folder)
  write(folder, files)
  return folder
}

function write(folder: string, files: Record<string, string | Buffer>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

function git(folder: string, ...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: folder, stdio: 'ignore' })
}

/** A repository with these files on main. */
function repository(files: Record<string, string | Buffer>): string {
  const folder = emptyFolder(files)
  git(folder, 'init', '--initial-branch=main')
  git(folder, 'add', '.')
  git(folder, 'commit', '-m', 'base')
  return folder
}

const cache = emptyFolder()

function pgwitness(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PGWITNESS_CACHE_DIR: cache, NO_COLOR: '1', FORCE_COLOR: undefined },
  })
  return { status, stdout, stderr }
}

function review(folder: string, ...args: string[]) {
  const { status, stdout, stderr } = pgwitness(folder, 'review', '--format', 'json', ...args)
  if (stdout === '') throw new Error(stderr)
  const report = JSON.parse(stdout)
  return { status, ...report, verdicts: report.findings.map((one: { rule: string; verdict: string }) => `${one.rule} ${one.verdict}`) }
}

const ORDERS = 'create table orders (id bigint primary key, email varchar(20), total numeric(10, 2));\ninsert into orders values (1);\n'

describe('review', () => {
  test('runs what changed on the schema the base branch leaves', () => {
    const folder = repository({ 'migrations/1_orders.sql': ORDERS })
    git(folder, 'switch', '-c', 'feature')
    write(folder, { 'migrations/2_index.sql': 'create index orders_email on orders (email);\n' })
    const { status, clone, coverage, verdicts, scripts } = review(folder)
    expect({ status, clone, coverage }).toEqual({
      status: 1,
      clone: 'local',
      coverage: { files: 1, statements: 1, parsed: 1, measured: 1 },
    })
    expect(verdicts).toContain('require-concurrent-index confirmed')
    expect(scripts[0].statements[0].measured).toMatchObject({
      locks: [{ relation: 'public.orders', kind: 'table', mode: 'ShareLock', existed: true }],
      rewrites: [],
      scans: ['public.orders'],
      builds: [{ index: 'orders_email', table: 'public.orders', concurrently: false, constraint: null, existed: true }],
    })
  })

  test('is silent when clean, bar the coverage line', () => {
    const folder = repository({ 'migrations/1_orders.sql': ORDERS })
    write(folder, {
      'migrations/2_note.sql': 'create table notes (id bigint primary key, text text);\ncreate index notes_text on notes (text);\n',
    })
    const { status, stdout } = pgwitness(folder, 'review')
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^pgwitness: 1 file, 2 statements, 2 measured on local Postgres 18\.\d+.*nothing found/),
    ])
    expect(status).toBe(0)
  })

  test('a table that the same change creates in another file is new', () => {
    const folder = repository({ 'migrations/1_orders.sql': ORDERS })
    write(folder, {
      'migrations/2_notes.sql': 'create table notes (id bigint primary key, text text);\n',
      'migrations/3_index.sql': 'create index notes_text on notes (text);\n',
    })
    expect(review(folder).verdicts.filter((one: string) => !one.endsWith('refuted'))).toEqual([])
  })

  test('writes several reports at once, and the terminal still gets one', () => {
    const folder = repository({ 'migrations/1_orders.sql': ORDERS })
    write(folder, { 'migrations/2_index.sql': 'create index orders_email on orders (email);\n' })
    const { stdout, status } = pgwitness(
      folder,
      'review',
      '--format',
      'sarif=out/a.sarif',
      '--format',
      'junit=out/b.xml',
      '--fail-on',
      'critical',
    )
    expect(JSON.parse(readFileSync(join(folder, 'out/a.sarif'), 'utf8')).version).toBe('2.1.0')
    expect(existsSync(join(folder, 'out/b.xml'))).toBe(true)
    expect(stdout).toContain('require-concurrent-index')
    expect(status).toBe(0)
  })

  test('starts from a schema dump with psql commands in it', () => {
    const dump =
      "\\connect shop\nSET default_tablespace = '';\nCREATE TABLE public.orders (id bigint, email text);\nCOPY public.orders (id, email) FROM stdin;\n1\ta@example.com\n\\.\nALTER TABLE ONLY public.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);\n"
    const folder = emptyFolder({
      'dump.sql': dump,
      'new.sql': 'create unique index concurrently orders_email on orders (email);\ncreate index orders_id on orders (id);\n',
    })
    const { scripts, verdicts } = review(folder, 'new.sql', '--schema', 'dump.sql')
    expect(scripts[0].statements[1].measured.locks).toContainEqual({
      relation: 'public.orders',
      kind: 'table',
      mode: 'ShareLock',
      existed: true,
    })
    expect(verdicts).toContain('require-concurrent-index confirmed')
  })

  test('reads configuration and rules from the base, never from the change', () => {
    const folder = repository({ 'migrations/1_orders.sql': ORDERS, '.pgwitness.yml': 'rules: { disable: [avoid-drop-column] }\n' })
    write(folder, {
      'migrations/2_index.sql': 'create index orders_email on orders (email);\nalter table orders drop column total;\n',
      '.pgwitness.yml': 'rules: { disable: [require-concurrent-index] }\n',
    })
    const { verdicts, notes } = review(folder)
    expect(notes.join()).toContain('.pgwitness.yml is taken from the base')
    expect(verdicts).toContain('require-concurrent-index confirmed')
    expect(verdicts.join()).not.toContain('avoid-drop-column')
  })

  test("a rule of the repository's own counts, once it is on the base", () => {
    const rule =
      'title: Keep it\nseverity: critical\nwhen: { action: delete, table.name: { ends: _audit } }\nprove: none\nunproved: it is our rule\nmessage: "deletes from `{{table}}`"\nwhy: Ours.\ncite: [{ title: ours, url: "https://example.com" }]\nbad: ["delete from a_audit"]\ngood: ["select 1"]\n'
    const folder = repository({
      'migrations/1.sql': 'create table a_audit (id int primary key);\n',
      '.pgwitness/rules/data-loss/avoid-audit-loss.yml': rule,
    })
    write(folder, { 'migrations/2.sql': 'delete from a_audit where id = 1;\n' })
    expect(review(folder).verdicts).toContain('avoid-audit-loss suspected')
  })

  test('an ignore comment with a reason mutes, one without does not', () => {
    const folder = repository({ 'migrations/1_orders.sql': ORDERS })
    write(folder, {
      'migrations/2.sql': '-- pgwitness-ignore require-concurrent-index: built at night\ncreate index a on orders (email);\n',
      'migrations/3.sql': '-- pgwitness-ignore require-concurrent-index\ncreate index b on orders (total);\n',
    })
    const { findings } = review(folder)
    const indexes = findings.filter(({ rule }: { rule: string }) => rule === 'require-concurrent-index')
    expect(indexes.map(({ path, suppressed }: { path: string; suppressed?: unknown }) => [path, Boolean(suppressed)]).sort()).toEqual([
      ['migrations/2.sql', true],
      ['migrations/3.sql', false],
    ])
    expect(findings.map(({ rule }: { rule: string }) => rule)).toContain('require-ignore-reason')
  })

  test('a second run starts from the cache', () => {
    const folder = repository({ 'migrations/1.sql': 'create table cached_once (id int primary key);\n' })
    write(folder, { 'migrations/2.sql': 'alter table cached_once add column a int;\n' })
    review(folder)
    const started = performance.now()
    const { scripts } = review(folder)
    expect(scripts[0].statements[0].measured.locks).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})

describe('bad input', () => {
  const MESSY: Record<string, string | Buffer> = {
    'migrations/2_broken.sql': 'alter table orders add colum x int;\nalter table orders add column ok int;\n',
    'migrations/3_empty.sql': '',
    'migrations/4_binary.sql': Buffer.from([0, 159, 146, 150, 0, 1, 2]),
    'migrations/5_windows.sql':
      '\ufeffalter table orders add column a int;\r\nalter table orders\r\n  add column "été" int; -- é\r\nalter table orders add column b int;\r\n',
    'migrations/6_deep.sql': `select ${'('.repeat(10_000)}1${')'.repeat(10_000)};\nselect 1;\n`,
    'migrations/7_psql.sql': '\\i other.sql\n\\copy orders from stdin\nselect :id;\nselect {{ .Template }};\nselect 2;\n',
    'migrations/8_last.sql': 'create index last on orders (total);\n',
  }

  test('one bad file never hides the others, and positions stay right', () => {
    const folder = repository({ 'migrations/1_orders.sql': ORDERS })
    write(folder, MESSY)
    const { status, verdicts, scripts, findings } = review(folder)
    expect(status).toBe(1)
    expect(verdicts).toContain('require-concurrent-index confirmed')
    expect(verdicts).toContain('require-parsable-sql confirmed')
    const windows = scripts.find(({ path }: { path: string }) => path.endsWith('5_windows.sql'))
    const text = MESSY['migrations/5_windows.sql'] as string
    expect(windows.statements.map(({ line, endLine }: { line: number; endLine: number }) => [line, endLine])).toEqual([
      [1, 1],
      [2, 3],
      [4, 4],
    ])
    expect(
      windows.statements.map(({ startByte, endByte }: { startByte: number; endByte: number }) =>
        Buffer.from(text).subarray(startByte, endByte).toString(),
      ),
    ).toEqual([
      'alter table orders add column a int',
      'alter table orders\r\n  add column "été" int',
      'alter table orders add column b int',
    ])
    const broken = findings.find(
      ({ rule, path }: { rule: string; path: string }) => rule === 'require-parsable-sql' && path.endsWith('2_broken.sql'),
    )
    expect(broken).toMatchObject({ line: 1 })
  }, 60_000)

  test('a file of 50 MB is refused with a note, and the rest is reviewed', () => {
    const folder = emptyFolder({ 'a.sql': Buffer.alloc(50_000_000, 'select 1;\n'), 'b.sql': 'create index on orders (total);\n' })
    const { stdout, status } = pgwitness(folder, 'review', '.', '--clone', 'none')
    expect(stdout).toMatch(/a\.sql .*so it was not reviewed/)
    expect(stdout).toContain('require-concurrent-index')
    expect(status).toBe(1)
  })

  test.each([
    ['no repository and no paths', [] as string[], /is not in a git repository.*Name the files/s],
    ['a path that is not there', ['nowhere.sql'], /There is no file or folder nowhere\.sql/],
    ['an unknown format', ['--format', 'yaml', '.'], /no format "yaml": choose one of text/],
    ['an unknown option', ['--fast'], /unknown option '--fast'/],
    ['a version that is none', ['--postgres', '9', '.'], /10 to 18/],
    ['a configuration that is not there', ['--config', 'x.yml', '.'], /x\.yml cannot be read/],
  ])('%s exits with 2 and says what to do', (_, args, message) => {
    const { status, stderr } = pgwitness(emptyFolder(), 'review', ...args)
    expect(stderr).toMatch(message)
    expect(status).toBe(2)
  })

  test('an unknown command names those there are', () => {
    const { status, stderr } = pgwitness(emptyFolder(), 'reviw')
    expect(stderr).toMatch(/no command `reviw`: use review, ci, post, audit, experiment, stats, rules, kb, serve or simulate/)
    expect(status).toBe(2)
  })

  test('a missing base ref says how to fetch it', () => {
    const { status, stderr } = pgwitness(repository({ 'a.txt': '' }), 'review', '--base', 'origin/main')
    expect(stderr).toMatch(/git fetch/)
    expect(status).toBe(2)
  })

  test('a wrong configuration names the setting', () => {
    const folder = repository({ '.pgwitness.yml': 'failon: high\n', 'a.sql': '' })
    write(folder, { 'a.sql': 'select 1;' })
    const { status, stderr } = pgwitness(folder, 'review')
    expect(stderr).toMatch(/failon/)
    expect(status).toBe(2)
  })

  test('a repository without commits is reviewed as all new', () => {
    const folder = emptyFolder({ 'migrations/1.sql': ORDERS })
    git(folder, 'init')
    expect(review(folder).coverage).toMatchObject({ files: 1, statements: 2 })
  })
})

describe('audit', () => {
  test('reviews each file against what its predecessors left, and writes a baseline that review honours', () => {
    const folder = repository({ 'migrations/1.sql': ORDERS, 'migrations/2.sql': 'create index a on orders (email);\n' })
    const audit = pgwitness(folder, 'audit', '.', '--write-baseline')
    expect(audit.status).toBe(0)
    expect(audit.stdout).toContain('require-concurrent-index')
    git(folder, 'add', '.')
    git(folder, 'commit', '-m', 'baseline')
    const { verdicts, findings } = review(folder, 'migrations/2.sql')
    expect(verdicts).toContain('require-concurrent-index confirmed')
    expect(
      findings.every(({ suppressed, verdict }: { suppressed?: unknown; verdict: string }) => suppressed || verdict === 'refuted'),
    ).toBe(true)
  })

  test('takes a plain folder in the order of names, without a clone too', () => {
    const folder = emptyFolder({ '10.sql': 'create index b on orders (email);', '9.sql': ORDERS, '2.sql': 'select 1;' })
    const { stdout, status } = pgwitness(folder, 'audit', folder, '--clone', 'none', '--format', 'json')
    const { scripts, clone, findings } = JSON.parse(stdout)
    expect(scripts.map(({ path }: { path: string }) => path)).toEqual(['2.sql', '9.sql', '10.sql'])
    expect(clone).toBe('none')
    expect(findings).toContainEqual(expect.objectContaining({ rule: 'require-concurrent-index', verdict: 'suspected' }))
    expect(status).toBe(1)
  })

  test('an empty folder is a usage error', () => {
    const { status, stderr } = pgwitness(emptyFolder(), 'audit', '.')
    expect(stderr).toMatch(/no migrations/)
    expect(status).toBe(2)
  })
})

describe('rules', () => {
  test('lists them and explains one', () => {
    expect(pgwitness('.', 'rules').stdout).toMatch(/require-concurrent-index +high/)
    const { stdout } = pgwitness('.', 'rules', 'require-concurrent-index')
    expect(stdout).toMatch(/Why[\s\S]*Instead[\s\S]*Reported[\s\S]*Not reported[\s\S]*Sources/)
    expect(pgwitness('.', 'rules', 'squawk/require-concurrent-index-creation').stdout).toContain('require-concurrent-index')
  })
  test('suggests the nearest name', () => {
    const { status, stderr } = pgwitness('.', 'rules', 'require-concurent-index')
    expect(stderr).toContain('Did you mean `require-concurrent-index`')
    expect(status).toBe(2)
  })
})

test('help and version', () => {
  expect(pgwitness('.', '--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('audit') })
  expect(pgwitness('.', '--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/)
  expect(pgwitness('.', 'review', '--help').stdout).toContain('--fail-on')
})

test('what cannot be written is told, and is no finding', () => {
  const run = (command: string) => spawnSync('sh', ['-c', `"$0" "$1" ${command}`, process.execPath, CLI], { encoding: 'utf8' })
  const { status, stderr } = run('rules > /dev/full')
  expect({ status, stderr }).toEqual({ status: 3, stderr: 'pgwitness: standard output cannot be written: ENOSPC.\n' })
  expect(run('rules | head -1').status).toBe(0)
})

test.each([
  ['rules', 'require-lock-timeout', 'more'],
  ['audit', '.', 'more'],
  ['stats', 'export', 'more'],
])('%s takes no more arguments than it knows', (...args) =>
  expect(pgwitness(emptyFolder(), ...args)).toMatchObject({ status: 2, stderr: expect.stringContaining('too many arguments') }),
)

test('a URL that is refused is not repeated, for it may hold a password', () => {
  const { status, stderr } = pgwitness(emptyFolder(), 'review', '--clone', 'mysql://me:secret@h/x')
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(/^pgwitness: --clone takes .* postgres:\/\/\.\n$/) })
})
