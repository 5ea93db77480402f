/**
 * The stub GitHub is what our GitHub is tested against: here it is shown that it is strict, and that it behaves as GitHub does.
 */
import { execFile } from 'node:child_process'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { primaryLimit, secondaryLimit, startStubGithub } from '../src/simulation/stub-github.ts'
import { type GithubDesk, openGithubDesk } from './fixtures/github-desk.ts'

const run = promisify(execFile)
let desk: GithubDesk

beforeAll(async () => {
  desk = await openGithubDesk()
})
afterAll(() => desk[Symbol.asyncDispose]())
/** Each test takes the violations it expects. */
afterEach(() => expect(desk.stub.violations).toEqual([]))

function takeViolations(): string[] {
  return desk.stub.violations.splice(0)
}

async function reviewOf(body: unknown): Promise<{ status: number; body: { errors?: unknown[]; id: number } }> {
  return await desk.ask('POST', 'pulls/1/reviews', body)
}

describe('requests are held against the description', () => {
  test.each([
    ['a field that is none', 'POST', 'issues/1/comments', { body: 'x', text: 'y' }, 201, /body has no field text/],
    ['a field of the wrong type', 'POST', 'issues/1/comments', { body: 7 }, 422, /body\/body must be string/],
    ['a field that is missing', 'POST', 'check-runs', { name: 'x' }, 422, /required property 'head_sha'/],
    ['a body that is missing', 'POST', 'issues/1/comments', undefined, 422, /the body is missing/],
    ['a word that is none of those allowed', 'POST', 'issues/1/reactions', { content: 'cow' }, 422, /must be equal to one of the allowed/],
    ['a parameter that is none', 'GET', 'issues/1/comments?perPage=100', undefined, 200, /\?perPage is no parameter/],
    ['a parameter of the wrong type', 'GET', 'issues/1/comments?page=one', undefined, 200, /page must be integer/],
    ['a path of the wrong type', 'GET', 'pulls/one', undefined, 404, /pull_number must be integer/],
    ['an operation that is none', 'GET', 'pulls/1/merge-requests', undefined, 404, /no operation/],
    ['more annotations than a request may have', 'POST', 'check-runs', annotated(51), 422, /must NOT have more than 50 items/],
  ] as const)('%s', async (_what, method, path, body, status, violation) => {
    const answer = await desk.ask(method, path, body)
    expect(answer.status).toBe(status)
    expect(takeViolations()).toEqual([expect.stringMatching(violation)])
  })

  test('a body that is no JSON', async () => {
    expect((await desk.ask('POST', 'issues/1/comments', '{"body"')).status).toBe(400)
    expect((await desk.ask('POST', 'issues/1/comments', { body: 'x' }, { headers: { 'content-type': 'text/plain' } })).status).toBe(201)
    expect(takeViolations()).toEqual([expect.stringContaining('content type')])
  })

  test('GraphQL by the schema', async () => {
    const faulty = [
      ['{ viewer { name2 } }', /Field 'name2' doesn't exist on type 'User'/],
      ['{ viewer }', /Field must have selections/],
      ['query($n: Int!) { viewer { login } }', /\$n of type Int! was provided invalid value/],
      ['{ repository(owner: "acme") { id } }', /missing required arguments: name/],
      ['{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { reviewThreads { totalCount } } } }', /`first` or `last`/],
      [
        '{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { reviewThreads(first: 101) { totalCount } } } }',
        /limit of 100 records/,
      ],
      ['query($n: String!) { repository(owner: "acme", name: "shop") { pullRequest(number: $n) { id } } }', /Type mismatch/],
      ['{ viewer { login }', /Unexpected end/],
    ] as const
    for (const [query, error] of faulty) {
      const { status, body } = await desk.graphql(query, query.includes('$n: String') ? { n: '1' } : {})
      expect(status).toBe(200)
      expect(body).toMatchObject({ errors: [{ message: expect.stringMatching(error) }] })
      expect(takeViolations().length).toBeGreaterThan(0)
    }
  })
})

function annotated(count: number): unknown {
  const annotation = { path: 'a.sql', start_line: 1, end_line: 1, annotation_level: 'notice', message: 'm' }
  return {
    name: 'x',
    head_sha: desk?.ref.headSha ?? '0'.repeat(40),
    output: { title: 't', summary: 's', annotations: Array(count).fill(annotation) },
  }
}

describe('who may do what', () => {
  test('an app shows itself by a JWT, signed with its key and not for long', async () => {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    const now = Math.floor(Date.now() / 1000)
    const statusOf = async (token: string): Promise<number> => (await desk.ask('GET', '/app', undefined, { token })).status
    expect(await statusOf(desk.jwt())).toBe(200)
    expect(await statusOf(desk.jwt({ iss: desk.stub.credentials.clientId }))).toBe(200)
    expect(await statusOf(desk.jwt({}, privateKey))).toBe(401)
    expect(await statusOf(desk.jwt({ exp: now - 1 }))).toBe(401)
    expect(await statusOf(desk.jwt({ exp: now + 900 }))).toBe(401)
    expect(await statusOf(desk.jwt({ iat: now + 300 }))).toBe(401)
    expect(await statusOf(desk.jwt({ iss: '1' }))).toBe(401)
    expect(await statusOf(desk.stub.credentials.token)).toBe(401)
  })

  test('a repository that a token may not see is not there', async () => {
    desk.stub.hide(desk.ref)
    expect((await desk.ask('GET', 'pulls/1')).status).toBe(404)
    expect((await desk.ask('POST', 'issues/1/comments', { body: 'x' })).status).toBe(404)
    desk.stub.hide(desk.ref, false)
    expect((await desk.ask('GET', 'pulls/1')).status).toBe(200)
    expect((await desk.ask('GET', 'pulls/1', undefined, { token: '' })).status).toBe(404)
    expect((await desk.ask('GET', 'pulls/1', undefined, { token: 'ghs_wrong' })).status).toBe(401)
  })

  test('tokens are for what they were asked for, and end', async () => {
    const path = `/app/installations/${desk.ref.installation}/access_tokens`
    const narrow = await desk.ask(
      'POST',
      path,
      { permissions: { pull_requests: 'read' }, repository_ids: [desk.ref.repositoryId] },
      { token: desk.jwt() },
    )
    expect(narrow).toMatchObject({ status: 201, body: { permissions: { pull_requests: 'read' }, repository_selection: 'selected' } })
    const { token } = narrow.body
    expect((await desk.ask('GET', 'pulls/1', undefined, { token })).status).toBe(200)
    const refused = await desk.ask('POST', 'issues/1/comments', { body: 'x' }, { token })
    expect(refused).toMatchObject({ status: 403, body: { message: 'Resource not accessible by integration' } })
    expect(refused.headers.get('x-accepted-github-permissions')).toBe('issues=write; pull_requests=write')
    expect((await desk.ask('POST', path, { permissions: { actions: 'write' } }, { token: desk.jwt() })).status).toBe(422)
    expect((await desk.ask('POST', path, { repository_ids: [1] }, { token: desk.jwt() })).status).toBe(422)
    await using other = await openGithubDesk()
    other.stub.expireTokens()
    expect((await other.ask('GET', 'pulls/1')).status).toBe(401)
  })

  test('a suspended installation has no tokens', async () => {
    desk.stub.suspend(desk.ref)
    expect((await desk.ask('GET', 'pulls/1')).status).toBe(403)
    const asked = await desk.ask('POST', `/app/installations/${desk.ref.installation}/access_tokens`, undefined, { token: desk.jwt() })
    expect(asked).toMatchObject({ status: 403, body: { message: 'This installation has been suspended' } })
    desk.stub.suspend(desk.ref, false)
  })

  test("check runs are for apps, /user is for persons, and a workflow's token is no person", async () => {
    const { token, actionsToken } = desk.stub.credentials
    expect((await desk.ask('POST', 'check-runs', annotated(1), { token })).status).toBe(403)
    expect((await desk.ask('GET', '/user', undefined, { token })).body.login).toBe('ci-robot')
    expect((await desk.ask('GET', '/user', undefined, { token: actionsToken })).status).toBe(403)
    expect((await desk.graphql('{ viewer { login } }', {}, { token: actionsToken })).body.data.viewer.login).toBe('github-actions[bot]')
    expect((await desk.ask('GET', '/users/pgwitness%5Bbot%5D')).body).toMatchObject({ login: 'pgwitness[bot]', type: 'Bot' })
  })

  test('what somebody may do in a repository', async () => {
    desk.stub.setPermission(desk.ref, 'mallory', 'read')
    const levelOf = async (login: string): Promise<string> => (await desk.ask('GET', `collaborators/${login}/permission`)).body.permission
    expect(await levelOf('octocat')).toBe('write')
    expect(await levelOf('Mallory')).toBe('read')
    expect((await desk.ask('GET', 'collaborators/nobody/permission')).status).toBe(404)
  })
})

describe('the diff', () => {
  test('files come with their hunks, renames and what is deleted', async () => {
    const { body } = await desk.ask('GET', 'pulls/1/files')
    expect(body.map(({ filename, status }: Record<string, string>) => `${status} ${filename}`)).toEqual([
      'modified a.sql',
      'removed gone.sql',
      'renamed new.sql',
    ])
    expect(body[0]).toMatchObject({ additions: 3, deletions: 2, changes: 5, sha: expect.stringMatching(/^[0-9a-f]{40}$/) })
    expect(body[0].patch.match(/^@@/gm)).toHaveLength(2)
    expect(body[2]).toMatchObject({
      previous_filename: 'old.sql',
      patch: '@@ -1,3 +1,3 @@\n select 1;\n select 2;\n-select 3;\n+select 4;',
    })
  })

  test('base.sha is the tip of the branch; the merge base is asked for', async () => {
    const { body: pull } = await desk.ask('GET', 'pulls/1')
    expect(pull.head.sha).toBe(desk.ref.headSha)
    expect(pull.base.sha).not.toBe(desk.ref.baseSha)
    const { body } = await desk.ask('GET', `compare/${pull.base.sha}...${pull.head.sha}`)
    expect(body).toMatchObject({ status: 'diverged', ahead_by: 1, behind_by: 1, merge_base_commit: { sha: desk.ref.baseSha } })
    expect((await desk.ask('GET', `compare/${'0'.repeat(40)}...${pull.head.sha}`)).status).toBe(404)
  })

  test('patches of large and binary files are left out, and no more than 3000 files are told', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 3005 }, (_, index) => [`many/${String(index).padStart(4, '0')}.sql`, `select ${index};\n`]),
    )
    const head = { ...many, 'large.sql': 'select 1;\n'.repeat(3001), 'binary.dat': Buffer.from([0, 1, 2, 0]), 'empty.sql': '' }
    const ref = await desk.stub.addMergeRequest({ repository: 'acme/many', base: { 'README.md': 'x\n' }, head })
    const first = await desk.ask('GET', `/repos/acme/many/pulls/${ref.number}/files?per_page=100`)
    expect(first.headers.get('link')).toContain('page=30>; rel="last"')
    const bare = first.body
      .filter(({ patch }: { patch?: string }) => patch === undefined)
      .map(({ filename }: { filename: string }) => filename)
    expect(bare).toEqual(['binary.dat', 'empty.sql', 'large.sql'])
    expect((await desk.ask('GET', `/repos/acme/many/pulls/${ref.number}/files?per_page=100&page=31`)).body).toEqual([])
    expect((await desk.ask('GET', `/repos/acme/many/pulls/${ref.number}`)).body.changed_files).toBe(3008)
  })
})

describe('reviews', () => {
  const at = (line: number, more: object = {}): object => ({ path: 'a.sql', line, side: 'RIGHT', body: 'x', ...more })

  test.each([
    ['an added line', at(2)],
    ['a context line', at(1)],
    ['a removed line', at(2, { side: 'LEFT' })],
    ['several lines', at(3, { start_line: 1, start_side: 'RIGHT' })],
    ['a renamed file', at(3, { path: 'new.sql' })],
  ])('%s is taken', async (_what, comment) => {
    expect((await reviewOf({ event: 'COMMENT', comments: [comment] })).status).toBe(200)
  })

  test.each([
    ['a line between the hunks', at(20), 'Line could not be resolved'],
    ['a line after the end', at(99), 'Line could not be resolved'],
    ['a file that is not changed', at(1, { path: 'other.md' }), 'Path could not be resolved'],
    ['lines of two hunks', at(31, { start_line: 2, start_side: 'RIGHT' }), 'Start line must be part of the same hunk as the line.'],
    ['a start after the end', at(2, { start_line: 3, start_side: 'RIGHT' }), 'Start line must precede the end line'],
  ])('%s spoils the whole review', async (_what, comment, error) => {
    const before = desk.stub.state(desk.ref).threads.length
    const answer = await reviewOf({ event: 'COMMENT', body: 'x', comments: [at(2), comment] })
    expect(answer).toMatchObject({ status: 422, body: { message: 'Unprocessable Entity', errors: [error] } })
    expect(desk.stub.state(desk.ref).threads).toHaveLength(before)
  })

  test('what nobody would see is a violation, and so is an old field', async () => {
    await reviewOf({ body: 'x' })
    await reviewOf({ event: 'COMMENT', comments: [at(2, { position: 3 })] })
    expect(takeViolations()).toEqual([expect.stringContaining('stays pending'), expect.stringContaining('position is deprecated')])
    expect((await reviewOf({ event: 'COMMENT' })).status).toBe(422)
  })

  test('a single comment says which field was wrong', async () => {
    const comment = { body: 'x', path: 'a.sql', commit_id: desk.ref.headSha, side: 'RIGHT' }
    expect((await desk.ask('POST', 'pulls/1/comments', { ...comment, line: 2 })).status).toBe(201)
    expect((await desk.ask('POST', 'pulls/1/comments', { ...comment, line: 20 })).body.errors).toMatchObject([
      { field: 'pull_request_review_thread.line', message: 'pull_request_review_thread.line must be part of the diff' },
    ])
    expect((await desk.ask('POST', 'pulls/1/comments', { ...comment, line: 2, commit_id: '0'.repeat(40) })).status).toBe(422)
  })

  test('threads move with their lines and are outdated when those change', async () => {
    await using other = await openGithubDesk()
    const { stub, ref } = other
    await other.ask('POST', 'pulls/1/reviews', { event: 'COMMENT', comments: [at(2), at(31)] })
    const text = (await other.ask('GET', `contents/a.sql?ref=${ref.headSha}`)).body.content
    const lines = Buffer.from(text, 'base64').toString().split('\n')
    await stub.push(ref, { 'a.sql': ['-- new', ...lines.with(1, 'select 2000;')].join('\n') }, { force: true })
    const { body } = await other.ask('GET', 'pulls/1/comments')
    expect(body).toMatchObject([
      { line: null, original_line: 2, commit_id: ref.headSha },
      { line: 32, original_line: 31, original_commit_id: ref.headSha },
    ])
    expect(body[1].commit_id).not.toBe(ref.headSha)
    expect((await other.ask('GET', `compare/${ref.headSha}...${body[1].commit_id}`)).body.status).toBe('diverged')
    expect(stub.violations).toEqual([])
  })

  test('answers go to the first comment of a thread, and a deleted one leaves its answers', async () => {
    await using other = await openGithubDesk()
    const { stub, ref } = other
    await other.ask('POST', 'pulls/1/reviews', { event: 'COMMENT', comments: [at(2)] })
    const [thread] = stub.state(ref).threads
    const root = Number(thread?.id)
    const answer = await other.ask('POST', `pulls/1/comments/${root}/replies`, { body: 'y' })
    expect(answer).toMatchObject({ status: 201, body: { in_reply_to_id: root, line: 2 } })
    await stub.comment(ref, 'mallory', '<!-- marker of ours -->', thread?.id)
    expect(stub.violations).toEqual([])
    await other.ask('POST', `pulls/1/comments/${answer.body.id}/replies`, { body: 'z' })
    expect(stub.violations.splice(0)).toEqual([expect.stringContaining('no answers to answers')])
    stub.deleteComment(ref, root)
    expect((await other.ask('GET', `pulls/comments/${root}`)).status).toBe(404)
    expect((await other.ask('POST', `pulls/1/comments/${root}/replies`, { body: 'y' })).status).toBe(404)
    expect(stub.state(ref).threads).toMatchObject([{ id: String(root), comments: [{}, { author: 'mallory' }, {}] }])
  })
})

describe('threads by GraphQL', () => {
  const QUERY = `query threads($number: Int!, $after: String) { repository(owner: "acme", name: "shop") { pullRequest(number: $number) {
    reviewThreads(first: 1, after: $after) { totalCount pageInfo { hasNextPage endCursor }
      nodes { id isResolved resolvedBy { login } comments(first: 10) { nodes { ...one } } } } } } }
    fragment one on PullRequestReviewComment { databaseId fullDatabaseId viewerDidAuthor author { login ... on Bot { id } } }`
  const RESOLVE = 'mutation($id: ID!) { resolveReviewThread(input: { threadId: $id }) { thread { isResolved } } }'

  test('all pages, resolving, opening again, and what a person did', async () => {
    await using other = await openGithubDesk()
    const { stub, ref } = other
    const comments = [2, 31].map((line) => ({ path: 'a.sql', line, side: 'RIGHT', body: 'x' }))
    await other.ask('POST', 'pulls/1/reviews', { event: 'COMMENT', comments })
    const first = (await other.graphql(QUERY, { number: 1 })).body.data.repository.pullRequest.reviewThreads
    expect(first).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } })
    const second = (await other.graphql(QUERY, { number: 1, after: first.pageInfo.endCursor })).body.data.repository.pullRequest
      .reviewThreads
    expect(second.pageInfo.hasNextPage).toBe(false)
    expect(second.nodes[0].id).not.toBe(first.nodes[0].id)
    // Ids have more than 32 bits, and a bot's login lacks its ending.
    expect(first.nodes[0].comments.nodes[0]).toMatchObject({ databaseId: null, viewerDidAuthor: true, author: { login: 'pgwitness' } })
    expect((await other.graphql(RESOLVE, { id: first.nodes[0].id })).body.data.resolveReviewThread.thread.isResolved).toBe(true)
    expect(stub.state(ref).threads.map(({ resolved }) => resolved)).toEqual([true, false])
    stub.resolve(ref, String(first.nodes[0].comments.nodes[0].fullDatabaseId), 'octocat', false)
    expect(stub.state(ref).threads.map(({ resolved }) => resolved)).toEqual([false, false])
    const wrong = await other.graphql(RESOLVE, { id: 'PRRT_none' })
    expect(wrong).toMatchObject({ status: 200, body: { data: { resolveReviewThread: null }, errors: [{ type: 'NOT_FOUND' }] } })
    expect(stub.violations).toEqual([])
  })

  test('without the right to write contents no thread is resolved', async () => {
    await using other = await openGithubDesk({ permissions: { metadata: 'read', contents: 'read', pull_requests: 'write' } })
    await other.ask('POST', 'pulls/1/reviews', { event: 'COMMENT', comments: [{ path: 'a.sql', line: 2, side: 'RIGHT', body: 'x' }] })
    const { nodes } = (await other.graphql(QUERY, { number: 1 })).body.data.repository.pullRequest.reviewThreads
    expect((await other.graphql(RESOLVE, { id: nodes[0].id })).body.errors).toMatchObject([
      { type: 'FORBIDDEN', path: ['resolveReviewThread'] },
    ])
  })
})

describe('comments', () => {
  test('are kept in order, by pages; those of others are not ours to change', async () => {
    await using other = await openGithubDesk()
    const { stub, ref } = other
    for (let index = 0; index < 5; index += 1) await stub.comment(ref, `person-${index}`, String(index))
    const first = await other.ask('GET', 'issues/1/comments?per_page=2')
    expect(first.body.map(({ body }: { body: string }) => body)).toEqual(['0', '1'])
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? ''
    expect((await other.ask('GET', next.replace(stub.url, ''))).body.map(({ body }: { body: string }) => body)).toEqual(['2', '3'])
    await other.ask('PATCH', `issues/comments/${first.body[0].id}`, { body: 'mine' })
    expect(stub.violations.splice(0)).toEqual([expect.stringContaining("somebody else's")])
    const own = (await other.ask('POST', 'issues/1/comments', { body: 'x' })).body
    expect(own).toMatchObject({ user: { login: 'pgwitness[bot]', type: 'Bot' }, performed_via_github_app: { slug: 'pgwitness' } })
    expect((await other.ask('DELETE', `issues/comments/${own.id}`)).status).toBe(204)
    expect((await other.ask('DELETE', `issues/comments/${own.id}`)).status).toBe(404)
    const ghost = await stub.comment(ref, 'ghost', 'x')
    expect((await other.ask('GET', `issues/comments/${ghost.id}`)).body.user).toBeNull()
    expect(stub.violations).toEqual([])
  })

  test('65,536 characters fit, one more does not', async () => {
    expect((await desk.ask('POST', 'issues/1/comments', { body: 'ü'.repeat(65_536) })).status).toBe(201)
    const refused = await desk.ask('POST', 'issues/1/comments', { body: 'x'.repeat(65_537) })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ message: 'body is too long (maximum is 65536 characters)' }] } })
    expect((await desk.ask('POST', 'issues/1/comments', { body: ' \n' })).status).toBe(422)
  })

  test('a locked conversation takes no comment', async () => {
    await using other = await openGithubDesk()
    other.stub.lock(other.ref)
    expect((await other.ask('POST', 'issues/1/comments', { body: 'x' })).status).toBe(403)
  })

  test('a reaction is there once', async () => {
    expect((await desk.ask('POST', 'issues/1/reactions', { content: 'eyes' })).status).toBe(201)
    expect((await desk.ask('POST', 'issues/1/reactions', { content: 'eyes' })).status).toBe(200)
    const comment = await desk.stub.comment(desk.ref, 'octocat', 'x')
    await desk.ask('POST', `issues/comments/${comment.id}/reactions`, { content: 'eyes' })
    const { comments, reactions } = desk.stub.state(desk.ref)
    expect(reactions).toEqual(['eyes'])
    expect(comments.find(({ id }) => id === comment.id)?.reactions).toEqual(['eyes'])
  })
})

test('annotations are added, all else of a check run is replaced', async () => {
  const { body: made } = await desk.ask('POST', 'check-runs', { name: 'pgwitness', head_sha: desk.ref.headSha, status: 'in_progress' })
  const { output } = annotated(50) as { output: object }
  await desk.ask('PATCH', `check-runs/${made.id}`, { output })
  const done = await desk.ask('PATCH', `check-runs/${made.id}`, { conclusion: 'success', output: { ...output, title: 'Done' } })
  expect(done.body).toMatchObject({ status: 'completed', conclusion: 'success', output: { title: 'Done', annotations_count: 100 } })
  expect((await desk.ask('GET', `check-runs/${made.id}/annotations?per_page=100`)).body).toHaveLength(100)
  await desk.ask('POST', 'check-runs', { name: 'pgwitness', head_sha: desk.ref.headSha })
  const list = async (more: string): Promise<number> =>
    (await desk.ask('GET', `commits/${desk.ref.headSha}/check-runs?${more}`)).body.total_count
  expect(await list('check_name=pgwitness')).toBe(1)
  expect(await list('check_name=pgwitness&filter=all')).toBe(2)
  expect((await desk.ask('POST', 'check-runs', { name: 'x', head_sha: '0'.repeat(40) })).status).toBe(422)
  const wide = { path: 'a.sql', start_line: 1, end_line: 2, start_column: 1, annotation_level: 'notice', message: 'm' }
  expect((await desk.ask('PATCH', `check-runs/${made.id}`, { output: { title: 't', summary: 's', annotations: [wide] } })).status).toBe(422)
})

test('a description of a commit status has 140 characters', async () => {
  const put = async (length: number): Promise<number> =>
    (await desk.ask('POST', `statuses/${desk.ref.headSha}`, { state: 'success', context: 'x', description: 'd'.repeat(length) })).status
  expect([await put(140), await put(141)]).toEqual([201, 422])
})

test('files by the API', async () => {
  const files = {
    'a b/ü.sql': 'select 1;\n',
    link: { mode: '120000', content: '/etc/passwd' },
    'large.sql': 'x'.repeat(1024 * 1024 + 1),
  } as const
  const ref = await desk.stub.addMergeRequest({ repository: 'acme/files', base: {}, head: files })
  const ask = (path: string, headers = {}) => desk.ask('GET', `/repos/acme/files/${path}`, undefined, { headers })
  const { body } = await ask(`git/trees/${ref.headSha}?recursive=1`)
  expect(body.tree.map(({ path, mode, type }: Record<string, string>) => `${mode} ${type} ${path}`)).toEqual([
    '040000 tree a b',
    '100644 blob a b/ü.sql',
    '100644 blob large.sql',
    '120000 blob link',
  ])
  const blob = body.tree[1].sha
  expect(Buffer.from((await ask(`git/blobs/${blob}`)).body.content, 'base64').toString()).toBe('select 1;\n')
  expect((await ask(`git/blobs/${blob}`, { accept: 'application/vnd.github.raw+json' })).body).toBe('select 1;\n')
  expect((await ask(`contents/a%20b/%C3%BC.sql?ref=${ref.headSha}`)).body).toMatchObject({
    type: 'file',
    path: 'a b/ü.sql',
    encoding: 'base64',
  })
  expect((await ask(`contents/link?ref=${ref.headSha}`)).body).toMatchObject({ type: 'symlink', target: '/etc/passwd' })
  expect((await ask(`contents/large.sql?ref=${ref.headSha}`)).body).toMatchObject({ content: '', encoding: 'none', size: 1024 * 1024 + 1 })
  expect((await ask(`contents/none.sql?ref=${ref.headSha}`)).status).toBe(404)
})

test('a renamed repository is found by its old name and by its number', async () => {
  await using other = await openGithubDesk()
  other.stub.rename(other.ref, 'acme/store')
  const moved = await other.ask('GET', 'pulls/1')
  expect(moved.status).toBe(301)
  const location = moved.headers.get('location')?.replace(other.stub.url, '') ?? ''
  expect(location).toBe(`/repositories/${other.ref.repositoryId}/pulls/1`)
  expect((await other.ask('GET', location)).body.base.repo.full_name).toBe('acme/store')
  expect((await other.ask('POST', 'issues/1/comments', { body: 'x' })).status).toBe(307)
})

describe('git', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pgwitness-git-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const header = (token: string): string[] => [
    '-c',
    `http.extraHeader=Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString('base64')}`,
  ]

  test('nobody pushes', async () => {
    const asked = await desk.ask('GET', '/acme/shop.git/info/refs?service=git-receive-pack', undefined, {
      token: desk.stub.credentials.token,
    })
    expect(asked.status).toBe(403)
    expect(takeViolations()).toEqual([expect.stringContaining('a push')])
  })

  test('a commit by its id, without its files, and the head of a fork', async () => {
    const fork = await desk.stub.addMergeRequest({
      repository: 'acme/shop',
      base: { 'b.sql': 'select 1;\n' },
      head: { 'b.sql': 'select 2;\n' },
      fork: true,
    })
    await run('git', ['init', '--quiet', '--bare', folder])
    const { token } = desk.stub.credentials
    const fetch = (...options: string[]) =>
      run('git', [
        '-C',
        folder,
        ...options,
        'fetch',
        '--quiet',
        '--depth=1',
        '--filter=blob:none',
        `${desk.stub.url}/acme/shop.git`,
        desk.ref.baseSha,
        `refs/pull/${fork.number}/head`,
      ])
    await fetch(...header(token))
    const { stdout } = await run('git', ['-C', folder, 'ls-tree', '--name-only', fork.headSha])
    expect(stdout).toBe('b.sql\n')
    const { stdout: missing } = await run('git', ['-C', folder, 'rev-list', '--objects', '--missing=print', fork.headSha])
    expect(missing).toMatch(/^\?/m)
    const anonymous = ['-c', 'core.askPass=true', '-c', 'credential.helper=']
    await expect(fetch(...anonymous)).rejects.toThrow(/Authentication failed|could not read/)
    await expect(fetch(...anonymous, ...header('ghs_wrong'))).rejects.toThrow(/Authentication failed|could not read/)
    desk.stub.hide(desk.ref)
    await expect(fetch(...header(token))).rejects.toThrow(/not found/)
    desk.stub.hide(desk.ref, false)
  })
})

describe('webhooks', () => {
  test('are signed over what is sent', () => {
    const { headers, body, path } = desk.stub.webhook('opened', desk.ref)
    const signature = (secret: string): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    expect(path).toBe('/api/github/webhooks')
    expect(headers).toMatchObject({
      'x-github-event': 'pull_request',
      'x-hub-signature-256': signature(desk.stub.credentials.webhookSecret),
    })
    expect(desk.stub.webhook('opened', desk.ref, { secret: 'other' }).headers['x-hub-signature-256']).toMatch(/^sha256=/)
    expect(desk.stub.webhook('opened', desk.ref, { delivery: 'd1' }).headers['x-github-delivery']).toBe('d1')
  })

  test('say what happened, and the state goes with it', async () => {
    await using other = await openGithubDesk()
    const { stub, ref } = other
    const told = (...args: Parameters<typeof stub.webhook>) => JSON.parse(stub.webhook(...args).body)
    const before = ref.headSha
    const after = await stub.push(ref, { 'a.sql': 'select 1;\n' })
    expect(told('pushed', ref)).toMatchObject({ action: 'synchronize', before, after, pull_request: { head: { sha: after } } })
    expect(told('draft', ref).pull_request.draft).toBe(true)
    expect(told('ready', ref)).toMatchObject({ action: 'ready_for_review', pull_request: { draft: false } })
    expect(told('closed', ref)).toMatchObject({ action: 'closed', pull_request: { state: 'closed', merged: false } })
    expect(told('reopened', ref).pull_request.state).toBe('open')
    expect(told('merged', ref)).toMatchObject({ action: 'closed', pull_request: { merged: true } })
    const comment = await stub.comment(ref, 'mallory', '@pgwitness review')
    const said = told('commented', ref, { comment })
    expect(said).toMatchObject({
      action: 'created',
      issue: { number: 1, pull_request: {} },
      comment: { id: comment.id },
      sender: { login: 'mallory' },
    })
    expect(said.installation.id).toBe(ref.installation)
    expect(told('rerun', ref)).toMatchObject({ action: 'rerequested', check_run: { head_sha: after, app: { slug: 'pgwitness' } } })
    const reference = { number: 1, base: { repo: { id: ref.repositoryId } } }
    expect(told('rerun-all', ref)).toMatchObject({ action: 'rerequested', check_suite: { head_sha: after, pull_requests: [reference] } })
    expect(told('retargeted', ref)).toMatchObject({ action: 'edited', changes: { base: {} } })
    expect(told('issue-commented', ref, { comment }).issue).not.toHaveProperty('pull_request')
    expect(stub.webhook('unrelated', ref).headers['x-github-event']).toBe('star')
    expect(stub.webhook('ping', ref).headers['x-github-event']).toBe('ping')
  })
})

describe('misbehaviour', () => {
  const read = () => desk.ask('GET', 'pulls/1')

  test('so many times, at what matches, after so many that went well', async () => {
    desk.stub.misbehave({ method: 'GET', path: '/pulls/1', status: 502, times: 2, after: 1, headers: { 'retry-after': '7' } })
    expect((await desk.ask('GET', 'issues/1/comments')).status).toBe(200)
    const statuses = []
    for (let index = 0; index < 4; index += 1) statuses.push((await read()).status)
    expect(statuses).toEqual([200, 502, 502, 200])
    expect(desk.stub.requests.slice(-4).map(({ status }) => status)).toEqual(statuses)
  })

  test('limits as GitHub tells of them', async () => {
    desk.stub.misbehave(secondaryLimit(30))
    const secondary = await read()
    expect([secondary.status, secondary.headers.get('retry-after')]).toEqual([403, '30'])
    expect(secondary.body.message).toMatch(/secondary rate limit/)
    const resetMs = Date.now() + 60_000
    desk.stub.misbehave(primaryLimit(resetMs))
    const primary = await read()
    expect(primary.headers.get('x-ratelimit-remaining')).toBe('0')
    expect(Number(primary.headers.get('x-ratelimit-reset')) * 1000).toBeGreaterThanOrEqual(resetMs)
  })

  test('connections that end, before and after the work was done', async () => {
    const count = (): number => desk.stub.state(desk.ref).comments.length
    const write = () => desk.ask('POST', 'issues/1/comments', { body: 'x' })
    const before = count()
    desk.stub.misbehave({ reset: true })
    await expect(write()).rejects.toThrow()
    expect(count()).toBe(before)
    desk.stub.misbehave({ reset: true, isCarriedOut: true })
    await expect(write()).rejects.toThrow()
    desk.stub.misbehave({ status: 504, isCarriedOut: true })
    expect((await write()).status).toBe(504)
    expect(count()).toBe(before + 2)
    desk.stub.misbehave({ truncate: true })
    await expect(read()).rejects.toThrow()
  })

  test('a hook comes between, and a late answer comes', async () => {
    const comment = await desk.stub.comment(desk.ref, 'octocat', 'x')
    desk.stub.misbehave({ path: `/issues/comments/${comment.id}`, hook: () => desk.stub.deleteComment(desk.ref, comment.id), delayMs: 20 })
    expect((await desk.ask('GET', `issues/comments/${comment.id}`)).status).toBe(404)
  })

  test('pages out of order have all entries all the same', async () => {
    await using other = await openGithubDesk()
    for (let index = 0; index < 5; index += 1) await other.stub.comment(other.ref, 'octocat', String(index))
    other.stub.misbehave({ path: '/comments', shuffle: true, times: 3 })
    const seen: string[] = []
    for (const page of [1, 2, 3]) {
      const { body } = await other.ask('GET', `issues/1/comments?per_page=2&page=${page}`)
      seen.push(...body.map((one: { body: string }) => one.body))
    }
    expect(seen).not.toEqual(['0', '1', '2', '3', '4'])
    expect(seen.sort()).toEqual(['0', '1', '2', '3', '4'])
  })

  test('by chance, the same for the same seed', async () => {
    const outcomes = async (): Promise<string[]> => {
      desk.stub.random(0.3, 7)
      const seen: string[] = []
      for (let index = 0; index < 60; index += 1)
        seen.push(
          await desk.ask('GET', 'issues/1/reactions').then(
            ({ status }) => String(status),
            () => 'cut',
          ),
        )
      desk.stub.random(0, 0)
      return seen
    }
    const first = await outcomes()
    expect(await outcomes()).toEqual(first)
    const kinds = new Set(first)
    expect(kinds.size).toBeGreaterThan(3)
    expect(kinds).toContain('cut')
    expect([...kinds].every((kind) => ['200', '500', '502', '503', '504', '429', '403', 'cut'].includes(kind))).toBe(true)
  })
})

test('merge requests made at once are numbered, and one owner has one installation', async () => {
  await using stub = await startStubGithub()
  const make = (repository: string) => stub.addMergeRequest({ repository, base: { a: 'x' }, head: { a: 'y' } })
  const refs = await Promise.all([make('acme/a'), make('acme/a'), make('acme/b'), make('other/a')])
  expect(refs.map(({ repository, number }) => `${repository}#${number}`)).toEqual(['acme/a#1', 'acme/a#2', 'acme/b#1', 'other/a#1'])
  expect(new Set(refs.map(({ repositoryId }) => repositoryId)).size).toBe(3)
  expect(new Set(refs.map(({ installation }) => installation)).size).toBe(2)
})

test('a stub closes while requests wait', async () => {
  const other = await openGithubDesk()
  other.stub.misbehave({ delayMs: 600_000 })
  other.stub.misbehave({ hook: () => new Promise(() => {}) })
  const waiting = [other.ask('GET', 'pulls/1'), other.ask('GET', 'pulls/1')].map((asked) => asked.catch(() => 'cut'))
  while (other.stub.requests.length < 3) await new Promise((resolve) => setTimeout(resolve, 5))
  await other[Symbol.asyncDispose]()
  expect(await Promise.all(waiting)).toEqual(['cut', 'cut'])
})

test('nothing is left behind', async () => {
  const left = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('pgwitness-stub-'))
  const before = new Set(left())
  const stub = await startStubGithub()
  await stub.addMergeRequest({ repository: 'acme/shop', base: { a: 'x' }, head: { a: 'y' } })
  const own = left().filter((name) => !before.has(name))
  expect(own.length).toBeGreaterThan(0)
  await stub[Symbol.asyncDispose]()
  await expect(fetch(stub.url)).rejects.toThrow()
  // Others may run beside this.
  expect(own.some((name) => existsSync(join(tmpdir(), name)))).toBe(false)
})
