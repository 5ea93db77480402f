import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readStoredEvent, redirected } from '../src/simulation/stored-event.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
const folder = mkdtempSync(join(tmpdir(), 'pgwitness-test-simulate-'))
const repository = join(folder, 'repository')
const scratch = join(folder, 'scratch')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

mkdirSync(join(repository, 'migrations'), { recursive: true })
mkdirSync(scratch)
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.email=a@example.com', '-c', 'user.name=A', ...args], { cwd: repository, stdio: 'ignore' })
git('init', '-qb', 'main')
writeFileSync(join(repository, 'migrations/001_orders.sql'), 'create table orders (id bigint primary key, customer_id bigint);\n')
writeFileSync(join(repository, '.pgwitness.yml'), 'clone: embedded\n')
git('add', '.')
git('commit', '-qm', 'Orders')
git('checkout', '-qb', 'feature')
writeFileSync(join(repository, 'migrations/002_index.sql'), 'create index orders_customer on orders (customer_id);\n')
git('add', '.')
git('commit', '-qm', 'Index')

const REPOSITORY = { id: 77, name: 'api', full_name: 'shop/api', owner: { login: 'shop', id: 3, type: 'Organization' } }
const ALICE = { login: 'alice', id: 5, type: 'User' }
const PULL = {
  number: 17,
  title: 'Add index',
  state: 'open',
  draft: false,
  user: ALICE,
  head: { sha: '8fa3385b0968d84030395891cdbe2d490c5d0ff9', ref: 'feature', repo: REPOSITORY },
  base: { ref: 'main', sha: '1fa3385b0968d84030395891cdbe2d490c5d0ff9', repo: REPOSITORY },
}
const OPENED = { action: 'opened', number: 17, pull_request: PULL, repository: REPOSITORY, sender: ALICE, installation: { id: 9 } }
const PROJECT = {
  id: 42,
  name: 'api',
  path_with_namespace: 'shop/api',
  web_url: 'https://gitlab.example.com/shop/api',
  default_branch: 'main',
}
const USER = { id: 5, name: 'Alice', username: 'alice' }
const COMMIT = { id: '8fa3385b0968d84030395891cdbe2d490c5d0ff9' }
const REQUEST = { id: 4, iid: 17, title: 'Add index', state: 'opened', draft: false, source_branch: 'feature', target_branch: 'main' }
const NOTE = {
  object_kind: 'note',
  event_type: 'note',
  user: USER,
  project_id: 42,
  project: PROJECT,
  object_attributes: {
    id: 1234,
    note: '@pgwitness plan select * from orders where customer_id = 7',
    noteable_type: 'MergeRequest',
    author_id: 5,
    project_id: 42,
    noteable_id: 4,
    system: false,
    action: 'create',
    discussion_id: 'abc',
    type: null,
    internal: false,
    url: 'https://gitlab.example.com/shop/api/-/merge_requests/17#note_1234',
  },
  merge_request: { ...REQUEST, source_project_id: 42, target_project_id: 42, last_commit: COMMIT },
}

function simulate(event: unknown, ...args: string[]) {
  const path = join(folder, 'event.json')
  writeFileSync(path, typeof event === 'string' ? event : JSON.stringify(event))
  const env = { ...process.env, TMPDIR: scratch, PGWITNESS_CACHE_DIR: join(folder, 'cache') }
  return spawnSync(process.execPath, [CLI, 'simulate', path, ...args], { cwd: repository, encoding: 'utf8', env })
}

test('a pull request as CI stores it: what would be posted, and nothing stays', () => {
  const { stdout, stderr, status } = simulate(OPENED)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout).toContain('The webhook was answered 202: Queued.')
  expect(stdout).toContain('Reactions: eyes')
  expect(stdout).toMatch(/Status pgwitness: failure: 1 finding/)
  expect(stdout).toContain('── Comment of pgwitness[bot] ──')
  expect(stdout).toContain('── migrations/002_index.sql:1, open, pgwitness[bot] ──')
  expect(stdout).toContain('create index concurrently orders_customer')
  expect(readdirSync(scratch).filter((name) => !name.startsWith('node-compile-cache'))).toEqual([])
})

test('a note of GitLab with its headers: the answer, as JSON', () => {
  const { stdout, stderr, status } = simulate({ headers: { 'X-Gitlab-Event': 'Note Hook' }, body: NOTE }, '--format', 'json')
  expect(status, stderr).toBe(0)
  const { answer, state, violations } = JSON.parse(stdout)
  expect(answer.status).toBe(202)
  expect(violations).toEqual([])
  const bodies = state.comments.map(({ body }: { body: string }) => body)
  expect(bodies.at(-1)).toContain('orders_customer')
  expect(state.comments[0].reactions).toEqual(['eyes'])
})

test('somebody without permission', () => {
  const { stdout } = simulate(NOTE, '--permission', 'read')
  expect(stdout).toContain('Only people who may write to `shop/api`'.replaceAll('`', ''))
})

test('a comment in a thread is answered, under the change', () => {
  const comment = { id: 8, body: '@pgwitness help', user: ALICE, in_reply_to_id: 7 }
  const { stdout } = simulate({ action: 'created', comment, pull_request: PULL, repository: REPOSITORY, sender: ALICE })
  expect(stdout).toContain('── Comment of alice (eyes) ──')
  expect(stdout).toContain('── Comment of pgwitness[bot] ──')
})

test('a check run that is to run again names the change that is there', () => {
  const check = { name: 'pgwitness', external_id: 'pgwitness:17:8fa3385b', pull_requests: [] }
  const event = { action: 'rerequested', check_run: check, repository: REPOSITORY, sender: ALICE }
  const ref = { forge: 'github' as const, repository: 'shop/api', repositoryId: 5, number: 1 }
  const { headers, body } = redirected(readStoredEvent(JSON.stringify(event), 'event.json'), ref, undefined, 'secret')
  expect(headers['x-github-event']).toBe('check_run')
  expect(JSON.parse(body).check_run.external_id).toBe('pgwitness:1:8fa3385b')
})

test.each<[string, unknown, RegExp]>([
  ['a repository that is none', { ...OPENED, repository: { ...REPOSITORY, full_name: 'shop' } }, /is no webhook of GitHub[\s\S]*full_name/],
  ['no JSON', '{', /is not JSON/],
  ['something else', [], /is no webhook of GitHub/],
  ['a webhook of nothing', { object_kind: 'push' }, /is no webhook of GitLab/],
])('%s is told', (_, event, message) => {
  const { status, stderr } = simulate(event)
  expect(status).toBe(2)
  expect(stderr).toMatch(message)
  expect(stderr).not.toContain('    at ')
})
