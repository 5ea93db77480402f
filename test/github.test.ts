/** What is GitHub's own; what all forges do is in forge-contract.test.ts. */
import { generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ServiceError, UserError } from '../src/errors.ts'
import { type Forge, Gone, type InlineComment, type MergeRequest, type Status } from '../src/forges/forge.ts'
import { githubWebhooks } from '../src/forges/github/webhooks.ts'
import { type GithubOptions, githubForge } from '../src/forges/github.ts'
import type { StubMergeRequest } from '../src/simulation/stub-forge.ts'
import { primaryLimit, type StubGithub, secondaryLimit, startStubGithub } from '../src/simulation/stub-github.ts'

const { signal } = new AbortController()
const STATUS: Status = { state: 'failure', title: 'One finding', summary: 'Look.', annotations: [] }
const AT_ONE: InlineComment = { key: 'one', path: 'a.sql', line: 1, endLine: 1, body: 'About one.' }

let stub: StubGithub
let ref: StubMergeRequest

beforeEach(async () => {
  stub = await startStubGithub()
  ref = await proposed()
})

afterEach(async () => {
  const { violations } = stub
  await stub[Symbol.asyncDispose]()
  expect(violations).toEqual([])
})

function proposed(more: { base?: Record<string, string>; head?: Record<string, string>; fork?: boolean; repository?: string } = {}) {
  return stub.addMergeRequest({
    repository: 'octo/shop',
    base: { 'b.sql': 'SELECT 1;\n' },
    head: { 'a.sql': 'SELECT 1;\nSELECT 2;\n' },
    ...more,
  })
}

function asApp(more: Partial<GithubOptions> = {}) {
  const { appId, privateKey } = stub.credentials
  return githubForge({ appId, privateKey, baseUrl: stub.url, ...more } as GithubOptions)
}

function asWorkflow() {
  return githubForge({ token: stub.credentials.actionsToken, baseUrl: stub.url })
}

const failed = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => new Error('It went well'),
    (error: Error) => error,
  )
const requested = (): MergeRequest | Promise<MergeRequest> => asApp().fetchMergeRequest(ref, signal)

describe('who we are', () => {
  test('an App is its bot, a workflow is github-actions, a person is a person', async () => {
    expect(await asApp().fetchIdentity(signal)).toMatchObject({ login: 'pgwitness[bot]', isBot: true })
    expect(await asWorkflow().fetchIdentity(signal)).toMatchObject({ login: 'github-actions[bot]', isBot: true })
    const person = githubForge({ token: stub.credentials.token, baseUrl: `${stub.url}/` })
    expect(await person.fetchIdentity(signal)).toMatchObject({ login: 'ci-robot', isBot: false })
  })

  test('a key may come as GitHub gives it, on one line, or in base64; the App may be named by its client id', async () => {
    const { privateKey, clientId } = stub.credentials
    for (const key of [privateKey, privateKey.replaceAll('\n', '\\n'), Buffer.from(privateKey).toString('base64')])
      expect((await asApp({ appId: clientId, privateKey: key }).fetchIdentity(signal)).login).toBe('pgwitness[bot]')
  })

  test('a key that is none is told without it, at once', () => {
    for (const privateKey of ['', 'canary', '-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----']) {
      expect(() => asApp({ privateKey })).toThrow(UserError)
      expect(() => asApp({ privateKey })).not.toThrow(/canary/)
    }
    expect(() => githubForge({ token: '' })).toThrow(UserError)
    expect(() => githubForge({ token: 'canary canary' })).toThrow(/^(?!.*canary)/)
  })

  test('the key of another App does not count', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const other = asApp({ privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() })
    expect(await failed(other.fetchMergeRequest(ref, signal))).toBeInstanceOf(UserError)
  })

  test('the installation is found when nobody told it', async () => {
    const { installation: _, ...plain } = ref
    expect((await asApp().fetchMergeRequest(plain, signal)).headSha).toBe(ref.headSha)
  })

  test('tokens are asked for once, and anew when they are taken back before their time', async () => {
    const forge = asApp()
    await forge.fetchMergeRequest(ref, signal)
    await forge.fetchMergeRequest(ref, signal)
    const tokens = () => stub.requests.filter(({ path }) => path.endsWith('/access_tokens')).length
    expect(tokens()).toBe(1)
    // Of a token some seconds old the library thinks that it has not got around yet, and waits.
    const expire = () => {
      stub.expireTokens()
      vi.setSystemTime(Date.now() + 60_000)
    }
    vi.useFakeTimers({ toFake: ['Date'] })
    expire()
    expect((await forge.fetchMergeRequest(ref, signal)).headSha).toBe(ref.headSha)
    const request = await requested()
    expire()
    await forge.ensureSummary(request, 'One', signal)
    vi.useRealTimers()
    expect(stub.state(ref).comments).toHaveLength(1)
  })

  test('a token for git that was cut off on its way is asked for again', async () => {
    const gitToken = async (forge: Forge): Promise<string | undefined> => {
      const { authorization = '' } = await forge.fetchGitAccess(ref, signal)
      return Buffer.from(authorization.replace('Basic ', ''), 'base64').toString().split(':')[1]
    }
    const forge = asApp()
    await forge.fetchMergeRequest(ref, signal)
    stub.misbehave({ path: /access_tokens$/, truncate: true })
    expect(await gitToken(forge)).toMatch(/^ghs_/)
    const other = asApp()
    await other.fetchMergeRequest(ref, signal)
    stub.misbehave({ path: /access_tokens$/, truncate: true, times: 2 })
    expect(await failed(other.fetchGitAccess(ref, signal))).toBeInstanceOf(ServiceError)
    expect(await gitToken(other)).toMatch(/^ghs_/)
  })

  test('git gets a token for this repository that only reads', async () => {
    const other = await proposed({ repository: 'octo/other' })
    const { url, authorization } = await asApp().fetchGitAccess(ref, signal)
    const refs = (address: string) =>
      fetch(`${address}/info/refs?service=git-upload-pack`, { headers: { authorization: authorization ?? '' } })
    expect((await refs(url)).status).toBe(200)
    expect((await refs(url.replace('shop', 'other'))).status).not.toBe(200)
    const token =
      Buffer.from((authorization ?? '').slice('Basic '.length), 'base64')
        .toString()
        .split(':')[1] ?? ''
    const written = githubForge({ token, baseUrl: stub.url }).ensureSummary({ ...(await requested()), ...other }, 'x', signal)
    expect(await failed(written)).not.toEqual(new Error('It went well'))
  })
})

describe('what goes wrong', () => {
  test('a missing permission is named', async () => {
    await using poor = await startStubGithub({ permissions: { metadata: 'read', contents: 'read', pull_requests: 'read' } })
    const { appId, privateKey } = poor.credentials
    const forge = githubForge({ appId, privateKey, baseUrl: poor.url })
    const there = await poor.addMergeRequest({ repository: 'octo/shop', base: { 'b.sql': 'x' }, head: { 'a.sql': 'SELECT 1;\n' } })
    const request = await forge.fetchMergeRequest(there, signal)
    for (const [work, words] of [
      [() => forge.ensureSummary(request, 'x', signal), /permission.*(issues|pull.requests).*write/i],
      [() => forge.ensureThreads(request, [AT_ONE], new Set(), signal), /permission.*pull.requests.*write/i],
      [() => forge.ensureStatus(request, STATUS, signal), /permission.*checks/i],
    ] as const) {
      const error = await failed(work())
      expect(error).toBeInstanceOf(UserError)
      expect(error.message).toMatch(words)
    }
    expect(poor.violations).toEqual([])
  })

  test('limits of both kinds say when to come back, and a write is not sent again', async () => {
    const request = await requested()
    stub.misbehave({ method: 'POST', path: '/comments', ...secondaryLimit(90) })
    const secondary = (await failed(asApp().ensureSummary(request, 'x', signal))) as ServiceError
    expect(secondary).toBeInstanceOf(ServiceError)
    expect(secondary.retryAfterMs).toBe(90_000)
    stub.misbehave({ path: '/comments', ...primaryLimit(Date.now() + 600_000) })
    const primary = (await failed(asApp().ensureSummary(request, 'x', signal))) as ServiceError
    expect(primary.retryAfterMs).toBeGreaterThan(500_000)
    expect(primary.retryAfterMs).toBeLessThan(700_000)
    expect(stub.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/comments'))).toHaveLength(1)
  })

  test('an App that is suspended is told so, one that was taken away is gone', async () => {
    stub.suspend(ref)
    expect(await failed(asApp().fetchMergeRequest(ref, signal))).toBeInstanceOf(UserError)
    stub.suspend(ref, false)
    const gone = { ...ref, installation: 1 }
    expect(await failed(asApp().fetchMergeRequest(gone, signal))).toBeInstanceOf(Gone)
  })

  test('a locked conversation is told in words of GitHub', async () => {
    const request = await requested()
    stub.lock(ref)
    const error = await failed(asApp().ensureSummary(request, 'x', signal))
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toMatch(/locked/i)
  })

  test('a server that is not there, and an answer that is none of GitHub', async () => {
    const closed = await startStubGithub()
    await closed[Symbol.asyncDispose]()
    const away = githubForge({ token: 'ghp_canary', baseUrl: closed.url })
    const error = await failed(away.fetchMergeRequest(ref, signal))
    expect(error).toBeInstanceOf(ServiceError)
    expect(error.message).toMatch(/ECONNREFUSED/)
    const odd: typeof fetch = async () => new Response('<html>canary</html>', { headers: { 'content-type': 'text/html' } })
    const strange = await failed(githubForge({ token: 'ghp_x', fetch: odd }).fetchMergeRequest(ref, signal))
    expect(strange).toBeInstanceOf(ServiceError)
    expect(strange.message).not.toContain('canary')
  })
})

describe('repositories', () => {
  test('that were renamed are read and written under the new name', async () => {
    const request = await requested()
    stub.rename(ref, 'octo/store')
    expect((await asApp().fetchMergeRequest(ref, signal)).repository).toBe('octo/store')
    await asApp().ensureSummary(request, 'One', signal)
    await asApp().ensureSummary(request, 'Two', signal)
    expect(stub.state(ref).comments.map(({ body }) => body)).toEqual([expect.stringContaining('Two')])
  })

  test('that moved in a way that would make a read of a write are written to all the same', async () => {
    const request = await requested()
    const location = `${stub.url}/repositories/${ref.repositoryId}/issues/${ref.number}/comments`
    stub.misbehave({ method: 'POST', path: '/comments', status: 301, headers: { location } })
    await asApp().ensureSummary(request, 'One', signal)
    expect(stub.state(ref).comments).toHaveLength(1)
  })

  test('that took the name of another are not written to', async () => {
    expect(await failed(asApp().fetchMergeRequest({ ...ref, repositoryId: 1 }, signal))).toBeInstanceOf(Gone)
    expect(await failed(asApp().fetchGitAccess({ ...ref, repositoryId: 1 }, signal))).toBeInstanceOf(Gone)
  })

  test('get no token when they are said to be on another host', async () => {
    const body = { id: ref.repositoryId, clone_url: 'https://evil.example/octo/shop.git' }
    stub.misbehave({ path: /repos\/octo\/shop$/, status: 200, body })
    const error = await failed(asApp().fetchGitAccess(ref, signal))
    expect(error).toBeInstanceOf(UserError)
    expect(stub.requests.filter(({ path }) => path.endsWith('access_tokens'))).toHaveLength(1)
  })

  test('whose tree is cut off are listed folder by folder', async () => {
    const deep = await proposed({ head: { 'a/b/c.sql': 'SELECT 1;\n', 'a/d.sql': 'SELECT 2;\n' } })
    stub.misbehave({ path: 'recursive', status: 200, body: { sha: deep.headSha, truncated: true, tree: [] } })
    const tree = asApp().treeByApi(deep, deep.headSha, signal)
    expect((await tree.list()).sort()).toEqual(['a/b/c.sql', 'a/d.sql', 'b.sql'])
    expect(await tree.read('a/b/c.sql')).toBe('SELECT 1;\n')
  })

  test('without a commit in common say so', async () => {
    stub.misbehave({ path: '/compare/', status: 404 })
    expect(await failed(asApp().fetchMergeRequest(ref, signal))).toBeInstanceOf(UserError)
  })
})

describe('threads', () => {
  test('of one review are one notification', async () => {
    const two = { ...AT_ONE, key: 'two', line: 2, endLine: 2 }
    await asApp().ensureThreads(await requested(), [AT_ONE, two], new Set(), signal)
    const written = stub.requests.filter(({ method, path }) => method === 'POST' && path.includes('/pulls/'))
    expect(written.map(({ path }) => path.split('/').at(-1))).toEqual(['reviews'])
  })

  test('stand where they can when one line spoils the review', async () => {
    const two = { ...AT_ONE, key: 'two', line: 2, endLine: 2 }
    stub.misbehave({ method: 'POST', path: '/reviews', status: 422 })
    stub.misbehave({ method: 'POST', path: /\/pulls\/\d+\/comments$/, status: 422 })
    const result = await asApp().ensureThreads(await requested(), [AT_ONE, two], new Set(), signal)
    expect(result).toMatchObject({ unplaced: ['one'], created: 1, placed: [{ key: 'two' }] })
    expect(stub.state(ref).threads).toHaveLength(1)
  })

  test('after a push are not tried one by one, when GitHub takes none of them', async () => {
    const request = await requested()
    const hook = async () => void (await stub.push(ref, { 'a.sql': 'SELECT 3;\n' }))
    stub.misbehave({ method: 'POST', path: '/reviews', status: 422, hook })
    expect(await asApp().ensureThreads(request, [AT_ONE], new Set(), signal)).toMatchObject({ unplaced: ['one'], created: 0 })
    expect(stub.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/comments'))).toEqual([])
  })

  test('there twice are one, and the other is resolved where somebody answered it', async () => {
    const { token } = stub.credentials
    const person = githubForge({ token, baseUrl: stub.url })
    const request = await requested()
    await person.ensureThreads(request, [AT_ONE], new Set(), signal)
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': 'other' }
    const body = JSON.stringify({
      path: 'a.sql',
      line: 1,
      side: 'RIGHT',
      commit_id: ref.headSha,
      body: '<!-- pgwitness:thread one -->\nTwin',
    })
    for (let times = 0; times < 2; times += 1)
      await fetch(`${stub.url}/repos/octo/shop/pulls/${ref.number}/comments`, { method: 'POST', headers, body })
    await stub.comment(ref, 'octocat', 'I see.', stub.state(ref).threads[1]?.id)
    const result = await person.ensureThreads(request, [AT_ONE], new Set(['one']), signal)
    expect(result).toMatchObject({ created: 0, placed: [{ key: 'one' }] })
    expect(stub.state(ref).threads.map(({ resolved, comments }) => [resolved, comments.length])).toEqual([
      [false, 1],
      [true, 2],
    ])
  })

  test('of another account are none of ours, though it writes the same', async () => {
    const request = await requested()
    const person = githubForge({ token: stub.credentials.token, baseUrl: stub.url })
    await person.ensureThreads(request, [AT_ONE], new Set(), signal)
    const result = await asApp().ensureThreads(request, [AT_ONE], new Set(), signal)
    expect(result).toMatchObject({ created: 1, edited: 0 })
    expect(await asApp().ensureThreads(request, [], new Set(['one']), signal)).toMatchObject({ resolved: 1 })
    expect(stub.state(ref).threads.map(({ resolved, comments }) => [comments[0]?.author, resolved])).toEqual([
      ['ci-robot', false],
      ['pgwitness[bot]', true],
    ])
  })

  test('that a workflow may not resolve do not cost the rest', async () => {
    const request = await asWorkflow().fetchMergeRequest(ref, signal)
    await asWorkflow().ensureThreads(request, [AT_ONE], new Set(), signal)
    const other = { ...AT_ONE, key: 'other', line: 2, endLine: 2 }
    const result = await asWorkflow().ensureThreads(request, [other], new Set(['one']), signal)
    expect(result).toMatchObject({ created: 1, resolved: 0, placed: [{ key: 'other' }] })
    expect(result.problem).toMatch(/permission Contents: write/)
    expect(stub.state(ref).threads).toHaveLength(2)
  })
})

test('what another job says as the same bot is none of ours, whatever it quotes', async () => {
  const quoted = 'Somebody wrote:\n<!-- pgwitness:summary -->\nAll is well'
  await stub.comment(ref, 'github-actions[bot]', quoted)
  await asWorkflow().ensureSummary(await requested(), 'Not at all', signal)
  expect(stub.state(ref).comments.map(({ body }) => body)).toEqual([quoted, expect.stringContaining('Not at all')])
})

describe('check runs', () => {
  const shown = (to = ref) => stub.state(to).statuses.map(({ state, annotations }) => [state, annotations])

  test('of a job that has our name are not ours', async () => {
    const request = await asWorkflow().fetchMergeRequest(ref, signal)
    const headers = { authorization: `Bearer ${stub.credentials.actionsToken}`, 'content-type': 'application/json', 'user-agent': 'runner' }
    const body = JSON.stringify({ name: 'pgwitness', head_sha: ref.headSha, status: 'in_progress', external_id: 'b1946ac9-2c4f' })
    await fetch(`${stub.url}/repos/octo/shop/check-runs`, { method: 'POST', headers, body })
    await asWorkflow().ensureStatus(request, STATUS, signal)
    await asWorkflow().ensureStatus(request, STATUS, signal)
    expect(shown()).toEqual([
      ['in_progress', 0],
      ['failure', 0],
    ])
  })

  test('go on with their annotations where a call was cut off, whatever of it was done', async () => {
    const annotations = Array.from({ length: 170 }, (_, index) => ({
      path: 'a.sql',
      line: 1,
      endLine: 1,
      level: 'failure' as const,
      title: `Finding ${index}`,
      message: 'Look.',
    }))
    for (const [after, isCarriedOut] of [
      [0, false],
      [0, true],
      [1, true],
      [2, false],
      [2, true],
    ] as const) {
      const there = await proposed()
      const request = await asApp().fetchMergeRequest(there, signal)
      await asApp().ensureStatus(request, { ...STATUS, state: 'running' }, signal)
      stub.misbehave({ method: 'PATCH', path: '/check-runs/', reset: true, isCarriedOut, after })
      expect(await failed(asApp().ensureStatus(request, { ...STATUS, annotations }, signal))).toBeInstanceOf(ServiceError)
      await asApp().ensureStatus(request, { ...STATUS, state: 'running' }, signal)
      await asApp().ensureStatus(request, { ...STATUS, annotations }, signal)
      expect(shown(there)).toEqual([['failure', 170]])
    }
  })

  test('are told apart when two pull requests have one head', async () => {
    const request = await requested()
    await asApp().ensureStatus(request, STATUS, signal)
    await asApp().ensureStatus({ ...request, number: request.number + 1 }, { ...STATUS, state: 'success' }, signal)
    await asApp().ensureStatus(request, STATUS, signal)
    expect(shown().map(([state]) => state)).toEqual(['failure', 'success'])
  })
})

describe('webhooks of the stub', () => {
  const read = (webhook: ReturnType<StubGithub['webhook']>) => {
    const webhooks = githubWebhooks({ secrets: ['old', stub.credentials.webhookSecret] })
    expect(webhooks.verify(webhook.headers, Buffer.from(webhook.body))).toBe(true)
    return webhooks.read(webhook.headers, Buffer.from(webhook.body))
  }

  test('are read as what they are', async () => {
    const { headSha, baseSha: _, ...plain } = ref
    for (const kind of ['opened', 'pushed', 'reopened', 'ready'] as const)
      expect(await read(stub.webhook(kind, ref))).toEqual([{ kind: 'proposed', ref: plain, headSha, isDraft: false }])
    expect(await read(stub.webhook('draft', ref))).toMatchObject([{ kind: 'proposed', isDraft: true }])
    expect(await read(stub.webhook('closed', ref))).toEqual([{ kind: 'closed', ref: plain }])
    expect(await read(stub.webhook('unrelated', ref))).toMatchObject([{ kind: 'ignored' }])
    const comment = await stub.comment(ref, 'octocat', '@pgwitness help')
    expect(await read(stub.webhook('commented', ref, { comment }))).toMatchObject([
      { kind: 'commented', ref: plain, comment, author: { login: 'octocat', isBot: false }, text: '@pgwitness help' },
    ])
  })

  test('of a thread lead to an answer in it', async () => {
    await asApp().ensureThreads(await requested(), [AT_ONE], new Set(), signal)
    const comment = await stub.comment(ref, 'octocat', '@pgwitness explain', stub.state(ref).threads[0]?.id)
    const [event] = await read(stub.webhook('commented', ref, { comment }))
    if (event?.kind !== 'commented') throw new Error('It is no comment')
    expect(await asApp().fetchComment(event.ref, event.comment, signal)).toMatchObject({ key: 'one' })
    await asApp().ensureReply(event.ref, event.comment, 'Because.', signal)
    expect(stub.state(ref).threads[0]?.comments).toHaveLength(3)
  })

  test('of our own comments, and of other bots, are ignored', async () => {
    await asApp().ensureSummary(await requested(), '@pgwitness review', signal)
    const [own] = stub.state(ref).comments
    const comment = { id: own?.id ?? 0, place: 'conversation' } as const
    expect(await read(stub.webhook('commented', ref, { comment }))).toMatchObject([{ kind: 'ignored' }])
    const other = await stub.comment(ref, 'renovate[bot]', '@pgwitness review')
    expect(await read(stub.webhook('commented', ref, { comment: other }))).toMatchObject([{ kind: 'ignored' }])
  })

  test('of a re-run tell the pull request, also from a fork', async () => {
    const fork = await proposed({ fork: true })
    await asApp().ensureStatus(await asApp().fetchMergeRequest(fork, signal), STATUS, signal)
    expect(await read(stub.webhook('rerun', fork))).toMatchObject([{ kind: 'rerun', ref: { number: fork.number } }])
  })
})
