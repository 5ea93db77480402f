import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type StubGitlab, startStubGitlab } from '../src/simulation/stub-gitlab.ts'

const TABLE = `create table orders (id bigint primary key);\n${Array.from({ length: 20 }, (_, index) => `-- ${index + 2}`).join('\n')}\n`
/** Line 1 is changed, line 11 is added, old line 16 is taken away. */
const CHANGED = TABLE.replace('id bigint', 'id int').replace('-- 10\n', '-- 10\ncreate index on orders (id);\n').replace('-- 16\n', '')

type Json = Record<string, any>
type Proposed = Awaited<ReturnType<StubGitlab['addMergeRequest']>>

let stub: StubGitlab
let proposed: Proposed
let root: string

beforeEach(async () => {
  stub = await startStubGitlab()
  proposed = await stub.addMergeRequest({
    repository: 'shop/tools/db',
    base: { 'schema.sql': TABLE, 'old name.sql': `${TABLE}-- moved\n`, 'app/main.ts': 'export {}\n' },
    head: { 'schema.sql': CHANGED, 'old name.sql': null, 'new name.sql': `${TABLE}-- moved too\n`, 'added.sql': 'select 1;\nselect 2;\n' },
    target: { 'meanwhile.sql': 'select 3;\n' },
  })
  root = `/projects/${proposed.repositoryId}/merge_requests/1`
})

afterEach(async () => {
  await stub[Symbol.asyncDispose]()
})

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
  return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Json & Json[] }
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
    const head = await stub.push(proposed, { 'added.sql': 'select 5;\n' })
    const { body } = await call('GET', `${root}/versions`)
    expect(body.map((version) => version.head_commit_sha)).toEqual([head, proposed.headSha])
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
    await stub.push(proposed, { 'big.sql': 'select 1;\n'.repeat(3000), 'huge.sql': 'select 1;\n'.repeat(30_000) })
    const { body } = await call('GET', `${root}/diffs`)
    const shown = Object.fromEntries(body.map((file) => [file.new_path, [file.collapsed, file.too_large, file.diff.length > 0]]))
    expect(shown).toMatchObject({ 'big.sql': [true, false, false], 'huge.sql': [false, true, false], 'added.sql': [false, false, true] })
  })

  test('until it is prepared there are no diff_refs', async () => {
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
    await call('POST', `${root}/discussions`, { body: 'Here', position: await position({ new_line: 11 }) })
    await stub.push(proposed, { 'schema.sql': CHANGED.replace('-- 2\n', '-- 2\n-- 2 and a half\n') })
    expect(stub.state(proposed).threads).toMatchObject([{ line: 12 }])
    await stub.push(proposed, { 'schema.sql': CHANGED.replace('create index on', 'create index x on') })
    expect(stub.state(proposed).threads).toMatchObject([{ line: 12 }])
    const { body } = await call('GET', `${root}/discussions`)
    expect(body[0]?.notes[0].position.head_sha).not.toBe((await refs()).head_sha)
  })
})
