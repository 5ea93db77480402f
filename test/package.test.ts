import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSmallManual } from './fixtures/small-manual.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'pgwitness-package-'))
let packed: { filename: string; files: Array<{ path: string }> }

beforeAll(() => {
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
  packed = JSON.parse(output.toString())[0]
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

test('the tarball holds the program, its types and its rules, and nothing of the tests', () => {
  const paths = packed.files.map(({ path }) => path)
  expect(paths).toEqual(
    expect.arrayContaining([
      'dist/cli.js',
      'dist/database/migrations/0001-queue-and-store.sql',
      'dist/index.d.ts',
      'dist/simulation/github/openapi.json',
      'docs/knowledge.md',
      'docs/service.md',
      'rules/indexes/require-concurrent-index.yml',
      'ci-templates/templates/pgwitness.yml',
      'LICENSE',
      'README.md',
    ]),
  )
  expect(paths.filter((path) => /^(test|src|examples)\//.test(path))).toEqual([])
})

test('installed in an empty folder it reviews a file on its own Postgres', () => {
  const home = join(folder, 'home')
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{"private": true}')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', join(folder, packed.filename)], {
    cwd: home,
    stdio: 'ignore',
  })
  mkdirSync(join(home, 'migrations'))
  writeFileSync(join(home, 'migrations', '1.sql'), 'create table orders (id bigint primary key, email text);\n')
  writeFileSync(join(home, 'migrations', '2.sql'), 'create index orders_email on orders (email);\n')
  const output = execFileSync(
    process.execPath,
    [join(home, 'node_modules/pgwitness/dist/cli.js'), 'audit', 'migrations', '--no-cache', '--fail-on', 'never', '--format', 'json'],
    { cwd: home },
  )
  const { clone, coverage, findings } = JSON.parse(output.toString())
  expect({ clone, coverage }).toMatchObject({ clone: 'embedded', coverage: { files: 2, statements: 2, parsed: 2, measured: 2 } })
  expect(findings).toContainEqual(
    expect.objectContaining({ rule: 'require-concurrent-index', verdict: 'confirmed', path: expect.stringMatching(/2\.sql$/) }),
  )
}, 120_000)

test('and simulates the service there', () => {
  const home = join(folder, 'home')
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.email=a@example.com', '-c', 'user.name=A', ...args], { cwd: home, stdio: 'ignore' })
  writeFileSync(join(home, '.gitignore'), 'node_modules\n')
  git('init', '-qb', 'main')
  git('add', '.gitignore', 'migrations/1.sql')
  git('commit', '-qm', 'One')
  git('checkout', '-qb', 'feature')
  git('add', 'migrations/2.sql')
  git('commit', '-qm', 'Two')
  const user = { login: 'alice', id: 5, type: 'User' }
  const repository = { id: 77, name: 'api', full_name: 'shop/api', owner: { login: 'shop', id: 3, type: 'Organization' } }
  const side = { ref: 'main', sha: '1fa3385b0968d84030395891cdbe2d490c5d0ff9', repo: repository }
  const pull_request = { number: 1, title: 'Two', state: 'open', draft: false, user, head: { ...side, ref: 'feature' }, base: side }
  const event = { action: 'opened', number: 1, pull_request, repository, sender: user, installation: { id: 9 } }
  writeFileSync(join(folder, 'event.json'), JSON.stringify(event))
  const output = execFileSync(
    process.execPath,
    [join(home, 'node_modules/pgwitness/dist/cli.js'), 'simulate', join(folder, 'event.json')],
    {
      cwd: home,
    },
  )
  expect(output.toString()).toContain('create index concurrently orders_email')
}, 120_000)

test('and answers from a manual that was loaded there', () => {
  const home = join(folder, 'home')
  writeSmallManual(join(home, 'manual'), 17)
  const kb = (...args: string[]) =>
    execFileSync(process.execPath, [join(home, 'node_modules/pgwitness/dist/cli.js'), 'kb', ...args], {
      cwd: home,
      env: { ...process.env, DATABASE_URL: '', PGWITNESS_EMBEDDING_MODEL: '' },
    }).toString()
  kb('add', '--type', 'manual', '--postgres', '17', '--path', 'manual')
  expect(JSON.parse(kb('search', '--format', 'json', '--limit', '1', 'index without locking out writes'))).toMatchObject([
    { url: 'https://www.postgresql.org/docs/17/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY', trust: 'high' },
  ])
}, 60_000)
