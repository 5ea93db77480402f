import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'pgwitness-ci-'))
const checkout = join(folder, 'checkout')

function git(...args: string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], { cwd: checkout, stdio: 'ignore' })
}

/** A checkout as a CI system makes it: a detached head, the target branch as a remote one. */
beforeAll(() => {
  mkdirSync(join(checkout, 'migrations'), { recursive: true })
  writeFileSync(join(checkout, 'migrations/1.sql'), 'create table orders (id bigint primary key, email text);\n')
  git('init', '--initial-branch=main')
  git('add', '.')
  git('commit', '-m', 'base')
  git('update-ref', 'refs/remotes/origin/main', 'HEAD')
  writeFileSync(join(checkout, 'migrations/2.sql'), 'create index orders_email on orders (email);\n')
  git('add', '.')
  git('commit', '-m', 'change')
  git('checkout', '--detach')
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a template's shell line with the program of this tree in place of the published one. */
function runLine(line: string, env: Record<string, string>) {
  const command = line.replace('npx --yes pgwitness', `"${process.execPath}" "${join(root, 'src/cli.ts')}"`)
  expect(command).not.toBe(line)
  return spawnSync('sh', ['-c', command], {
    cwd: checkout,
    encoding: 'utf8',
    env: { ...process.env, PGWITNESS_CACHE_DIR: join(folder, 'cache'), ...env },
  })
}

test('the GitHub workflow annotates the line and writes SARIF', () => {
  const workflow = load(readFileSync(join(root, 'ci-templates/github-workflow.yml'), 'utf8')) as {
    jobs: { review: { steps: Array<{ run?: string }> } }
  }
  const line = workflow.jobs.review.steps.find(({ run }) => run)?.run ?? ''
  const { status, stdout } = runLine(line, { GITHUB_BASE_REF: 'main', GITHUB_ACTIONS: 'true' })
  expect(stdout).toMatch(/^::error file=migrations\/2\.sql,line=1/m)
  expect(JSON.parse(readFileSync(join(checkout, 'pgwitness.sarif'), 'utf8')).runs[0].results[0].ruleId).toBe('require-concurrent-index')
  expect(status).toBe(1)
})

test('the GitLab job writes a Code Quality report', () => {
  const pipeline = load(readFileSync(join(root, 'ci-templates/gitlab-ci.yml'), 'utf8')) as { pgwitness: { script: string[] } }
  const { status } = runLine(pipeline.pgwitness.script[0] ?? '', { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main', GITLAB_CI: 'true' })
  const [finding] = JSON.parse(readFileSync(join(checkout, 'pgwitness.json'), 'utf8'))
  expect(finding).toMatchObject({ check_name: 'require-concurrent-index', location: { path: 'migrations/2.sql', lines: { begin: 1 } } })
  expect(status).toBe(1)
})
