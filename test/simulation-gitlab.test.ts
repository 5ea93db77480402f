import { execFile } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Gitlab } from '@gitbeaker/rest'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { rateLimited, TOO_MANY_NOTES } from '../src/simulation/gitlab/faults.ts'
import { type StubGitlab, startStubGitlab } from '../src/simulation/stub-gitlab.ts'

const TABLE = `create table orders (id bigint primary key);\n${Array.from({ length: 20 }, (_, index) => `-- ${index + 2}`).join('\n')}\n`
/** Line 1 is changed, line 11 is added, old line 16 is taken away. */
const CHANGED = TABLE.replace('id bigint', 'id int').replace('-- 10\n', '-- 10\ncreate index on orders (id);\n').replace('-- 16\n', '')

/** Anything. */
type Json = ReturnType<typeof JSON.parse>
type Proposed = Awaited<ReturnType<StubGitlab['addMergeRequest']>>

let stub: StubGitlab
let shared: Proposed
let proposed: Proposed
let root: string

const PROPOSAL: Parameters<StubGitlab['addMergeRequest']>[0] = {
  repository: 'shop/tools/db',
  base: { 'schema.sql': TABLE, 'old name.sql': `${TABLE}-- moved\n`, 'app/main.ts': 'export {}\n' },
  head: { 'schema.sql': CHANGED, 'old name.sql': null, 'new name.sql': `${TABLE}-- moved too\n`, 'added.sql': 'select 1;\nselect 2;\n' },
  target: { 'meanwhile.sql': 'select 3;\n' },
}

beforeAll(async () => {
  stub = await startStubGitlab()
  shared = await stub.addMergeRequest(PROPOSAL)
})

afterAll(async () => {
  await stub[Symbol.asyncDispose]()
})

beforeEach(() => use(shared))

/** What a test found wrong is its own; comments are taken away. */
afterEach(() => {
  stub.violations.length = 0
  stub.quickActions.length = 0
  const { comments, threads } = stub.state(shared)
  for (const { id } of [...comments, ...threads.flatMap((thread) => thread.comments)]) stub.deleteComment(shared, id)
})

function use(request: Proposed): void {
  proposed = request
  root = `/projects/${proposed.repositoryId}/merge_requests/${proposed.number}`
}

/** A merge request of the test's own. */
async function useNew(options: Partial<typeof PROPOSAL> = {}): Promise<void> {
  use(await stub.addMergeRequest({ ...PROPOSAL, ...options }))
}

/** Sends JSON, or a form as it is. */
async function call(method: string, path: string, body?: Json | FormData | URLSearchParams, token = stub.credentials.token) {
  const isForm = body instanceof FormData || body instanceof URLSearchParams
  const response = await fetch(`${stub.url}/api/v4${path}`, {
    method,
    headers: { 'private-token': token, ...(body && !isForm ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: isForm ? body : JSON.stringify(body) } : {}),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Json }
}

async function refs(): Promise<Json> {
  return (await call('GET', root)).body.diff_refs
}

async function position(lines: Json): Promise<Json> {
  return { position_type: 'text', ...(await refs()), old_path: 'schema.sql', new_path: 'schema.sql', ...lines }
}

function lineCode(path: string, old: number, now: number): string {
  return `${createHash('sha1').update(path).digest('hex')}_${old}_${now}`
}

const NO_LINE = { message: `400 Bad request - Note {:line_code=>["can't be blank", "must be a valid line code"]}` }

describe('merge request', () => {
  test('what it is compared with', async () => {
    const { body } = await call('GET', root)
    expect(body).toMatchObject({ iid: 1, state: 'opened', draft: false, sha: proposed.headSha, author: { username: 'octocat' } })
    expect(body.source_project_id).toBe(proposed.repositoryId)
    expect(body.diff_refs).toMatchObject({ base_sha: proposed.baseSha, head_sha: proposed.headSha })
    expect(body.diff_refs.start_sha).not.toBe(proposed.baseSha)
    const byPath = await call('GET', '/projects/shop%2Ftools%2Fdb/merge_requests/1')
    expect(byPath.body.id).toBe(body.id)
    expect(stub.violations).toEqual([])
  })

  test('versions are newest first, and follow pushes', async () => {
    await useNew()
    const head = await stub.push(proposed, { 'added.sql': 'select 5;\n' })
    const { body } = await call('GET', `${root}/versions`)
    expect(body.map((version: Json) => version.head_commit_sha)).toEqual([head, proposed.headSha])
    const amended = await stub.push(proposed, { 'added.sql': 'select 6;\n' }, { force: true })
    expect((await call('GET', root)).body.sha).toBe(amended)
    const { body: compared } = await call(
      'GET',
      `/projects/${proposed.repositoryId}/repository/compare?from=${proposed.headSha}&to=${amended}`,
    )
    expect(compared.commits).toHaveLength(1)
  })

  test('the diff', async () => {
    const { body, headers } = await call('GET', `${root}/diffs?per_page=2`)
    expect(headers.get('x-next-page')).toBe('2')
    expect(headers.get('x-total')).toBe('3')
    const rest = await call('GET', `${root}/diffs?per_page=2&page=2`)
    expect(rest.headers.get('x-next-page')).toBe('')
    const files = [...body, ...rest.body]
    expect(files.map(({ old_path, new_path, new_file, renamed_file }) => [old_path, new_path, new_file, renamed_file])).toEqual([
      ['added.sql', 'added.sql', true, false],
      ['old name.sql', 'new name.sql', false, true],
      ['schema.sql', 'schema.sql', false, false],
    ])
    expect(files[0]?.diff).toBe('@@ -0,0 +1,2 @@\n+select 1;\n+select 2;\n')
    expect(files[2]?.diff).toMatch(/^@@ -1,4 \+1,4 @@\n-create table/)
  })

  test('large files come without their diff', async () => {
    await useNew()
    await stub.push(proposed, { 'big.sql': 'select 1;\n'.repeat(3000), 'huge.sql': 'select 1;\n'.repeat(30_000) })
    const { body } = await call('GET', `${root}/diffs`)
    const shown = Object.fromEntries(body.map((file: Json) => [file.new_path, [file.collapsed, file.too_large, file.diff.length > 0]]))
    expect(shown).toMatchObject({ 'big.sql': [true, false, false], 'huge.sql': [false, true, false], 'added.sql': [false, false, true] })
  })

  test('until it is prepared there are no diff_refs', async () => {
    await useNew()
    stub.setPreparing(proposed, true)
    expect((await call('GET', root)).body.diff_refs).toBeNull()
    expect((await call('GET', `${root}/versions`)).body).toEqual([])
  })
})

describe('a position in the diff', () => {
  test.each([
    ['an added line', { new_line: 11 }, [11, 11]],
    ['an added line of a changed one', { new_line: 1 }, [2, 1]],
    ['a removed line', { old_line: 16 }, [16, 17]],
    ['a context line', { old_line: 12, new_line: 13 }, [12, 13]],
  ])('%s', async (_, lines, [old, now]) => {
    const { status, body } = await call('POST', `${root}/discussions`, { body: 'Here', position: await position(lines) })
    expect(status).toBe(201)
    expect(body.individual_note).toBe(false)
    expect(body.notes[0]).toMatchObject({ type: 'DiffNote', resolvable: true, resolved: false, position: lines })
    const hook = stub.webhook('commented', proposed, { comment: { id: body.notes[0].id, place: 'thread' } })
    expect(JSON.parse(hook.body).object_attributes.line_code).toBe(lineCode('schema.sql', old as number, now as number))
    expect(stub.violations).toEqual([])
  })

  test.each([
    ['a context line without its old number', { new_line: 13 }, 'the context line is old_line 12, new_line 13'],
    ['an added line with an old number', { old_line: 11, new_line: 11 }, 'the added line is old_line absent, new_line 11'],
    ['a removed line with a new number', { old_line: 16, new_line: 16 }, 'old_line'],
    ['a line the diff does not show', { old_line: 7, new_line: 7 }, 'shows no line'],
    ['no line', {}, 'without new_line and old_line'],
    ['another commit', { new_line: 11, head_sha: '0'.repeat(40) }, 'of no version'],
    ['a swapped start and base', { new_line: 11, start_sha: 'base' }, 'of no version'],
    ['a file that is not in the diff', { new_line: 1, new_path: 'app/main.ts', old_path: 'app/main.ts' }, 'no file'],
    ['a renamed file under its new name only', { new_line: 1, new_path: 'new name.sql', old_path: 'new name.sql' }, 'no file'],
  ])('%s is refused', async (_, lines, violation) => {
    const { status, body } = await call('POST', `${root}/discussions`, { body: 'Here', position: await position(lines) })
    expect(status).toBe(400)
    expect(body.message).toContain(NO_LINE.message.slice(NO_LINE.message.indexOf(':line_code'), -1))
    expect(stub.violations).toEqual([expect.stringContaining(violation)])
    expect(stub.state(proposed).threads).toEqual([])
  })

  test('a version that is no longer the newest still counts', async () => {
    await useNew()
    const before = await position({ new_line: 11 })
    await stub.push(proposed, { 'schema.sql': CHANGED.replace('-- 2\n', '-- 2\n-- 2 and a half\n') })
    const { status } = await call('POST', `${root}/discussions`, { body: 'Here', position: before })
    expect(status).toBe(201)
    expect(stub.violations).toEqual([])
  })

  test.each(['base_sha', 'start_sha', 'head_sha', 'position_type', 'old_path', 'new_path'])(
    'without %s it becomes an ordinary discussion',
    async (key) => {
      const { [key]: _, ...others } = await position({ new_line: 11 })
      const { status, body } = await call('POST', `${root}/discussions`, { body: 'Here', position: others })
      expect(status).toBe(201)
      expect(body.notes[0].type).toBe('DiscussionNote')
      expect(stub.violations).toEqual([expect.stringContaining(`without ${key}`)])
    },
  )

  test('keys that only look nested in JSON are passed over', async () => {
    const { body } = await call('POST', `${root}/discussions`, { body: 'Here', 'position[new_line]': 11 })
    expect(body.notes[0].type).toBe('DiscussionNote')
    expect(stub.violations).toEqual([expect.stringContaining('there is no parameter position[new_line]')])
  })

  test('a whole file', async () => {
    const { status, body } = await call('POST', `${root}/discussions`, {
      body: 'Here',
      position: { ...(await position({})), position_type: 'file' },
    })
    expect([status, body.notes[0].type]).toEqual([201, 'DiffNote'])
    expect(stub.violations).toEqual([])
  })

  describe('of several lines', () => {
    const start = { line_code: lineCode('schema.sql', 11, 11), type: 'new' }
    const end = { line_code: lineCode('schema.sql', 12, 13), type: 'old' }

    test('is kept', async () => {
      const { status } = await call('POST', `${root}/discussions`, {
        body: 'Here',
        position: await position({ old_line: 12, new_line: 13, line_range: { start, end } }),
      })
      expect(status).toBe(201)
      expect(stub.state(proposed).threads).toMatchObject([{ path: 'schema.sql', line: 13, startLine: 11, resolved: false }])
      expect(stub.violations).toEqual([])
    })

    test.each([
      ['a wrong line code', { start: { ...start, line_code: lineCode('schema.sql', 0, 11) }, end }, 400, 'is of no line'],
      ['the line code of another file', { start: { ...start, line_code: lineCode('added.sql', 11, 11) }, end }, 400, 'is of no line'],
      ['a wrong type', { start: { ...start, type: 'old' }, end }, 201, '[type] of a added line is not old'],
      ['a context line called new', { start, end: { ...end, type: 'new' } }, 201, '[type] of a context line is not new'],
      ['an end that is not the line', { start, end: start }, 201, 'is not the line of the position'],
      ['the wrong order', { start: { line_code: lineCode('schema.sql', 13, 14), type: 'old' }, end }, 201, 'is after'],
    ])('%s', async (_, range, expected, violation) => {
      const { status } = await call('POST', `${root}/discussions`, {
        body: 'Here',
        position: await position({ old_line: 12, new_line: 13, line_range: range }),
      })
      expect(status).toBe(expected)
      expect(stub.violations).toEqual([expect.stringContaining(violation)])
    })
  })

  test('moves with its line', async () => {
    await useNew()
    await call('POST', `${root}/discussions`, { body: 'Here', position: await position({ new_line: 11 }) })
    await stub.push(proposed, { 'schema.sql': CHANGED.replace('-- 2\n', '-- 2\n-- 2 and a half\n') })
    expect(stub.state(proposed).threads).toMatchObject([{ line: 12 }])
    await stub.push(proposed, { 'schema.sql': CHANGED.replace('create index on', 'create index x on') })
    expect(stub.state(proposed).threads).toMatchObject([{ line: 12 }])
    const { body } = await call('GET', `${root}/discussions`)
    expect(body[0]?.notes[0].position.head_sha).not.toBe((await refs()).head_sha)
  })
})

describe('notes', () => {
  test('are written, edited, listed newest first and deleted', async () => {
    const { status, body: note } = await call('POST', `${root}/notes`, { body: 'One' })
    expect([status, note.type, note.resolvable, note.noteable_iid]).toEqual([201, null, false, 1])
    await call('POST', `${root}/notes`, new URLSearchParams({ body: 'Two' }))
    const form = new FormData()
    form.set('body', 'Three')
    await call('POST', `${root}/notes`, form)
    expect((await call('PUT', `${root}/notes/${note.id}`, { body: 'One, edited' })).body.body).toBe('One, edited')
    const listed = await call('GET', `${root}/notes`)
    expect(listed.body.map(({ body }: Json) => body)).toEqual(['Three', 'Two', 'One, edited'])
    const oldest = await call('GET', `${root}/notes?sort=asc&order_by=created_at&per_page=1&page=1`)
    expect([oldest.body.length, oldest.body[0].id, oldest.headers.get('x-next-page')]).toEqual([1, note.id, '2'])
    expect((await call('DELETE', `${root}/notes/${note.id}`)).status).toBe(204)
    expect((await call('GET', `${root}/notes/${note.id}`)).body).toEqual({ message: '404 Not found' })
    expect(stub.state(proposed).comments.map(({ author, body }) => [author, body])).toEqual([
      ['pgwitness', 'Two'],
      ['pgwitness', 'Three'],
    ])
    expect(stub.violations).toEqual([])
  })

  test('have a million characters at most', async () => {
    expect((await call('POST', `${root}/notes`, { body: 'ü'.repeat(1_000_000) })).status).toBe(201)
    const { status, body } = await call('POST', `${root}/notes`, { body: 'x'.repeat(1_000_001) })
    expect([status, body.message]).toEqual([400, '400 Bad request - Note {:note=>["is too long (maximum is 1000000 characters)"]}'])
    expect((await call('POST', `${root}/notes`, { body: ' ' })).status).toBe(400)
    expect((await call('POST', `${root}/notes`, {})).body).toEqual({ error: 'body is missing' })
  })

  test('of others are not ours to change', async () => {
    const { id } = await stub.comment(proposed, 'mona', 'Hello')
    expect((await call('PUT', `${root}/notes/${id}`, { body: 'x' })).status).toBe(403)
    expect((await call('DELETE', `${root}/notes/${id}`)).status).toBe(403)
    stub.setAccess(proposed, 'pgwitness', 40)
    expect((await call('PUT', `${root}/notes/${id}`, { body: 'x' })).status).toBe(200)
    stub.setAccess(proposed, 'pgwitness', 30)
  })

  test('with quick actions are carried out', async () => {
    const { body } = await call('POST', `${root}/notes`, {
      body: 'Fine.\n/close\n```\n/merge\n```\n<!--\n/label ~x\n-->\n/usr/bin is a path',
    })
    expect(body.body).not.toContain('/close')
    expect(stub.quickActions).toEqual(['/close'])
    expect((await call('POST', `${root}/notes`, { body: '/approve' })).status).toBe(202)
    expect(stub.violations).toHaveLength(2)
  })

  test('a push leaves one of its own', async () => {
    await useNew()
    await stub.push(proposed, { 'added.sql': 'select 9;\n' })
    expect((await call('GET', `${root}/notes`)).body).toMatchObject([{ system: true, body: expect.stringContaining('added 1 commit') }])
    expect(stub.state(proposed).comments).toEqual([])
  })
})

describe('threads', () => {
  async function thread(): Promise<Json> {
    return (await call('POST', `${root}/discussions`, { body: 'Here', position: await position({ new_line: 11 }) })).body
  }

  test('are answered, resolved and opened again', async () => {
    const { id, notes } = await thread()
    const answer = await call('POST', `${root}/discussions/${id}/notes`, { body: 'Answer' })
    expect([answer.status, answer.body.type]).toEqual([201, 'DiffNote'])
    const resolved = await call('PUT', `${root}/discussions/${id}?resolved=true`)
    expect(resolved.body.notes.map((note: Json) => [note.resolved, note.resolved_by.username])).toEqual([
      [true, 'pgwitness'],
      [true, 'pgwitness'],
    ])
    await stub.comment(proposed, 'mona', 'Thank you', id)
    expect(stub.state(proposed).threads).toMatchObject([{ id, resolved: true, comments: [{}, {}, { author: 'mona', body: 'Thank you' }] }])
    expect((await call('PUT', `${root}/discussions/${id}`, { resolved: false })).body.notes[0].resolved).toBe(false)
    const edited = await call('PUT', `${root}/discussions/${id}/notes/${notes[0].id}`, { body: 'There' })
    expect(edited.body.body).toBe('There')
    expect((await call('GET', `${root}/discussions/${id}`)).body.notes).toHaveLength(3)
    expect(stub.violations).toEqual([])
  })

  test('are resolved by developers, and by the author of the merge request', async () => {
    const { id, notes } = await thread()
    stub.setAccess(proposed, 'pgwitness', 20)
    expect((await call('PUT', `${root}/discussions/${id}`, { resolved: true })).status).toBe(403)
    expect((await call('PUT', `${root}/discussions/${id}/notes/${notes[0].id}`, { resolved: true })).status).toBe(403)
    stub.setAccess(proposed, 'pgwitness', 30)
    await useNew({ author: 'pgwitness' })
    const own = (await call('POST', `${root}/discussions`, { body: 'Overall' })).body
    stub.setAccess(proposed, 'pgwitness', 20)
    expect((await call('PUT', `${root}/discussions/${own.id}`, { resolved: true })).status).toBe(200)
    stub.setAccess(proposed, 'pgwitness', 30)
  })

  test('come to be from an answer to a plain comment', async () => {
    const { id, thread: discussion } = await stub.comment(proposed, 'mona', '@pgwitness review')
    expect((await call('GET', `${root}/discussions/${discussion}`)).body).toMatchObject({
      individual_note: true,
      notes: [{ id, type: null }],
    })
    expect((await call('PUT', `${root}/discussions/${discussion}`, { resolved: true })).status).toBe(403)
    await call('POST', `${root}/discussions/${discussion}/notes`, { body: 'Yes' })
    const { body } = await call('GET', `${root}/discussions/${discussion}`)
    expect(body.individual_note).toBe(false)
    expect(body.notes.map((note: Json) => note.type)).toEqual(['DiscussionNote', 'DiscussionNote'])
    expect(stub.state(proposed).comments.map((comment) => comment.body)).toEqual(['@pgwitness review', 'Yes'])
  })

  test('without notes are gone', async () => {
    const { id, notes } = await thread()
    expect((await call('DELETE', `${root}/discussions/${id}/notes/${notes[0].id}`)).status).toBe(204)
    expect((await call('GET', `${root}/discussions/${id}`)).body).toEqual({ message: '404 Discussion Not Found' })
    expect((await call('POST', `${root}/discussions/${id}/notes`, { body: 'x' })).status).toBe(404)
  })

  test('are on pages, in order, or in another one on demand', async () => {
    for (const body of ['1', '2', '3']) await call('POST', `${root}/discussions`, { body })
    const path = `${root}/discussions?per_page=2`
    const texts = async (page: number) => (await call('GET', `${path}&page=${page}`)).body.map((one: Json) => one.notes[0].body)
    expect([await texts(1), await texts(2)]).toEqual([['1', '2'], ['3']])
    stub.misbehave({ path: '/discussions', shuffle: true, times: 2 })
    const shuffled = [...(await texts(1)), ...(await texts(2))]
    expect(shuffled).not.toEqual(['1', '2', '3'])
    expect(shuffled.toSorted()).toEqual(['1', '2', '3'])
    expect((await call('GET', path)).headers.get('link')).toContain(
      `page=2&per_page=2>; rel="next"`.replace('page=2&per_page=2', 'per_page=2&page=2'),
    )
    await call('GET', `${root}/discussions?per_page=200`)
    expect(stub.violations).toEqual([expect.stringContaining('at most 100')])
  })

  test('suggest, and are applied', async () => {
    await useNew()
    const body = 'So:\n\n```suggestion:-1+0\n-- ten\ncreate index concurrently on orders (id);\n```\n'
    const { notes } = (await call('POST', `${root}/discussions`, { body, position: await position({ new_line: 11 }) })).body
    expect(notes[0].suggestions).toMatchObject([{ from_line: 10, to_line: 11, appliable: true }])
    expect((await call('PUT', `/suggestions/${notes[0].suggestions[0].id}/apply`)).body.applied).toBe(true)
    const file = await call(
      'GET',
      `/projects/${proposed.repositoryId}/repository/files/schema.sql/raw?ref=refs/merge-requests/${proposed.number}/head`,
    )
    expect(file.body).toBe(CHANGED.replace('-- 10\ncreate index on', '-- ten\ncreate index concurrently on'))
    expect((await call('PUT', `/suggestions/${notes[0].suggestions[0].id}/apply`)).status).toBe(400)
    expect(stub.violations).toEqual([])
  })

  test.each([
    ['on a removed line', { old_line: 16 }, '-0+0', 'only on a line of the new side'],
    ['too far', { new_line: 11 }, '-0+101', 'at most 100'],
    ['before the first line', { new_line: 1 }, '-1+0', 'from line 0'],
  ])('suggest %s', async (_, lines, range, violation) => {
    await call('POST', `${root}/discussions`, { body: `\`\`\`suggestion:${range}\nx\n\`\`\``, position: await position(lines) })
    expect(stub.violations).toEqual([expect.stringContaining(violation)])
  })
})

describe('draft notes', () => {
  test('are seen when they are published', async () => {
    const { thread: discussion } = await stub.comment(proposed, 'mona', 'Why?')
    const one = await call('POST', `${root}/draft_notes`, { note: 'Here', position: await position({ new_line: 11 }) })
    expect([one.status, one.body.line_code]).toEqual([201, lineCode('schema.sql', 11, 11)])
    await call('POST', `${root}/draft_notes`, { note: 'Overall' })
    const third = await call('POST', `${root}/draft_notes`, {
      note: 'Because',
      in_reply_to_discussion_id: discussion,
      resolve_discussion: true,
    })
    await call('PUT', `${root}/draft_notes/${third.body.id}`, { note: 'Because so' })
    expect((await call('GET', `${root}/draft_notes`)).body).toHaveLength(3)
    expect(stub.state(proposed)).toMatchObject({ comments: [{ body: 'Why?' }], threads: [] })
    expect((await call('PUT', `${root}/draft_notes/${third.body.id}/publish`)).status).toBe(204)
    expect((await call('GET', `${root}/discussions/${discussion}`)).body.notes[1]).toMatchObject({ body: 'Because so', resolved: true })
    expect((await call('POST', `${root}/draft_notes/bulk_publish`)).status).toBe(204)
    expect(stub.state(proposed)).toMatchObject({
      comments: [{ body: 'Why?' }, { body: 'Because so' }, { body: 'Overall' }],
      threads: [{ path: 'schema.sql', line: 11 }],
    })
    expect((await call('GET', `${root}/draft_notes`)).body).toEqual([])
    expect(stub.violations).toEqual([])
  })

  test('are edited by PUT only', async () => {
    const { body } = await call('POST', `${root}/draft_notes`, { note: 'x' })
    expect((await call('POST', `${root}/draft_notes/${body.id}`, { note: 'y' })).status).toBe(404)
    expect(stub.violations).toEqual([expect.stringContaining('no such operation')])
    await call('DELETE', `${root}/draft_notes/${body.id}`)
  })
})

test('an emoji is given once', async () => {
  await useNew()
  const { id } = await stub.comment(proposed, 'mona', '@pgwitness help')
  for (const path of [`${root}/notes/${id}/award_emoji`, `${root}/award_emoji`]) {
    expect((await call('POST', path, { name: 'eyes' })).status).toBe(201)
    const again = await call('POST', path, { name: 'eyes' })
    expect([again.status, again.body.message]).toEqual([404, '404 Award Emoji Name has already been taken Not Found'])
    expect((await call('GET', path)).body).toMatchObject([{ name: 'eyes', user: { username: 'pgwitness' } }])
    await call('POST', path, { name: 'thumbsup' })
  }
  expect(stub.state(proposed)).toMatchObject({ comments: [{ reactions: ['eyes', '+1'] }], reactions: ['eyes', '+1'] })
  expect(stub.violations).toEqual([])
})

describe('commit statuses', () => {
  const post = (body: Json, sha = proposed.headSha) => call('POST', `/projects/${proposed.repositoryId}/statuses/${sha}`, body)

  test('go from state to state', async () => {
    await useNew()
    expect((await post({ state: 'pending', name: 'pgwitness', description: 'Waits' })).body).toMatchObject({
      status: 'pending',
      ref: `feature-${proposed.number}`,
    })
    expect((await post({ state: 'pending', name: 'pgwitness' })).body.message).toMatch(
      /^Cannot transition status via :enqueue from :pending/,
    )
    expect((await post({ state: 'running', name: 'pgwitness' })).status).toBe(201)
    const again = await post({ state: 'running', name: 'pgwitness', description: 'Changed' })
    expect(again.status).toBe(400)
    expect(again.body.message).toBe('Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")')
    expect((await post({ state: 'success', name: 'pgwitness', description: 'Fine' })).status).toBe(201)
    expect(stub.state(proposed).statuses).toEqual([
      { name: 'pgwitness', sha: proposed.headSha, state: 'success', title: 'Fine', annotations: 0 },
    ])
    // After its end there is a new one of the same name.
    expect((await post({ state: 'running', name: 'pgwitness' })).status).toBe(201)
    expect((await post({ state: 'failed', name: 'pgwitness' })).status).toBe(201)
    const list = `/projects/${proposed.repositoryId}/repository/commits/${proposed.headSha}/statuses`
    expect((await call('GET', list)).body.map((one: Json) => one.status)).toEqual(['failed'])
    expect((await call('GET', `${list}?all=true`)).body.map((one: Json) => one.status)).toEqual(['success', 'failed'])
    expect(stub.violations).toEqual([])
  })

  test('need a commit, a role, and short texts', async () => {
    expect((await post({ state: 'running' }, '0'.repeat(40))).body).toEqual({ message: '404 Commit Not Found' })
    expect((await post({ state: 'broken' })).body).toEqual({ error: 'state is invalid' })
    expect((await post({ state: 'running', description: 'x'.repeat(256) })).status).toBe(400)
    stub.setAccess(proposed, 'pgwitness', 20)
    expect((await post({ state: 'running' })).status).toBe(403)
    stub.setAccess(proposed, 'pgwitness', 30)
  })

  test('of a fork need a ref', async () => {
    await useNew({ repository: 'shop/forked', fork: true, author: 'mona' })
    expect((await post({ state: 'running', name: 'x' })).body).toEqual({ message: '404 References for commit Not Found' })
    expect((await post({ state: 'running', name: 'x', ref: 'feature-1' })).status).toBe(201)
  })
})

describe('who may what', () => {
  const ask = (headers: Record<string, string>, path = '/user') => fetch(`${stub.url}/api/v4${path}`, { headers })

  test('tokens', async () => {
    const { token } = stub.credentials
    expect((await (await ask({ authorization: `Bearer ${token}` })).json()) as Json).toMatchObject({ username: 'pgwitness', bot: true })
    expect((await ask({}, `/user?private_token=${token}`)).status).toBe(200)
    expect(await (await ask({ 'private-token': 'glpat-wrong' })).json()).toEqual({ message: '401 Unauthorized' })
    stub.setToken('expired')
    expect((await call('GET', '/user')).body.error).toBe('invalid_token')
    stub.setToken('read_api')
    expect((await call('GET', root)).status).toBe(200)
    const { status, body } = await call('POST', `${root}/notes`, { body: 'x' })
    expect([status, body.error]).toEqual([403, 'insufficient_scope'])
    stub.setToken('valid')
  })

  test('roles', async () => {
    const { author } = (await call('GET', root)).body
    const role = (id: number) => call('GET', `/projects/${proposed.repositoryId}/members/all/${id}`)
    expect((await role(author.id)).body).toMatchObject({ username: 'octocat', access_level: 30 })
    const { id } = await stub.comment(proposed, 'mona', 'Hello')
    const mona = (await call('GET', `${root}/notes/${id}`)).body.author
    expect(mona).not.toHaveProperty('bot')
    expect(await role(mona.id)).toMatchObject({ status: 404, body: { message: '404 Not found' } })
    stub.setPermission(proposed, 'mona', 'read')
    expect((await role(mona.id)).body.access_level).toBe(20)
    stub.setPermission(proposed, 'mona', 'none')
    expect((await role(mona.id)).status).toBe(404)
    expect((await call('GET', `/users/${mona.id}`)).body.bot).toBe(false)
    expect((await call('GET', '/users?username=mona')).body).toHaveLength(1)
  })

  test('what the token may not see is not there', async () => {
    stub.hide(proposed)
    for (const path of [`/projects/${proposed.repositoryId}`, root, `${root}/discussions`])
      expect(await call('GET', path)).toMatchObject({ status: 404, body: { message: '404 Project Not Found' } })
    stub.setVisibility(proposed, 'public')
    expect((await call('GET', root)).status).toBe(200)
    stub.setVisibility(proposed, 'private')
    stub.hide(proposed, false)
    expect((await call('GET', `/projects/${proposed.repositoryId}`)).body.path_with_namespace).toBe('shop/tools/db')
    expect((await call('GET', `/projects/${proposed.repositoryId}/merge_requests/99`)).body).toEqual({ message: '404 Not found' })
    expect((await call('GET', `/projects/${proposed.repositoryId}/merge_requests/99/notes`)).body).toEqual({
      message: '404 MergeRequest Not Found',
    })
  })

  test('a fork is its author\u2019s', async () => {
    await useNew({ repository: 'shop/forked', fork: true, author: 'mona' })
    const { source_project_id: source } = (await call('GET', root)).body
    expect(source).not.toBe(proposed.repositoryId)
    expect((await call('GET', `/projects/${source}`)).status).toBe(404)
    await stub.push(proposed, { 'added.sql': 'select 7;\n' })
    expect((await call('GET', `${root}/diffs`)).body[0].diff).toContain('+select 7;')
    stub.deleteFork(proposed)
    expect((await call('GET', root)).body.source_project_id).toBeNull()
    stub.deleteMergeRequest(proposed)
    expect((await call('GET', root)).status).toBe(404)
  })
})

describe('files', () => {
  const repository = () => `/projects/${shared.repositoryId}/repository`

  test('the tree, page by page', async () => {
    const all = (await call('GET', `${repository()}/tree?recursive=true&ref=${shared.headSha}`)).body
    expect(all.map(({ type, path }: Json) => [type, path])).toEqual([
      ['blob', 'added.sql'],
      ['tree', 'app'],
      ['blob', 'app/main.ts'],
      ['blob', 'new name.sql'],
      ['blob', 'schema.sql'],
    ])
    const paths: string[] = []
    for (let next = `${stub.url}/api/v4${repository()}/tree?recursive=true&ref=${shared.headSha}&pagination=keyset&per_page=2`; next; ) {
      const { headers, body } = await call('GET', next.slice(`${stub.url}/api/v4`.length))
      paths.push(...body.map(({ path }: Json) => path))
      next = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? ''
    }
    expect(paths).toEqual(all.map(({ path }: Json) => path))
    expect((await call('GET', `${repository()}/tree?path=app&ref=main`)).body).toMatchObject([{ path: 'app/main.ts', name: 'main.ts' }])
    expect((await call('GET', `${repository()}/tree?ref=nowhere`)).body).toEqual({ message: '404 Tree Not Found' })
    expect(stub.violations).toEqual([])
  })

  test('one of them', async () => {
    const { body, headers } = await call('GET', `${repository()}/files/app%2Fmain.ts/raw?ref=${shared.headSha}`)
    expect([body, headers.get('x-gitlab-size')]).toEqual(['export {}\n', '10'])
    expect((await call('GET', `${repository()}/files/none.sql/raw?ref=main`)).body).toEqual({ message: '404 File Not Found' })
    const { body: file } = await call('GET', `${repository()}/files/added.sql?ref=${shared.headSha}`)
    expect(Buffer.from(file.content, 'base64').toString()).toBe('select 1;\nselect 2;\n')
    expect((await call('GET', `${repository()}/blobs/${file.blob_id}/raw`)).body).toBe('select 1;\nselect 2;\n')
    await call('GET', `${repository()}/files/app/main.ts/raw`)
    expect(stub.violations).toEqual([expect.stringContaining('no such operation')])
  })

  test('commits', async () => {
    const base = await call('GET', `${repository()}/merge_base?refs[]=main&refs[]=${shared.headSha}`)
    expect(base.body.id).toBe(shared.baseSha)
    expect((await call('GET', `${repository()}/merge_base?refs[]=main&refs[]=nowhere`)).status).toBe(400)
    expect((await call('GET', `${repository()}/commits/${shared.headSha}`)).body.parent_ids).toEqual([shared.baseSha])
    expect((await call('GET', `${repository()}/branches/main`)).body.commit.id).toBe((await refs()).start_sha)
    const { body } = await call('GET', `${repository()}/compare?from=main&to=${shared.headSha}`)
    expect([body.commits.length, body.diffs.length]).toEqual([1, 3])
  })

  test('by git', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'simulation-gitlab-'))
    const git = (...args: string[]) =>
      promisify(execFile)('git', args, {
        cwd: folder,
        env: { PATH: process.env.PATH, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_GLOBAL: '/dev/null' },
      })
    const url = `${stub.url}/shop/tools/db.git`
    const login = (kind: string, value: string) => ['-c', `http.extraHeader=Authorization: ${kind} ${value}`]
    try {
      await git('init', '--quiet')
      const basic = Buffer.from(`oauth2:${stub.credentials.token}`).toString('base64')
      await git(...login('Basic', basic), 'fetch', '--quiet', '--depth=1', '--filter=blob:none', url, 'refs/merge-requests/1/head')
      expect((await git('rev-parse', 'FETCH_HEAD')).stdout.trim()).toBe(shared.headSha)
      await expect(git(...login('Bearer', stub.credentials.token), 'fetch', url, 'main')).rejects.toThrow()
      await expect(git('fetch', url, 'main')).rejects.toThrow()
      stub.hide(shared)
      await expect(git(...login('Basic', basic), 'fetch', url, 'main')).rejects.toThrow(/not found/)
    } finally {
      stub.hide(shared, false)
      await rm(folder, { recursive: true })
    }
    expect(stub.requests.some(({ path, status }) => path.includes('git-upload-pack') && status === 200)).toBe(true)
  })
})

test('faults come on demand', async () => {
  stub.misbehave({ path: '/notes', ...rateLimited(7) })
  const limited = await call('POST', `${root}/notes`, { body: 'x' })
  expect([limited.status, limited.body, limited.headers.get('retry-after'), limited.headers.get('ratelimit-remaining')]).toEqual([
    429,
    'Retry later\n',
    '7',
    '0',
  ])
  stub.misbehave({ ...TOO_MANY_NOTES })
  expect((await call('POST', `${root}/notes`, { body: 'x' })).body.message.error).toMatch(/too many times/)
  stub.misbehave({ method: 'POST', path: '/statuses/', status: 409 })
  expect(
    (await call('POST', `/projects/${proposed.repositoryId}/statuses/${proposed.headSha}`, { state: 'running' })).body.message,
  ).toMatch(/^409/)
  stub.misbehave({ status: 500 })
  expect((await call('GET', root)).body).toEqual({ message: '500 Internal Server Error' })
  stub.misbehave({ truncate: true })
  await expect(call('GET', root)).rejects.toThrow()
  stub.misbehave({ method: 'POST', status: 504, isCarriedOut: true })
  await call('POST', `${root}/notes`, { body: 'Written' })
  expect(stub.state(proposed).comments).toMatchObject([{ body: 'Written' }])
  const { headers } = await call('GET', root)
  expect(Number(headers.get('ratelimit-remaining'))).toBeGreaterThan(0)
  expect(stub.violations).toEqual([])
})

test('what is no operation or no parameter is told', async () => {
  expect((await call('GET', `${root}/nothing`)).body).toEqual({ error: '404 Not Found' })
  expect((await call('POST', `${root}/notes`, { body: 'x', text: 'y' })).status).toBe(201)
  expect((await call('PUT', `${root}/discussions/0`, { resolved: 'maybe' })).body).toEqual({ error: 'resolved is invalid' })
  const headers = { 'private-token': stub.credentials.token, 'content-type': 'text/plain' }
  expect((await fetch(`${stub.url}/api/v4${root}/notes`, { method: 'POST', headers, body: 'body=x' })).status).toBe(415)
  expect(stub.violations).toEqual([expect.stringContaining('no such operation'), expect.stringContaining('no parameter text')])
})

describe('webhooks', () => {
  const payload = (...args: Parameters<StubGitlab['webhook']>) => JSON.parse(stub.webhook(...args).body) as Json

  test('prove who sent them', () => {
    const { webhookSecret, signingToken } = stub.credentials
    const { path, headers, body } = stub.webhook('opened', proposed, { delivery: 'one', sentAt: 1_790_000_000_000 })
    expect(path).toBe('/api/gitlab/webhooks')
    expect(headers).toMatchObject({
      'X-Gitlab-Event': 'Merge Request Hook',
      'X-Gitlab-Token': webhookSecret,
      'Idempotency-Key': 'one',
      'webhook-id': 'one',
    })
    expect(headers['webhook-timestamp']).toBe('1790000000')
    const key = Buffer.from(signingToken.slice('whsec_'.length), 'base64')
    expect(key).toHaveLength(32)
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(`one.1790000000.${body}`).digest('base64')}`)
    const names = (proof: 'token' | 'signature' | 'none') =>
      Object.keys(stub.webhook('opened', proposed, { proof }).headers).filter((name) => /token|signature/i.test(name))
    expect([names('token'), names('signature'), names('none')]).toEqual([['X-Gitlab-Token'], ['webhook-signature'], []])
    expect(stub.webhook('opened', proposed, { secret: 'wrong' }).headers['X-Gitlab-Token']).toBe('wrong')
  })

  test('tell of merge requests', async () => {
    await useNew({ draft: true })
    const opened = payload('opened', proposed)
    expect(opened).toMatchObject({
      object_kind: 'merge_request',
      user: { username: 'octocat' },
      project: { id: proposed.repositoryId, path_with_namespace: 'shop/tools/db' },
      object_attributes: { iid: proposed.number, action: 'open', draft: true, last_commit: { id: proposed.headSha } },
    })
    expect(opened).not.toHaveProperty('project_id')
    expect(payload('ready', proposed)).toMatchObject({
      object_attributes: { action: 'update', draft: false },
      changes: { draft: { previous: true, current: false } },
    })
    expect((await call('GET', root)).body.draft).toBe(false)
    const head = await stub.push(proposed, { 'added.sql': 'select 8;\n' })
    expect(payload('pushed', proposed).object_attributes).toMatchObject({
      action: 'update',
      oldrev: proposed.headSha,
      last_commit: { id: head },
    })
    expect(payload('updated', proposed).object_attributes).not.toHaveProperty('oldrev')
    expect(payload('closed', proposed).object_attributes).toMatchObject({ action: 'close', state: 'closed' })
    expect((await call('GET', root)).body.state).toBe('closed')
    expect(payload('reopened', proposed).object_attributes.state).toBe('opened')
    expect(payload('approved', proposed).object_attributes.action).toBe('approved')
    expect(payload('merged', proposed).object_attributes).toMatchObject({ action: 'merge', state: 'merged' })
    expect(payload('unrelated', proposed).object_kind).toBe('push')
    expect(() => stub.webhook('rerun', proposed)).toThrow(/no event/)
  })

  test('tell of comments', async () => {
    const comment = await stub.comment(proposed, 'mona', '@pgwitness review')
    expect(payload('commented', proposed, { comment })).toMatchObject({
      object_kind: 'note',
      event_type: 'note',
      user: { username: 'mona' },
      project_id: proposed.repositoryId,
      object_attributes: {
        id: comment.id,
        note: '@pgwitness review',
        action: 'create',
        system: false,
        discussion_id: comment.thread,
        type: null,
        noteable_type: 'MergeRequest',
      },
      merge_request: { iid: 1, last_commit: { id: proposed.headSha } },
    })
    expect(payload('comment-edited', proposed, { comment }).object_attributes.action).toBe('update')
    expect(payload('system-comment', proposed, { comment }).object_attributes.system).toBe(true)
    const internal = stub.webhook('internal-comment', proposed, { comment })
    expect([internal.headers['X-Gitlab-Event'], JSON.parse(internal.body).event_type]).toEqual([
      'Confidential Note Hook',
      'confidential_note',
    ])
    expect(payload('commit-comment', proposed, { comment })).not.toHaveProperty('merge_request')
    const { id } = (await call('POST', `${root}/discussions`, { body: 'Here', position: await position({ new_line: 11 }) })).body
    const answer = await stub.comment(proposed, 'mona', 'Why?', id)
    expect(answer).toEqual({ id: expect.any(Number), place: 'thread', thread: id })
    expect(payload('commented', proposed).object_attributes).toMatchObject({
      type: 'DiffNote',
      discussion_id: id,
      position: { new_line: 11 },
    })
  })
})

describe('@gitbeaker/rest', () => {
  test('finds everything where it looks for it', async () => {
    await useNew()
    const gitlab = new Gitlab({ host: stub.url, token: stub.credentials.token })
    const [project, iid] = [proposed.repositoryId, proposed.number]
    const me = await gitlab.Users.showCurrentUser()
    const request = await gitlab.MergeRequests.show('shop/tools/db', iid)
    const [version] = await gitlab.MergeRequests.allDiffVersions(project, iid)
    const { base_sha: baseSha, start_sha: startSha, head_sha: headSha } = request.diff_refs
    expect([version?.base_commit_sha, version?.start_commit_sha, version?.head_commit_sha]).toEqual([baseSha, startSha, headSha])
    expect((await gitlab.MergeRequests.allDiffs(project, iid, { perPage: 1 })).map(({ new_path }) => new_path)).toEqual([
      'added.sql',
      'new name.sql',
      'schema.sql',
    ])

    // Sent as multipart/form-data.
    const lines = { oldLine: '12', newLine: '13' }
    const lineRange = {
      start: { lineCode: lineCode('schema.sql', 11, 11), type: 'new' },
      end: { lineCode: lineCode('schema.sql', 12, 13), type: 'old' },
    } as const
    const place = {
      baseSha,
      startSha,
      headSha,
      positionType: 'text',
      oldPath: 'schema.sql',
      newPath: 'schema.sql',
      ...lines,
      lineRange,
    } as const
    const thread = await gitlab.MergeRequestDiscussions.create(project, iid, 'Here', { position: place as never })
    await gitlab.MergeRequestDiscussions.addNote(project, iid, thread.id, 'Answer')
    await gitlab.MergeRequestDiscussions.resolve(project, iid, thread.id, true)
    const [shown] = await gitlab.MergeRequestDiscussions.all(project, iid, { perPage: 1 })
    expect(shown?.notes?.[0]).toMatchObject({
      type: 'DiffNote',
      resolved: true,
      position: { old_line: 12, new_line: 13, line_range: { start: { type: 'new' } } },
    })

    const note = await gitlab.MergeRequestNotes.create(project, iid, 'Summary')
    await gitlab.MergeRequestNotes.edit(project, iid, note.id, { body: 'Summary, edited' })
    await gitlab.MergeRequestNoteAwardEmojis.award(project, iid, note.id, 'eyes')
    await gitlab.MergeRequestDraftNotes.create(project, iid, 'Draft')
    await gitlab.MergeRequestDraftNotes.publishBulk(project, iid)
    await gitlab.Commits.editStatus(project, headSha, 'running', { name: 'pgwitness' })
    expect(await gitlab.ProjectMembers.show(project, me.id, { includeInherited: true })).toMatchObject({ access_level: 30 })
    const tree = await gitlab.Repositories.allRepositoryTrees(project, { ref: headSha, recursive: true, pagination: 'keyset', perPage: 2 })
    expect(tree).toHaveLength(5)
    expect(await gitlab.RepositoryFiles.showRaw(project, 'app/main.ts', headSha)).toBe('export {}\n')
    expect((await gitlab.Repositories.mergeBase(project, [startSha, headSha])).id).toBe(baseSha)
    expect(stub.state(proposed)).toMatchObject({
      comments: [{ body: 'Summary, edited', reactions: ['eyes'] }, { body: 'Draft' }],
      threads: [{ path: 'schema.sql', line: 13, startLine: 11, resolved: true }],
      statuses: [{ name: 'pgwitness', state: 'running' }],
    })
    expect(stub.violations).toEqual([])
  })
})
