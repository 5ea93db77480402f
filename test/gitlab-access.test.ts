/** How GitLab is asked: tokens, errors, limits, rights, files. */
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServiceError, UserError } from '../src/errors.ts'
import { type Forge, Gone, type MergeRequestRef } from '../src/forges/forge.ts'
import { gitlabForge } from '../src/forges/gitlab.ts'
import type { StubMergeRequest } from '../src/simulation/stub-forge.ts'
import { type StubGitlab, startStubGitlab } from '../src/simulation/stub-gitlab.ts'
import { type StubReply, type StubRequest, startStubServer } from '../src/simulation/stub-server.ts'
import { version } from '../src/version.ts'

const signal = AbortSignal.timeout(10 * 60_000)
const TOKEN = 'canary-token-of-gitlab'
const REF: MergeRequestRef = { forge: 'gitlab', repository: 'acme/shop', repositoryId: 5, number: 1 }
const failure = async (asked: Promise<unknown>): Promise<unknown> => asked.then(() => undefined).catch((error: unknown) => error)

/** An instance that answers one way, and what it was asked. */
async function instance(answer: (request: StubRequest) => StubReply) {
  const asked: StubRequest[] = []
  const server = await startStubServer({
    answer: (request) => {
      asked.push(request)
      return answer(request)
    },
    errorBody: () => ({}),
    onMistake: () => undefined,
  })
  return { asked, url: server.url, misbehave: server.misbehave, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

describe('a request', () => {
  test('names the token, and who asks', async () => {
    await using gitlab = await instance(() => ({ status: 200, body: { id: 1, username: 'x' } }))
    await gitlabForge({ url: gitlab.url, token: TOKEN }).fetchIdentity(signal)
    expect(gitlab.asked).toMatchObject([
      { path: '/api/v4/user', headers: { 'private-token': TOKEN, 'user-agent': `pgwitness/${version}` } },
    ])
  })

  test('goes to an instance below a path', async () => {
    await using gitlab = await instance(() => ({ status: 200, body: { id: 1, username: 'x' } }))
    await gitlabForge({ url: `${gitlab.url}/git/`, token: TOKEN }).fetchIdentity(signal)
    expect(gitlab.asked).toMatchObject([{ path: '/git/api/v4/user' }])
  })

  test('follows no redirect, with which the token would go elsewhere', async () => {
    await using other = await instance(() => ({ status: 200, body: { id: 1, username: 'x' } }))
    await using gitlab = await instance(() => ({ status: 302, headers: { location: `${other.url}/api/v4/user` } }))
    const error = await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchIdentity(signal))
    expect(error).toBeInstanceOf(UserError)
    expect(`${error}`).toContain('PGWITNESS_GITLAB_URL')
    expect(other.asked).toEqual([])
  })

  test('ends with its caller', async () => {
    await using gitlab = await instance(() => ({ status: 200, body: { id: 1, username: 'x' } }))
    const reason = new Error('stopping')
    expect(await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchIdentity(AbortSignal.abort(reason)))).toBe(reason)
    const stopping = new AbortController()
    gitlab.misbehave({ delayMs: 60_000 })
    setTimeout(() => stopping.abort(reason), 20)
    expect(await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchIdentity(stopping.signal))).toBe(reason)
  })

  test('of a list ends, also when every page names a next one', async () => {
    await using gitlab = await instance(({ path, query }) => ({
      status: 200,
      headers: { link: `<https://elsewhere.example${path}?page=${Number(query.get('page') ?? 1) + 1}>; rel="next"` },
      body: [],
    }))
    expect(await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchDiff(REF as never, signal))).toBeInstanceOf(UserError)
    expect(gitlab.asked.length).toBe(100)
    expect(gitlab.asked.at(-1)?.query.get('page')).toBe('100')
  })
})

test.each([
  ['no token', 'https://gitlab.example.com', ' '],
  ['a token that is no header', 'https://gitlab.example.com', 'canary\ncanary'],
  ['no address', 'gitlab.example.com', TOKEN],
  ['an address with a password', 'https://oauth2:canary@gitlab.example.com', TOKEN],
  ['an address of something else', 'file:///canary', TOKEN],
])('%s is refused at the start, and not quoted', (_, url, token) => {
  const start = () => gitlabForge({ url, token })
  expect(start).toThrow(UserError)
  expect(start).not.toThrow(/canary/)
})

describe('a failure', () => {
  const reset = () => String(Math.floor(Date.now() / 1000) + 90)
  test.each([
    ['401', { status: 401, body: { message: '401 Unauthorized' } }, UserError, /scope api.*role Developer.*PGWITNESS_GITLAB_TOKEN/],
    ['a scope too narrow', { status: 403, body: { error: 'insufficient_scope', scope: 'api' } }, UserError, /needs the scope api/],
    ['403', { status: 403, body: { message: '403 Forbidden' } }, UserError, /role Reporter/],
    ['404', { status: 404, body: { message: '404 Project Not Found' } }, Gone, /Project Not Found/],
    ['500', { status: 500, body: { message: '500 Internal Server Error' } }, ServiceError, /500/],
    ['a page of a proxy', { status: 502, body: '<html>no</html>' }, ServiceError, /502/],
    ['something else than GitLab', { status: 200, body: '<html>Sign in</html>' }, ServiceError, /not JSON/],
    ['another shape', { status: 200, body: { iid: 'x' } }, ServiceError, /something else/],
    [
      'a new merge request that GitLab still prepares',
      {
        status: 200,
        body: {
          iid: 1,
          project_id: 5,
          title: '',
          web_url: '',
          state: 'opened',
          author: { id: 1, username: 'a' },
          source_branch: 'a',
          target_branch: 'b',
          diff_refs: { base_sha: null, head_sha: null, start_sha: null },
        },
      },
      ServiceError,
      /prepared/,
    ],
  ])('%s', async (_, reply, kind, text) => {
    await using gitlab = await instance(() => reply)
    const error = await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchMergeRequest(REF, signal))
    expect(error).toBeInstanceOf(kind)
    expect(`${error}`).toMatch(text)
  })

  test.each([
    ['seconds', { 'retry-after': '7' }, 7_000, 7_000],
    ['a date', { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }, 1, 60_000],
    ["GitLab's own header", { 'ratelimit-reset': reset() }, 1, 90_000],
    ['nothing, as for notes', {}, 60_000, 60_000],
    ['nonsense', { 'retry-after': 'soon' }, 60_000, 60_000],
    ['a year', { 'retry-after': '31536000' }, 3_600_000, 3_600_000],
  ])('429 says when to come back, and is not asked again: %s', async (_, headers, least, most) => {
    await using gitlab = await instance(() => ({ status: 429, headers, body: 'Retry later\n' }))
    const error = await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchMergeRequest(REF, signal))
    expect(error).toBeInstanceOf(ServiceError)
    expect((error as ServiceError).retryAfterMs).toBeGreaterThanOrEqual(least)
    expect((error as ServiceError).retryAfterMs).toBeLessThanOrEqual(most)
    expect(gitlab.asked).toHaveLength(1)
  })

  test('of the server waits only as it says itself, not for the limit that every answer tells', async () => {
    await using gitlab = await instance(() => ({ status: 503, headers: { 'ratelimit-reset': reset() } }))
    expect(await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchMergeRequest(REF, signal))).toMatchObject({
      retryAfterMs: undefined,
    })
  })

  test.each([{ reset: true }, { truncate: true }])('of the network: %j', async (fault) => {
    await using gitlab = await instance(() => ({ status: 200, body: { id: 1, username: 'x'.repeat(1000) } }))
    gitlab.misbehave({ ...fault, times: 3 })
    expect(await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchIdentity(signal))).toBeInstanceOf(ServiceError)
    const nobody = gitlabForge({ url: 'http://127.0.0.1:1', token: TOKEN })
    expect(await failure(nobody.fetchIdentity(signal))).toBeInstanceOf(ServiceError)
  })

  test('of the certificate is told as what the operator can put right', async () => {
    const file = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures/dblab/tls', name))
    const server = createServer({ key: file('engine.key'), cert: file('engine.pem') }, () => expect.unreachable('The token was sent'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const error = await failure(gitlabForge({ url, token: TOKEN }).fetchIdentity(signal))
    server.close()
    expect(error).toBeInstanceOf(UserError)
    expect(`${error}`).toContain('NODE_EXTRA_CA_CERTS')
  })

  test.each([400, 401, 403, 404, 422, 429, 500])('%i shows neither the token nor what steers a terminal', async (status) => {
    const message = { base: [`${TOKEN} is bad \u001b[31m\u202e`, 'x'.repeat(5000)] }
    await using gitlab = await instance(() => ({ status, body: { message } }))
    const error = (await failure(gitlabForge({ url: gitlab.url, token: TOKEN }).fetchIdentity(signal))) as Error
    const text = `${error.message} ${JSON.stringify(error)} ${error.stack} ${error.cause}`
    expect(text).not.toContain(TOKEN)
    expect(text).not.toMatch(/[\u001b\u202e]/)
    expect(error.message.length).toBeLessThan(700)
  })
})

describe("a job's token", () => {
  test('reads as itself', async () => {
    await using gitlab = await instance(() => ({ status: 200, body: { id: 9, user: { id: 3, username: 'ada' } } }))
    const forge = gitlabForge({ url: gitlab.url, token: TOKEN, tokenKind: 'job' })
    expect(await forge.fetchIdentity(signal)).toEqual({ id: 3, login: 'ada', isBot: false })
    expect(gitlab.asked).toMatchObject([{ path: '/api/v4/job', headers: { 'job-token': TOKEN } }])
    const { authorization } = await forge.fetchGitAccess(REF, signal)
    expect(authorization).toBe(`Basic ${Buffer.from(`gitlab-ci-token:${TOKEN}`).toString('base64')}`)
  })

  test('writes nothing: that is said without asking', async () => {
    await using gitlab = await instance(() => ({ status: 200, body: [] }))
    const forge = gitlabForge({ url: gitlab.url, token: TOKEN, tokenKind: 'job' })
    const error = await failure(forge.ensureReaction(REF, undefined, signal))
    expect(error).toBeInstanceOf(UserError)
    expect(`${error}`).toMatch(/CI_JOB_TOKEN.*project access token.*scope api.*role Developer/)
    expect(gitlab.asked).toEqual([])
  })

  test('is taken for nobody where GitLab does not know it: that is no missing merge request', async () => {
    await using gitlab = await instance(() => ({ status: 404, body: { message: '404 Project Not Found' } }))
    const forge = gitlabForge({ url: gitlab.url, token: TOKEN, tokenKind: 'job' })
    expect(await failure(forge.fetchDiff(REF as never, signal))).toBeInstanceOf(UserError)
    expect(await failure(forge.fetchMergeRequest(REF, signal))).toBeInstanceOf(Gone)
  })
})

describe('on a GitLab', () => {
  let stub: StubGitlab
  let ref: StubMergeRequest
  let forge: Forge
  beforeEach(async () => {
    stub = await startStubGitlab()
    const base = { 'a/b #1%.sql': 'SELECT 1;\n', 'data.json': '{"a":1}\n', 'one.sql': '1\n' }
    ref = await stub.addMergeRequest({ repository: 'acme/shop', base, head: { 'two.sql': 'ü\n' }, title: 'Add two', draft: true })
    forge = gitlabForge({ url: stub.url, token: stub.credentials.token })
  })
  afterEach(async () => {
    const { violations } = stub
    await stub[Symbol.asyncDispose]()
    expect(violations).toEqual([])
  })

  test('a merge request is as it stands', async () => {
    expect(await forge.fetchMergeRequest(ref, signal)).toMatchObject({
      repository: 'acme/shop',
      state: 'open',
      isDraft: true,
      headSha: ref.headSha,
      baseSha: ref.baseSha,
      author: { login: 'octocat', isBot: false },
    })
    stub.webhook('closed', ref)
    expect(await forge.fetchMergeRequest(ref, signal)).toMatchObject({ state: 'closed' })
    stub.setPreparing(ref, true)
    expect(await failure(forge.fetchMergeRequest(ref, signal))).toMatchObject({ name: 'ServiceError', retryAfterMs: 5000 })
    stub.deleteMergeRequest(ref)
    expect(await failure(forge.fetchMergeRequest(ref, signal))).toBeInstanceOf(Gone)
  })

  test('files that GitLab folds up or finds too large have no lines', async () => {
    const file = { old_path: 'x', new_path: 'x', new_file: false, renamed_file: false, deleted_file: false, diff: '@@ -1 +1 @@\n-a\n+b\n' }
    stub.misbehave({
      path: '/diffs',
      status: 200,
      body: [file, { ...file, collapsed: true }, { ...file, too_large: true }, { ...file, diff: '' }],
    })
    const diff = await forge.fetchDiff(await forge.fetchMergeRequest(ref, signal), signal)
    expect(diff.map(({ lines }) => lines.length)).toEqual([2, 0, 0, 0])
  })

  test('a fork may be gone', async () => {
    const fork = await stub.addMergeRequest({ repository: 'acme/shop', base: {}, head: { 'x.sql': '1\n' }, fork: true })
    expect((await forge.fetchMergeRequest(fork, signal)).source.repositoryId).toEqual(expect.any(Number))
    stub.deleteFork(fork)
    expect((await forge.fetchMergeRequest(fork, signal)).source.repositoryId).toBeUndefined()
  })

  test.each([
    ['valid', undefined],
    ['read_api', /scope api/],
    ['expired', /expired/],
    ['revoked', /revoked/],
  ] as const)('a token that is %s', async (state, text) => {
    const request = await forge.fetchMergeRequest(ref, signal)
    stub.setToken(state)
    const error = await failure(forge.ensureSummary(request, 'x', signal))
    if (text === undefined) return expect(error).toBeUndefined()
    expect(error).toBeInstanceOf(UserError)
    expect(`${error}`).toMatch(text)
  })

  test('permission is asked of the members', async () => {
    const ask = async (login: string) => {
      const { id } = await stub.comment(ref, login, 'hi')
      const found = await forge.fetchComment(ref, { id, place: 'conversation' }, signal)
      return forge.fetchPermission(ref, found?.author ?? { id: 0, login, isBot: false }, signal)
    }
    for (const [access, permission] of [
      [0, 'none'],
      [10, 'read'],
      [20, 'read'],
      [30, 'write'],
      [40, 'write'],
      [50, 'write'],
    ] as const) {
      stub.setAccess(ref, 'ada', access)
      expect([access, await ask('ada')]).toEqual([access, permission])
    }
    stub.setVisibility(ref, 'public')
    expect(await ask('guest')).toBe('read')
    expect(await forge.fetchPermission(ref, { id: 999_999, login: 'nobody', isBot: false }, signal)).toBe('none')
  })

  test.each([
    ['blocked', { access_level: 40, state: 'blocked' }, 'none'],
    ['awaiting a seat', { access_level: 40, state: 'active', membership_state: 'awaiting' }, 'none'],
    ['over', { access_level: 40, state: 'active', expires_at: '2020-01-01' }, 'none'],
    ['for some time yet', { access_level: 40, state: 'active', expires_at: '2999-01-01' }, 'write'],
    ['minimal access', { access_level: 5, state: 'active' }, 'none'],
  ])('membership: %s', async (_, body, permission) => {
    stub.misbehave({ path: '/members/all/', status: 200, body })
    expect(await forge.fetchPermission(ref, { id: 103, login: 'x', isBot: false }, signal)).toBe(permission)
  })

  test('the repository comes by the API where git is closed, and no link is followed', async () => {
    const tree = forge.treeByApi(ref, ref.headSha, signal)
    expect(await tree.list()).toEqual(['a/b #1%.sql', 'data.json', 'one.sql', 'two.sql'])
    expect(await tree.read('a/b #1%.sql')).toBe('SELECT 1;\n')
    expect(await tree.read('data.json')).toBe('{"a":1}\n')
    expect(await tree.read('two.sql')).toBe('ü\n')
    expect(await tree.read('../secret')).toBeUndefined()
    expect(await forge.treeByApi(ref, ref.baseSha, signal).read('two.sql')).toBeUndefined()
    const entries = [
      { path: 'link.sql', type: 'blob', mode: '120000' },
      { path: 'module', type: 'commit', mode: '160000' },
      { path: 'a', type: 'tree', mode: '040000' },
      { path: 'binary.sql', type: 'blob', mode: '100644' },
      { path: 'gone.sql', type: 'blob', mode: '100755' },
    ]
    stub.misbehave({ path: '/repository/tree', status: 200, body: entries })
    stub.misbehave({ path: '/files/binary', status: 200, body: Buffer.from([1, 0, 2]) })
    const other = forge.treeByApi(ref, ref.headSha, signal)
    expect(await other.list()).toEqual(['binary.sql', 'gone.sql'])
    for (const path of ['link.sql', 'module', 'binary.sql', 'gone.sql']) expect(await other.read(path)).toBeUndefined()
  })

  test('a large repository is listed whole', async () => {
    const files = Object.fromEntries(Array.from({ length: 230 }, (_, index) => [`m/${String(index).padStart(3, '0')}.sql`, '1\n']))
    const large = await stub.addMergeRequest({ repository: 'acme/large', base: files, head: { 'x.sql': '1\n' } })
    expect(await forge.treeByApi(large, large.headSha, signal).list()).toHaveLength(231)
    expect(stub.requests.filter(({ path }) => path.includes('/repository/tree'))).toHaveLength(3)
  })

  test('a failed listing is asked for again', async () => {
    stub.misbehave({ path: '/repository/tree', status: 500, times: 3 })
    const tree = forge.treeByApi(ref, ref.headSha, signal)
    expect(await failure(tree.read('one.sql'))).toBeInstanceOf(ServiceError)
    expect(await tree.read('one.sql')).toBe('1\n')
  })

  test('git gets the head of a fork with what the forge says', async () => {
    const fork = await stub.addMergeRequest({ repository: 'acme/backend/other', base: {}, head: { 'x.sql': '1\n' }, fork: true })
    const { url, authorization, headRef } = await forge.fetchGitAccess(fork, signal)
    expect(url).not.toContain(stub.credentials.token)
    const folder = mkdtempSync(join(tmpdir(), 'pgwitness-gitlab-'))
    try {
      const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0' }
      execFileSync('git', ['init', '--quiet', folder], { env })
      const args = ['-C', folder, '-c', `http.extraHeader=Authorization: ${authorization}`, 'fetch', '--quiet', url, headRef(fork.number)]
      await promisify(execFile)('git', args, { env })
      expect(execFileSync('git', ['-C', folder, 'rev-parse', 'FETCH_HEAD'], { env, encoding: 'utf8' }).trim()).toBe(fork.headSha)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('a comment is answered in its place, once, and has eyes', async () => {
    const plain = await stub.comment(ref, 'ada', '@pgwitness help')
    for (const body of ['Help.', 'Help.', 'More help.']) await forge.ensureReply(ref, plain, body, signal)
    for (const _ of [1, 2]) await forge.ensureReaction(ref, plain, signal)
    const [asked, answer] = stub.state(ref).comments
    expect(asked).toMatchObject({ reactions: ['eyes'] })
    expect(answer).toMatchObject({ author: 'pgwitness', body: `<!-- pgwitness:reply ${plain.id} -->\nMore help.` })
    stub.misbehave({ method: 'POST', path: '/notes', reset: true, isCarriedOut: true })
    const second = await stub.comment(ref, 'ada', 'again', plain.thread)
    expect(await failure(forge.ensureReply(ref, second, 'Again.', signal))).toBeInstanceOf(ServiceError)
    const url = await forge.ensureReply(ref, { ...second, thread: undefined }, 'Again.', signal)
    expect(stub.state(ref).comments).toHaveLength(4)
    expect(url).toBe(`${stub.url}/acme/shop/-/merge_requests/1#note_${stub.state(ref).comments.at(-1)?.id}`)
  })

  test('a comment that is gone is', async () => {
    const comment = await stub.comment(ref, 'ada', 'x')
    stub.deleteComment(ref, comment.id)
    expect(await forge.fetchComment(ref, comment, signal)).toBeUndefined()
    expect(await forge.fetchComment(ref, { ...comment, thread: undefined }, signal)).toBeUndefined()
    for (const thread of [comment.thread, undefined]) {
      expect(await failure(forge.ensureReply(ref, { ...comment, thread }, 'x', signal))).toBeInstanceOf(Gone)
    }
    expect(await failure(forge.ensureReaction(ref, comment, signal))).toBeInstanceOf(Gone)
  })

  test('a comment says which of ours its thread began with', async () => {
    const request = await forge.fetchMergeRequest(ref, signal)
    await forge.ensureThreads(request, [{ key: 'k:1', path: 'two.sql', line: 1, endLine: 1, body: 'x' }], new Set(), signal)
    const thread = stub.state(ref).threads[0]?.id as string
    const comment = await stub.comment(ref, 'ada', 'why?', thread)
    expect(await forge.fetchComment(ref, comment, signal)).toMatchObject({ author: { login: 'ada' }, text: 'why?', key: 'k:1' })
    const other = await stub.comment(ref, 'mallory', '<!-- pgwitness:thread k:1 -->\nx')
    expect(await forge.fetchComment(ref, other, signal)).toMatchObject({ key: undefined })
  })
})
