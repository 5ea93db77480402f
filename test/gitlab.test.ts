/** GitLab's own ways: what the contract that both forges keep does not know of. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ServiceError } from '../src/errors.ts'
import type { Forge, InlineComment, MergeRequest, Status } from '../src/forges/forge.ts'
import { gitlabForge } from '../src/forges/gitlab.ts'
import type { StubMergeRequest } from '../src/simulation/stub-forge.ts'
import { type StubGitlab, startStubGitlab } from '../src/simulation/stub-gitlab.ts'
import { type StubRequest, startStubServer } from '../src/simulation/stub-server.ts'

const signal = AbortSignal.timeout(10 * 60_000)
const NONE = new Set<string>()
const LINES = Array.from({ length: 20 }, (_, index) => `-- line ${index + 1}\n`)
const BASE = { 'changed.sql': LINES.join(''), 'old.sql': LINES.join(''), 'links/readme.md': 'x\n' }
const HEAD = {
  'changed.sql': LINES.with(4, 'DROP TABLE a;\nDROP TABLE b;\n').join(''),
  'old.sql': null,
  'new & old=1 ü.sql': LINES.with(9, 'DROP TABLE c;\n').join(''),
  'added.sql': 'CREATE INDEX i\n  ON t (x);\n',
}

let stub: StubGitlab
let ref: StubMergeRequest
let forge: Forge
let request: MergeRequest

beforeEach(async () => {
  stub = await startStubGitlab()
  ref = await stub.addMergeRequest({ repository: 'acme/backend/shop', base: BASE, head: HEAD })
  forge = gitlabForge({ url: `${stub.url}/`, token: stub.credentials.token })
  request = await forge.fetchMergeRequest(ref, signal)
})
afterEach(async () => {
  const { violations } = stub
  await stub[Symbol.asyncDispose]()
  expect(violations).toEqual([])
})

function comment(key: string, path: string, line: number, endLine = line, suggestion?: string): InlineComment {
  return { key, path, line, endLine, body: `About ${key}.`, suggestion }
}

const ensureThreads = (wanted: InlineComment[], told: ReadonlySet<string> = NONE) => forge.ensureThreads(request, wanted, told, signal)
const threads = () => stub.state(ref).threads
/** Of requests that write. */
const written = () =>
  stub.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path.replace(/^.*\/1\//, '')}`)
const failure = async (asked: Promise<unknown>) => asked.then(() => undefined).catch((error: unknown) => error)

describe('comments on lines', () => {
  test('stand at added, context and renamed lines, and at ranges of them', async () => {
    const wanted = [
      comment('added', 'added.sql', 2),
      comment('range', 'added.sql', 1, 2),
      comment('replaced', 'changed.sql', 5, 6),
      comment('context', 'changed.sql', 4),
      comment('mixed', 'changed.sql', 4, 7),
      comment('renamed', 'new & old=1 ü.sql', 10),
      comment('renamed-context', 'new & old=1 ü.sql', 9, 11),
    ]
    expect(await ensureThreads(wanted)).toMatchObject({ unplaced: [], created: 7 })
    expect(threads().map(({ path, startLine, line }) => [path, startLine ?? line, line])).toEqual(
      wanted.map(({ path, line, endLine }) => [path, line, endLine]),
    )
    expect(await ensureThreads(wanted)).toMatchObject({ unplaced: [], created: 0, edited: 0, resolved: 0, reopened: 0 })
    expect(written()).toHaveLength(7)
  })

  test('outside of the diff have no place; of those that it shows partly the last line counts, without a suggestion', async () => {
    const wanted = [comment('far', 'changed.sql', 19), comment('other', 'nothing.sql', 1), comment('partly', 'changed.sql', 8, 20, 'x')]
    expect(await ensureThreads(wanted)).toMatchObject({ unplaced: ['far', 'other'], created: 1 })
    expect(threads()).toMatchObject([
      { path: 'changed.sql', startLine: 8, line: 9, comments: [{ body: '<!-- pgwitness:thread partly -->\nAbout partly.' }] },
    ])
  })

  test('suggest what stands for all of their lines, in a fence that the text cannot end, with the line ends of the text', async () => {
    await ensureThreads([
      comment('two', 'added.sql', 1, 2, 'CREATE INDEX CONCURRENTLY i\n  ON t (x);'),
      comment('fence', 'changed.sql', 5, 5, '```\n@all'),
      comment('nothing', 'changed.sql', 6, 6, ''),
    ])
    expect(threads().map(({ comments }) => comments[0]?.body.split('\n').slice(3).join('\n'))).toEqual([
      '```suggestion:-1+0\nCREATE INDEX CONCURRENTLY i\n  ON t (x);\n```',
      '````suggestion:-0+0\n```\n@all\n````',
      '```suggestion:-0+0\n```',
    ])
  })

  test('that GitLab does not take as a range are at the last line, and then nowhere', async () => {
    const refusal = {
      method: 'POST',
      path: '/discussions',
      status: 400,
      body: { message: '400 Bad request - Note {:line_code=>["can\'t be blank"]}' },
    }
    stub.misbehave(refusal)
    expect(await ensureThreads([comment('range', 'added.sql', 1, 2, 'x')])).toMatchObject({ unplaced: [], created: 1 })
    expect(threads()).toMatchObject([{ line: 2, comments: [{ body: expect.stringContaining('suggestion:-1+0') }] }])
    expect(threads()[0]).not.toHaveProperty('startLine')
    stub.misbehave({ ...refusal, times: 3 })
    const wanted = [comment('range', 'added.sql', 1, 2, 'x'), comment('one', 'added.sql', 1), comment('two', 'changed.sql', 5, 6)]
    expect(await ensureThreads(wanted)).toMatchObject({ unplaced: ['one', 'two'], created: 0, edited: 0 })
  })

  test('are not written twice when their answers are lost', async () => {
    const wanted = [comment('a', 'added.sql', 1), comment('b', 'added.sql', 2), comment('c', 'changed.sql', 5)]
    for (const lost of [{ reset: true }, { status: 504 }, { truncate: true }]) {
      stub.misbehave({ method: 'POST', path: '/discussions', isCarriedOut: true, ...lost })
      expect(await failure(ensureThreads(wanted))).toBeInstanceOf(ServiceError)
    }
    expect(await ensureThreads(wanted)).toMatchObject({ created: 0 })
    expect(threads().map(({ comments }) => comments[0]?.body.split('\n')[1])).toEqual(['About a.', 'About b.', 'About c.'])
  })

  test('that two processes wrote at once are one in the end; the one that somebody answered stays', async () => {
    const wanted = [comment('a', 'added.sql', 1), comment('b', 'added.sql', 2)]
    await Promise.all([ensureThreads(wanted), ensureThreads(wanted), ensureThreads(wanted)])
    const doubles = threads().filter(({ line }) => line === 2)
    expect(doubles).toHaveLength(3)
    await stub.comment(ref, 'ada', 'Why?', doubles[1]?.id)
    await ensureThreads(wanted)
    expect(threads().map(({ id }) => id)).toEqual([threads()[0]?.id, doubles[1]?.id])
  })

  test('of one key are one', async () => {
    const wanted = [comment('a', 'added.sql', 1), comment('a', 'added.sql', 2)]
    for (const created of [1, 0]) expect(await ensureThreads(wanted)).toMatchObject({ created, edited: 0, placed: [{ key: 'a' }] })
    expect(threads()).toMatchObject([{ line: 2 }])
  })

  test('are left to whoever resolved them, and reopened when that was us', async () => {
    const wanted = [comment('ours', 'added.sql', 1), comment('theirs', 'added.sql', 2)]
    await ensureThreads(wanted)
    const [ours, theirs] = threads()
    stub.resolve(ref, theirs?.id as string, 'ada')
    expect(await ensureThreads([])).toMatchObject({ resolved: 1 })
    expect(await ensureThreads([])).toMatchObject({ resolved: 0 })
    const edited = wanted.map((one) => ({ ...one, body: 'Still there.' }))
    expect(await ensureThreads(edited)).toMatchObject({ reopened: 1, edited: 1, created: 0, placed: [{ key: 'ours' }, { key: 'theirs' }] })
    expect(threads()).toMatchObject([
      { id: ours?.id, resolved: false, comments: [{ body: expect.stringContaining('Still there.') }] },
      { id: theirs?.id, resolved: true, comments: [{ body: expect.stringContaining('About theirs.') }] },
    ])
  })

  test('deleted by a person are not written again, also when that happens in the middle', async () => {
    const wanted = [comment('a', 'added.sql', 1), comment('b', 'added.sql', 2)]
    await ensureThreads(wanted)
    const [a, b] = threads().map(({ comments }) => comments[0]?.id as number)
    stub.deleteComment(ref, a as number)
    stub.misbehave({ method: 'PUT', path: '/notes/', hook: () => stub.deleteComment(ref, b as number) })
    const edited = wanted.map((one) => ({ ...one, body: 'Anew.' }))
    expect(await ensureThreads(edited, new Set(['a', 'b']))).toMatchObject({ unplaced: [], placed: [], created: 0, edited: 0 })
    expect(threads()).toEqual([])
  })

  test('of somebody else with our marker are not ours', async () => {
    await stub.comment(ref, 'mallory', '<!-- pgwitness:thread a -->\nAbout a.')
    await stub.comment(ref, 'mallory', '<!-- pgwitness:summary -->\nAll is well.')
    expect(await ensureThreads([comment('a', 'added.sql', 1)])).toMatchObject({ created: 1 })
    expect(await forge.fetchSummary(request, signal)).toBeUndefined()
    await forge.ensureSummary(request, 'Nothing is well.', signal)
    expect(stub.state(ref).comments.map(({ author }) => author)).toEqual(['mallory', 'mallory', 'pgwitness'])
  })

  test('of a commit that is not the newest any more are not placed, and resolve nothing', async () => {
    await ensureThreads([comment('a', 'added.sql', 1)])
    await stub.push(ref, { 'added.sql': 'SELECT 1;\nSELECT 2;\n' }, { force: true })
    expect(await ensureThreads([comment('b', 'added.sql', 2)])).toMatchObject({ unplaced: ['b'], created: 0, resolved: 0 })
    expect(threads()).toMatchObject([{ resolved: false }])
  })

  test('follow their lines, and suggest nothing from a line that is not theirs', async () => {
    await ensureThreads([comment('a', 'added.sql', 2, 2, 'x')])
    await stub.push(ref, { 'added.sql': 'SELECT 1;\nCREATE INDEX i\n  ON t (x);\n' })
    request = await forge.fetchMergeRequest(ref, signal)
    await ensureThreads([comment('a', 'added.sql', 3, 3, 'y')])
    expect(threads()).toMatchObject([{ line: 3, comments: [{ body: expect.stringContaining('suggestion:-0+0\ny\n') }] }])
    await ensureThreads([comment('a', 'added.sql', 1, 1, 'z')])
    expect(threads()).toMatchObject([{ line: 3, comments: [{ body: '<!-- pgwitness:thread a -->\nAbout a.' }] }])
  })

  test('are placed all the same by who may not resolve them, and the missing role is told', async () => {
    await ensureThreads([comment('a', 'added.sql', 1), comment('b', 'added.sql', 2)])
    stub.setAccess(ref, stub.bot.username, 20)
    const result = await ensureThreads([comment('c', 'changed.sql', 5)])
    expect(result).toMatchObject({ created: 1, resolved: 0, problem: expect.stringMatching(/role Developer/) })
    expect(written().filter((line) => line.startsWith('PUT'))).toHaveLength(1)
  })

  test('are found among hundreds, in whatever order they come', async () => {
    for (let number = 0; number < 210; number += 1) await stub.comment(ref, 'ada', `Comment ${number}`)
    const wanted = [comment('a', 'added.sql', 1)]
    await ensureThreads(wanted)
    stub.misbehave({ method: 'GET', shuffle: true, times: 100 })
    expect(await ensureThreads(wanted)).toMatchObject({ created: 0 })
  })

  test('are found where others go while the list is read', async () => {
    for (let number = 0; number < 100; number += 1) await stub.comment(ref, 'ada', `Comment ${number}`)
    const wanted = [comment('a', 'added.sql', 1)]
    await ensureThreads(wanted)
    // The first of the second page becomes the last of the first, which we have read.
    const [first] = stub.state(ref).comments
    stub.misbehave({ path: /discussions\?.*page=2/, hook: () => stub.deleteComment(ref, first?.id as number) })
    expect(await ensureThreads(wanted)).toMatchObject({ created: 0 })
    expect(threads()).toHaveLength(1)
  })
})

describe('the summary', () => {
  test('is one, also after lost answers, two at once and a deletion in the middle', async () => {
    stub.misbehave({ method: 'POST', path: '/notes', reset: true, isCarriedOut: true })
    expect(await failure(forge.ensureSummary(request, 'One', signal))).toBeInstanceOf(ServiceError)
    const url = await forge.ensureSummary(request, 'One', signal)
    expect(stub.state(ref).comments).toHaveLength(1)
    const [{ id } = { id: 0 }] = stub.state(ref).comments
    expect(url).toBe(`${stub.url}/acme/backend/shop/-/merge_requests/1#note_${id}`)
    stub.misbehave({ method: 'PUT', path: '/notes/', hook: () => stub.deleteComment(ref, id) })
    await forge.ensureSummary(request, 'Two', signal)
    stub.deleteComment(ref, stub.state(ref).comments[0]?.id as number)
    await Promise.all([1, 2, 3].map(() => forge.ensureSummary(request, 'Three', signal)))
    const [oldest] = stub.state(ref).comments
    await forge.ensureSummary(request, 'Four', signal)
    expect(stub.state(ref).comments).toMatchObject([{ id: oldest?.id, body: '<!-- pgwitness:summary -->\nFour' }])
    expect(await forge.fetchSummary(request, signal)).toBe('Four')
  })

  test('carries out no quick action, wherever the text has one', async () => {
    const body = [
      '/close',
      '\r/merge',
      '````',
      '/approve',
      '```',
      '/label ~x',
      '````',
      '<details>',
      '',
      '/assign @me',
      '</details>',
      '/shrug',
    ].join('\n')
    await forge.ensureSummary(request, body, signal)
    await ensureThreads([comment('a', 'added.sql', 1, 1, '/close')])
    expect(stub.quickActions).toEqual([])
    const texts = [stub.state(ref).comments[0]?.body, threads()[0]?.comments[0]?.body]
    // What GitLab's own regular expression would take for a command, with fences left out of account.
    for (const text of texts) expect(text).not.toMatch(/\r|^\/\w/m)
    await forge.ensureSummary(request, body, signal)
    expect(written().filter((line) => line.startsWith('PUT'))).toEqual([])
  })

  test('may be as long as the forge says', async () => {
    await forge.ensureSummary(request, 'ü'.repeat(forge.maxBodyLength / 2), signal)
    expect(stub.state(ref).comments).toHaveLength(1)
  })
})

describe('the commit status', () => {
  const ensureStatus = (state: Status['state'], title: string) =>
    forge.ensureStatus(request, { state, title, summary: '', annotations: [] }, signal)
  const statuses = () => stub.state(ref).statuses.map(({ state, title }) => [state, title])

  test('is read first, since GitLab refuses a state twice', async () => {
    for (const state of ['queued', 'queued', 'running', 'running', 'queued'] as const) await ensureStatus(state, state)
    expect(statuses()).toEqual([['running', 'running']])
    for (const title of ['2 findings', '2 findings']) await ensureStatus('failure', title)
    await ensureStatus('failure', '1 finding')
    expect(written()).toHaveLength(4)
    expect(statuses()).toEqual([['failed', '1 finding']])
    await ensureStatus('running', 'again')
    await ensureStatus('neutral', 'Nothing about Postgres')
    expect(statuses()).toEqual([['success', 'Nothing about Postgres']])
    await ensureStatus('cancelled', 'Closed')
    expect(statuses()).toEqual([['canceled', 'Closed']])
  })

  test('that somebody else sets at the same time is no fault', async () => {
    const body = { message: 'Cannot transition status via :run from :running' }
    stub.misbehave({ method: 'POST', path: '/statuses/', status: 400, body })
    await ensureStatus('running', 'Reviewing')
    stub.misbehave({ method: 'POST', path: '/statuses/', status: 409 })
    expect(await failure(ensureStatus('running', 'Reviewing'))).toBeInstanceOf(ServiceError)
  })

  test('has a title of one short line', async () => {
    await ensureStatus('success', `a\n${'b'.repeat(300)}`)
    expect(statuses()).toEqual([['success', `a ${'b'.repeat(252)}…`]])
  })

  test('stands beside the jobs of a pipeline where there is one', async () => {
    await ensureStatus('queued', 'Waiting')
    const shown = stub.requests.find(({ path }) => path.endsWith('/merge_requests/1'))
    expect(shown).toBeDefined()
    const answer = {
      iid: 1,
      project_id: ref.repositoryId,
      title: 'x',
      web_url: request.url,
      state: 'opened',
      author: { id: 1, username: 'ada' },
      source_branch: 'feature-1',
      target_branch: 'main',
      source_project_id: ref.repositoryId,
      head_pipeline: { id: 31, sha: request.headSha, ref: 'refs/merge-requests/1/head', project_id: ref.repositoryId },
    }
    const sent: StubRequest[] = []
    await using server = await startStubServer({
      answer: (asked) => {
        sent.push(asked)
        if (asked.path.endsWith('/user')) return { status: 200, body: { id: 1, username: 'bot' } }
        return { status: 200, body: asked.path.endsWith('/statuses') ? [] : answer }
      },
      errorBody: () => ({}),
      onMistake: () => undefined,
    })
    await gitlabForge({ url: server.url, token: 'x' }).ensureStatus(
      request,
      { state: 'running', title: 'r', summary: '', annotations: [] },
      signal,
    )
    expect(JSON.parse(`${sent.at(-1)?.body}`)).toEqual({
      state: 'running',
      name: 'pgwitness',
      description: 'r',
      ref: 'refs/merge-requests/1/head',
      pipeline_id: 31,
    })
  })

  test('of a fork names its ref', async () => {
    ref = await stub.addMergeRequest({ repository: 'acme/backend/shop', base: BASE, head: HEAD, fork: true })
    request = await forge.fetchMergeRequest(ref, signal)
    expect(request.source.repositoryId).not.toBe(request.repositoryId)
    await ensureStatus('running', 'Reviewing')
    expect(statuses()).toEqual([['running', 'Reviewing']])
  })
})
