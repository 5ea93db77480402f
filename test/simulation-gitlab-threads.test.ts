/** Threads of the stub GitLab stand where docs.gitlab.com says they may, and nowhere else. */
import { describe, expect, test } from 'vitest'
import { CHANGED, call, type Json, lineCode, position, proposed, refs, root, stub, useNew, useStubGitlab } from './fixtures/gitlab-scene.ts'

const NO_LINE = { message: `400 Bad request - Note {:line_code=>["can't be blank", "must be a valid line code"]}` }

useStubGitlab()

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
    await stub.push(proposed, { 'schema.sql': CHANGED.replace('-- 2\n-- 3\n', '') })
    expect(stub.state(proposed).threads).toMatchObject([{ line: 9 }])
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
    const open = await stub.comment(proposed, 'mona', 'And why?')
    const answer = await call('POST', `${root}/draft_notes`, { note: 'No', in_reply_to_discussion_id: open.thread })
    await call('PUT', `${root}/draft_notes/${answer.body.id}/publish`)
    expect((await call('GET', `${root}/discussions/${open.thread}`)).body.notes).toMatchObject([{ resolved: false }, { resolved: false }])
    for (const { id } of stub.state(proposed).comments.slice(1)) stub.deleteComment(proposed, id)
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
