import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load, loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NewMergeRequest, StubForge, StubMergeRequest } from '../src/simulation/stub-forge.ts'
import { startStubGithub } from '../src/simulation/stub-github.ts'
import { startStubGitlab } from '../src/simulation/stub-gitlab.ts'
import { checkOut, git, mirror } from './fixtures/ci-checkout.ts'
import { pack } from './fixtures/packed.ts'
import { proseOf, rendered } from './fixtures/rendered.ts'
import { machineEnvironment, type RunStep, readYaml, run, runStep } from './fixtures/workflow-runner.ts'

const root = join(import.meta.dirname, '..')
const templates = join(root, 'ci-templates')
const folder = mkdtempSync(join(tmpdir(), 'pgwitness-ci-'))
const installed = join(folder, 'installed')
const program = join(installed, 'node_modules/.bin/pgwitness')
const CHANGE = {
  repository: 'acme/shop',
  base: { 'migrations/1.sql': 'create table orders (id bigint primary key, email text);\n' },
  head: { 'migrations/2.sql': 'create index orders_email on orders (email);\n' },
} satisfies NewMergeRequest

interface Component {
  spec: { inputs: Record<string, { description: string; default?: unknown; options?: unknown[]; type?: string }> }
}
interface Job {
  script: string[]
  before_script: string[]
  variables: Record<string, unknown>
  rules: Array<{ if: string }>
  artifacts?: { paths: string[]; reports: Record<string, string> }
  cache?: { paths: string[] }
}

/** A component as GitLab fills it in: `$[[ inputs.x ]]` by text, before the YAML is read. */
function component(name: string, inputs: Record<string, unknown> = {}): { header: Component; job: Job; name: string } {
  const [header = '', body = ''] = readFileSync(join(templates, 'templates', `${name}.yml`), 'utf8').split(/^---$/m)
  const { spec } = load(header) as Component
  const text = body.replace(/\$\[\[\s*inputs\.([\w-]+)\s*\]\]/g, (_, input: string) => {
    if (!spec.inputs[input]) throw new Error(`no input ${input}`)
    return String(inputs[input] ?? spec.inputs[input].default)
  })
  const [[jobName, job] = ['', {} as Job]] = Object.entries(load(text) as Record<string, Job>)
  return { header: { spec }, job, name: jobName }
}

/** A job's script as the runner makes it: one after another, in one shell that stops at the first failure. */
async function runJob({ job, at, env, before = false }: { job: Job; at: string; env: Record<string, string>; before?: boolean }) {
  const lines = [...(before ? job.before_script : []), ...job.script].map((line) => line.replaceAll('/tmp/pgwitness', installed))
  const script = join(mkdtempSync(join(folder, 'job-')), 'script.sh')
  writeFileSync(script, `set -e\n${lines.join('\n')}\n`)
  const declared = Object.fromEntries(
    Object.entries(job.variables).map(([name, value]) => [name, String(value).replaceAll('$CI_PROJECT_DIR', at)]),
  )
  return await run('bash', ['-eo', 'pipefail', script], {
    cwd: at,
    env: { ...machineEnvironment(), GITLAB_CI: 'true', ...declared, ...env },
  })
}

beforeAll(async () => {
  const { job } = component('pgwitness', { package: pack(folder) })
  const ran = await runJob({ job: { ...job, script: [] }, at: folder, env: {}, before: true })
  expect(ran, ran.stderr).toMatchObject({ code: 0 })
}, 600_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the files', () => {
  const files = readdirSync(templates, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yml'))

  test.each(files)('%s is YAML', (name) => {
    for (const document of loadAll(readFileSync(join(templates, name), 'utf8'))) expect(document).toBeTypeOf('object')
  })

  test.each(files.filter((name) => name.startsWith('github/')))('%s grants least, and no script has an expression in it', (name) => {
    const { on, permissions, jobs } = readYaml<Workflow>(join(templates, name))
    expect(Object.keys(permissions)).toContain('contents')
    expect(permissions.contents).toBe('read')
    expect(Object.keys(on)).toHaveLength(1)
    expect(Object.keys(on)).not.toContain('pull_request_target')
    const steps = Object.values(jobs).flatMap((job) => job.steps)
    for (const step of steps) {
      expect(step.run ?? '').not.toMatch(/\$\{\{/)
      expect(step.uses ?? 'x@v1').toMatch(/^[\w./-]+@v\d/)
    }
    // What posts has no code of the change.
    if ('workflow_run' in on) expect(steps.some(({ uses }) => uses?.startsWith('actions/checkout'))).toBe(false)
  })

  test('the workflows that belong together know each other', () => {
    const analyse = readYaml<Workflow>(join(templates, 'github/analyse.yml'))
    expect(readYaml<Workflow>(join(templates, 'github/post.yml')).on.workflow_run?.workflows).toEqual([analyse.name])
    expect(analyse.permissions).toEqual({ contents: 'read' })
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    for (const name of files)
      for (const [, used] of readFileSync(join(templates, name), 'utf8').matchAll(/pgwitness(?:-post)?@v?(\d[\w.]*)/g))
        expect(used).toBe(version)
  })

  test.each(['pgwitness', 'pgwitness-post'])('%s uses each of its inputs, all described and with a default', (name) => {
    const text = readFileSync(join(templates, 'templates', `${name}.yml`), 'utf8')
    for (const [input, { description, default: value, options }] of Object.entries(component(name).header.spec.inputs)) {
      expect(text).toContain(`$[[ inputs.${input} ]]`)
      expect(description).toMatch(/\.$/)
      expect(value).toBeDefined()
      if (options) expect(options).toContain(value)
    }
    // An input is a variable's value, never part of a script.
    expect(JSON.stringify(component(name, { package: 'CANARY', 'fail-on': 'CANARY', 'analysing-job': 'CANARY' }).job.script)).not.toContain(
      'CANARY',
    )
  })
})

interface Workflow {
  name: string
  on: Record<string, { workflows?: string[] }>
  permissions: Record<string, string>
  jobs: Record<string, { steps: RunStep[] }>
}

/** What GitLab sets in the pipeline of a merge request. */
function gitlabVariables(url: string, ref: StubMergeRequest, more: Record<string, string> = {}): Record<string, string> {
  return {
    CI_SERVER_URL: url,
    CI_PROJECT_ID: String(ref.repositoryId),
    CI_PROJECT_PATH: ref.repository,
    CI_PIPELINE_SOURCE: 'merge_request_event',
    CI_COMMIT_SHA: ref.headSha,
    CI_COMMIT_BEFORE_SHA: '0'.repeat(40),
    CI_MERGE_REQUEST_IID: String(ref.number),
    CI_MERGE_REQUEST_PROJECT_ID: String(ref.repositoryId),
    CI_MERGE_REQUEST_PROJECT_PATH: ref.repository,
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: String(ref.repositoryId),
    CI_MERGE_REQUEST_DIFF_BASE_SHA: ref.baseSha,
    CI_MERGE_REQUEST_EVENT_TYPE: 'detached',
    CI_MERGE_REQUEST_TITLE: '$(touch pwned) `touch pwned`',
    CI_MERGE_REQUEST_SOURCE_BRANCH_NAME: '$(touch$IFS$9pwned)',
    CI_JOB_TOKEN: 'glcbt-canary',
    ...more,
  }
}

function mirrorOf(stub: StubForge, token: string, ref: StubMergeRequest, headRef: string) {
  return mirror(folder, `${stub.url.replace('//', `//x:${token}@`)}/${ref.repository}.git`, headRef, ref.headSha)
}

async function gitlabScene(options: Partial<NewMergeRequest> = {}) {
  const stub = await startStubGitlab()
  const ref = await stub.addMergeRequest({ ...CHANGE, ...options })
  const origin = await mirrorOf(stub, stub.credentials.token, ref, `refs/merge-requests/${ref.number}/head`)
  return { stub, ref, origin, token: stub.credentials.token }
}

describe('the GitLab component', () => {
  const { job } = component('pgwitness')

  test.each([20, 1])('in a checkout of %i commits: comments, Code Quality, JSON, exit code', async (depth) => {
    const { stub, ref, origin, token } = await gitlabScene()
    await using _ = stub
    const at = checkOut(folder, origin, ref.headSha, depth)
    const { code, stdout, stderr } = await runJob({ job, at, env: gitlabVariables(stub.url, ref, { PGWITNESS_GITLAB_TOKEN: token }) })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toMatch(/migrations\/2\.sql:1 +HIGH +confirmed +require-concurrent-index[\s\S]*pgwitness: commented/)
    const [issue] = JSON.parse(readFileSync(join(at, job.artifacts?.reports.codequality ?? ''), 'utf8'))
    expect(issue).toMatchObject({ check_name: 'require-concurrent-index', location: { path: 'migrations/2.sql', lines: { begin: 1 } } })
    expect(JSON.parse(readFileSync(join(at, job.artifacts?.paths[0] ?? ''), 'utf8')).version).toBe(1)
    expect(readdirSync(at)).toContain(job.cache?.paths[0])
    expect(readdirSync(at)).not.toContain('pwned')
    const { comments, threads, statuses } = stub.state(ref)
    expect(comments.filter(({ author }) => author === stub.bot.username)).toHaveLength(1)
    expect(threads).toMatchObject([{ path: 'migrations/2.sql', line: 1 }])
    expect(statuses).toEqual([])
    expect(stub.violations).toEqual([])
  })

  test.each(['merged_result', 'merge_train'])('%s: the merge is reviewed against what it merges into', async (type) => {
    const { stub, ref, origin, token } = await gitlabScene({
      target: { 'migrations/1b.sql': 'alter table orders add column note text;\n' },
      head: { 'migrations/2.sql': 'create index orders_note on orders (note);\n' },
    })
    await using _ = stub
    const at = checkOut(folder, origin, origin.mergeSha, 1)
    const more = {
      CI_COMMIT_SHA: origin.mergeSha,
      CI_MERGE_REQUEST_EVENT_TYPE: type,
      CI_MERGE_REQUEST_SOURCE_BRANCH_SHA: ref.headSha,
      CI_MERGE_REQUEST_TARGET_BRANCH_SHA: origin.targetSha,
      PGWITNESS_GITLAB_TOKEN: token,
    }
    const { code, stdout } = await runJob({ job, at, env: gitlabVariables(stub.url, ref, more) })
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('pgwitness: commented') })
    const report = JSON.parse(readFileSync(join(at, 'pgwitness.json'), 'utf8'))
    expect(report.scripts.map(({ path }: { path: string }) => path)).toEqual(['migrations/2.sql'])
    expect(report.scripts[0].statements[0].outcome.error).toBeNull()
    expect(stub.state(ref).threads).toMatchObject([{ path: 'migrations/2.sql', line: 1 }])
  })

  test('CI_JOB_TOKEN alone: one line says why there are no comments', async () => {
    const { stub, ref, origin } = await gitlabScene()
    await using _ = stub
    const at = checkOut(folder, origin, ref.headSha, 20)
    const { code, stdout } = await runJob({ job, at, env: gitlabVariables(stub.url, ref) })
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^pgwitness: no comment, only what stands here: PGWITNESS_GITLAB_TOKEN is not set in this pipeline, and CI_JOB_TOKEN may not write comments\.$/m,
    )
    expect(stub.requests.filter(({ path }) => path.includes('/api/'))).toEqual([])
    expect(stdout).not.toContain('canary')
  })

  test('a pipeline of a fork: the same, and the way out', async () => {
    const { stub, ref, origin } = await gitlabScene({ fork: true })
    await using _ = stub
    const at = checkOut(folder, origin, ref.headSha, 20)
    const more = { CI_PROJECT_ID: '999', CI_PROJECT_PATH: 'octocat/shop', CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '999' }
    const { code, stdout } = await runJob({ job, at, env: gitlabVariables(stub.url, ref, more) })
    expect(code).toBe(1)
    expect(stdout).toMatch(/no comment.*two-stage pattern/)
  })

  test('a token that only reads: told, and the verdict stands', async () => {
    const { stub, ref, origin, token } = await gitlabScene()
    await using _ = stub
    stub.setToken('read_api')
    const at = checkOut(folder, origin, ref.headSha, 20)
    const { code, stdout } = await runJob({ job, at, env: gitlabVariables(stub.url, ref, { PGWITNESS_GITLAB_TOKEN: token }) })
    expect(code).toBe(1)
    expect(stdout).toMatch(/no comment.*scope api/)
    expect(stdout).not.toContain(token)
  })

  test('inputs reach the command; what stands in one is a value', async () => {
    const { stub, ref, origin } = await gitlabScene()
    await using _ = stub
    const at = checkOut(folder, origin, ref.headSha, 20)
    const mild = component('pgwitness', { 'fail-on': 'never', clone: 'none' }).job
    expect(await runJob({ job: mild, at, env: gitlabVariables(stub.url, ref) })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('no clone'),
    })
    for (const evil of ['$(touch pwned)', '`touch pwned`', "'; touch pwned; '"]) {
      const spoilt = { ...job, variables: { ...job.variables, PGWITNESS_FAIL_ON: evil, PGWITNESS_CLONE: evil } }
      expect(await runJob({ job: spoilt, at, env: gitlabVariables(stub.url, ref) })).toMatchObject({ code: 2 })
      expect(readdirSync(at)).not.toContain('pwned')
    }
  })

  test('a cache that the change brings along is not used', async () => {
    const { stub, ref, origin } = await gitlabScene({ head: { ...CHANGE.head, '.pgwitness-cache/poison': 'x' } })
    await using _ = stub
    const at = checkOut(folder, origin, ref.headSha, 20)
    const { stdout } = await runJob({ job, at, env: gitlabVariables(stub.url, ref) })
    expect(stdout).toContain('.pgwitness-cache is part of the repository, so no cache was used.')
    expect(readdirSync(join(at, '.pgwitness-cache'))).toEqual(['poison'])
  })

  test('a push without a merge request is reviewed against what was there before', async () => {
    const { stub, ref, origin } = await gitlabScene()
    await using _ = stub
    const at = checkOut(folder, origin, ref.headSha, 1)
    const all = gitlabVariables(stub.url, ref, { CI_COMMIT_BEFORE_SHA: ref.baseSha })
    const env = Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('CI_MERGE_REQUEST')))
    const { code, stdout } = await runJob({ job, at, env })
    expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining('this pipeline is not that of a merge request') })
  })

  test('a shallow clone that cannot fetch: which GIT_DEPTH to set', async () => {
    const { stub, ref, origin } = await gitlabScene()
    await using _ = stub
    const at = checkOut(folder, origin, ref.headSha, 1)
    git(at, 'remote', 'set-url', 'origin', 'file:///nowhere')
    const { code, stderr } = await runJob({ job, at, env: gitlabVariables(stub.url, ref) })
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('`GIT_DEPTH: 0`') })
  })
})

/** What the untrusted half uploads, made by the program itself; `spoil` changes it. */
async function analysed(spoil: (report: Report) => unknown = (report) => report): Promise<string> {
  report ??= await analyse()
  const changed = spoil(JSON.parse(report))
  return typeof changed === 'string' ? changed : JSON.stringify(changed)
}

let report: string | undefined
async function analyse(): Promise<string> {
  const at = mkdtempSync(join(folder, 'analysed-'))
  git(at, 'init', '--quiet', '--initial-branch=main', '.')
  writeFileSync(join(at, '3.sql'), 'create index orders_email on orders (email);\n')
  const args = ['review', '3.sql', '--format', 'json', '--fail-on', 'never', '--no-cache']
  const made = JSON.parse((await run(program, args, { cwd: at, env: machineEnvironment() })).stdout) as Report
  for (const finding of made.findings) finding.path = 'migrations/2.sql'
  return JSON.stringify(made)
}

interface Report {
  version: number
  notes: string[]
  findings: Array<Record<string, unknown> & { path: string; message: string; citations: object[] }>
}

describe('the two stages on GitHub', () => {
  const { jobs } = readYaml<Workflow>(join(templates, 'github/post.yml'))
  const post = jobs.post?.steps.find(({ run: line }) => line) ?? {}

  async function scene(options: { report: string; number?: string; event?: object }) {
    const stub = await startStubGithub()
    const ref = await stub.addMergeRequest({ ...CHANGE, fork: true })
    const other = await stub.addMergeRequest({ ...CHANGE, author: 'victim' })
    const pull = await pullOf(stub.url, stub.credentials.actionsToken, ref)
    const temp = mkdtempSync(join(folder, 'temp-'))
    const artifact = join(temp, 'report')
    await run('mkdir', ['-p', artifact], { cwd: temp, env: machineEnvironment() })
    writeFileSync(join(artifact, 'review.json'), options.report)
    writeFileSync(join(artifact, 'number'), options.number ?? String(ref.number))
    const eventPath = join(temp, 'event.json')
    const workflowRun = {
      event: 'pull_request',
      head_sha: ref.headSha,
      head_branch: pull.head.ref,
      head_repository: { id: pull.head.repo.id },
      pull_requests: [],
      ...options.event,
    }
    writeFileSync(eventPath, JSON.stringify({ workflow_run: workflowRun, repository: { id: ref.repositoryId, full_name: ref.repository } }))
    const values = { 'runner.temp': temp, 'github.token': stub.credentials.actionsToken }
    const env = {
      ...machineEnvironment(),
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'workflow_run',
      GITHUB_EVENT_PATH: eventPath,
      GITHUB_API_URL: stub.url,
    }
    const line = (post.run ?? '').replace(/npx --yes pgwitness@\S+/, `"${program}"`)
    expect(line).not.toBe(post.run)
    const result = await runStep({ ...post, run: line }, { cwd: temp, env, values, folder })
    return { stub, ref, other, temp, result }
  }

  test('the report is posted at the pull request of the fork: comment, thread, check run', async () => {
    const { stub, ref, other, result } = await scene({ report: await analysed() })
    await using _ = stub
    expect(result).toMatchObject({ code: 0, stdout: 'pgwitness: published\n', stderr: '' })
    expect(stub.state(ref)).toMatchObject({
      comments: [{ author: 'github-actions[bot]', body: expect.stringContaining('require-concurrent-index') }],
      threads: [{ path: 'migrations/2.sql', line: 1 }],
      statuses: [{ sha: ref.headSha }],
    })
    expect(stub.state(other).comments).toEqual([])
    expect(stub.violations).toEqual([])
  })

  test('a number that is another pull request: refused, although the artifact says so', async () => {
    const { stub, ref, other, result } = await scene({ report: await analysed(), number: '2' })
    await using _ = stub
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('The report is not about #2') })
    for (const one of [ref, other]) expect(stub.state(one)).toMatchObject({ comments: [], threads: [], statuses: [] })
  })

  test.each([
    ['branch', { head_branch: 'another' }],
    ['repository', { head_repository: { id: 1 } }],
    ['repository that is gone', { head_repository: null }],
  ])('another %s than that of the run: refused', async (_, event) => {
    const { stub, ref, result } = await scene({ report: await analysed(), event })
    await using __ = stub
    expect(result.code).toBe(2)
    expect(stub.state(ref).comments).toEqual([])
  })

  test('a newer commit by now: nothing is posted, and that is no failure', async () => {
    const { stub, ref, result } = await scene({ report: await analysed(), event: { head_sha: 'a'.repeat(40) } })
    await using _ = stub
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('another commit by now') })
    expect(stub.state(ref).comments).toEqual([])
  })

  test.each(['$(touch pwned)', '1 --help', '`id`', '', '-1', '1\n2'])('a number %j is refused', async (number) => {
    const { stub, temp, result } = await scene({ report: await analysed(), number })
    await using _ = stub
    expect(result.code).toBe(2)
    expect(readdirSync(temp)).not.toContain('pwned')
  })

  test.each<[string, (report: Report) => unknown]>([
    ['is no JSON', () => '{"version": 1'],
    ['is of another version', (report) => ({ ...report, version: 2 })],
    ['has fields nobody knows', (report) => ({ ...report, html: '<script>' })],
    ['lacks its findings', ({ findings: _, ...report }) => report],
    [
      'has a fingerprint that is none',
      (report) => ({ ...report, findings: report.findings.map((one) => ({ ...one, fingerprint: 'x -->' })) }),
    ],
    ['has a rule that is none', (report) => ({ ...report, findings: report.findings.map((one) => ({ ...one, rule: '`x`\n# y' })) })],
    ['has a text beyond all measure', (report) => ({ ...report, notes: ['x'.repeat(1_000_000)] })],
    ['has more findings than a report has', (report) => ({ ...report, findings: Array.from({ length: 6000 }, () => report.findings[0]) })],
    ['is larger than a report is', (report) => `${JSON.stringify(report)}${' '.repeat(21 * 1024 * 1024)}`],
  ])('a report that %s is refused', async (_, spoil) => {
    const { stub, ref, result } = await scene({ report: await analysed(spoil) })
    await using __ = stub
    expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(/^pgwitness: .*(?:report|review\.json)/) })
    expect(result.stderr.length).toBeLessThan(600)
    expect(stub.state(ref)).toMatchObject({ comments: [], threads: [], statuses: [] })
  })

  test('texts of the report are hostile: no mention, image, link, HTML, marker or suggestion of theirs is posted', async () => {
    const evil =
      '@acme/everyone ![x](https://evil.example/x.png) [click](https://evil.example) <img src=x> <!-- pgwitness:summary --> ```suggestion\nx\n```'
    const spoilt = await analysed((given) => ({
      ...given,
      notes: [evil],
      findings: given.findings.map((one) => ({
        ...one,
        title: evil,
        message: evil,
        explanation: evil,
        citations: [{ title: 'Docs', url: 'https://evil.example/docs', quote: evil }],
        fix: { text: evil, replacement: `${evil}`, steps: null },
      })),
    }))
    const { stub, ref, result } = await scene({ report: spoilt })
    await using _ = stub
    expect(result.code).toBe(0)
    const { comments, threads } = stub.state(ref)
    const bodies = [...comments, ...threads.flatMap((thread) => thread.comments)].map(({ body }) => body)
    expect(bodies.length).toBeGreaterThan(1)
    for (const html of bodies.map(rendered)) {
      expect(html).not.toMatch(/<img|(?:href|src)="[^"]*evil|language-suggestion/)
      expect(proseOf(html)).not.toContain('@acme')
      // Ours alone, at its start.
      expect(html.replace(/^(?:<!-- pgwitness:[^<>]* -->\s*)+/, '')).not.toContain('<!--')
    }
  })
})

async function pullOf(url: string, token: string, ref: StubMergeRequest): Promise<{ head: { ref: string; repo: { id: number } } }> {
  const response = await fetch(`${url}/repos/${ref.repository}/pulls/${ref.number}`, {
    headers: { authorization: `Bearer ${token}`, 'user-agent': 'test' },
  })
  return (await response.json()) as { head: { ref: string; repo: { id: number } } }
}

describe('the two stages on GitLab', () => {
  const { job } = component('pgwitness-post')

  /** In front of the stub: the pipeline of the fork, its jobs and their artifact. */
  async function withPipeline(stub: StubForge, ref: StubMergeRequest, pipeline: object, report: string) {
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const path = (request.url ?? '').replace(/\?.*/, '')
      const send = (body: unknown) => response.end(typeof body === 'string' ? body : JSON.stringify(body))
      if (/\/pipelines\/77\/jobs$/.test(path))
        return send([
          { id: 5, name: 'lint' },
          { id: 8, name: 'pgwitness' },
        ])
      if (/\/jobs\/8\/artifacts\/pgwitness\.json$/.test(path)) return send(report)
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => name !== 'host' && name !== 'connection'),
      ) as Record<string, string>
      const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}
      const answer = await fetch(`${stub.url}${request.url}`, { method: request.method ?? 'GET', headers, ...body })
      const text = await answer.text()
      response.writeHead(answer.status, {
        'content-type': 'application/json',
        ...(answer.headers.get('link') && { link: answer.headers.get('link') ?? '' }),
      })
      const isRequest = request.method === 'GET' && path.endsWith(`/merge_requests/${ref.number}`)
      send(isRequest ? { ...JSON.parse(text), head_pipeline: pipeline } : text)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      [Symbol.dispose]: () => {
        server.closeAllConnections()
        server.close()
      },
    }
  }

  async function post(pipeline: (source: number, headSha: string) => object, report: string) {
    const stub = await startStubGitlab()
    const ref = await stub.addMergeRequest({ ...CHANGE, fork: true })
    const shown = await fetch(`${stub.url}/api/v4/projects/${ref.repositoryId}/merge_requests/${ref.number}`, {
      headers: { 'private-token': stub.credentials.token },
    })
    const { source_project_id: source } = (await shown.json()) as { source_project_id: number }
    using proxy = await withPipeline(stub, ref, pipeline(source, ref.headSha), report)
    const env = {
      CI_SERVER_URL: proxy.url,
      CI_PROJECT_ID: String(ref.repositoryId),
      CI_PROJECT_PATH: ref.repository,
      CI_PIPELINE_SOURCE: 'web',
      PGWITNESS_MERGE_REQUEST: String(ref.number),
      PGWITNESS_GITLAB_TOKEN: stub.credentials.token,
    }
    const result = await runJob({ job, at: mkdtempSync(join(folder, 'empty-')), env })
    return { stub, ref, result }
  }

  test("the report of the fork's pipeline is posted: notes, thread and status", async () => {
    const { stub, ref, result } = await post((project_id, sha) => ({ id: 77, sha, ref: 'x', project_id }), await analysed())
    await using _ = stub
    expect(result).toMatchObject({ code: 0, stdout: 'pgwitness: published\n', stderr: '' })
    const { comments, threads, statuses } = stub.state(ref)
    expect(comments.filter(({ author }) => author === stub.bot.username)).toHaveLength(1)
    expect(threads).toMatchObject([{ path: 'migrations/2.sql', line: 1 }])
    expect(statuses).toMatchObject([{ sha: ref.headSha }])
  })

  test('a pipeline of an older commit: nothing is posted', async () => {
    const { stub, ref, result } = await post((project_id) => ({ id: 77, sha: 'a'.repeat(40), ref: 'x', project_id }), await analysed())
    await using _ = stub
    expect(result).toMatchObject({ code: 0, stdout: expect.stringContaining('another commit by now') })
    expect(stub.state(ref).threads).toEqual([])
  })

  test('a pipeline of a third project, or none: refused', async () => {
    for (const pipeline of [{ id: 77, sha: 'a'.repeat(40), ref: 'x', project_id: 4711 }, null]) {
      const { stub, result } = await post(() => pipeline as object, await analysed())
      await using _ = stub
      expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(/pipeline/) })
    }
  })

  test('a report that is none: refused', async () => {
    const { stub, ref, result } = await post((project_id, sha) => ({ id: 77, sha, ref: 'x', project_id }), '{"version":1}')
    await using _ = stub
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining('docs/review.schema.json') })
    expect(stub.state(ref).threads).toEqual([])
  })
})

test('the analysing workflow says which pull request it is, whatever its title and branch', async () => {
  const { jobs } = readYaml<Workflow>(join(templates, 'github/analyse.yml'))
  const step = jobs.pgwitness?.steps.find(({ run: line }) => line) ?? {}
  const at = mkdtempSync(join(folder, 'number-'))
  await runStep(step, { cwd: at, env: machineEnvironment(), values: { 'github.event.pull_request.number': '7' }, folder })
  expect(readFileSync(join(at, 'pgwitness/number'), 'utf8')).toBe('7')
})
