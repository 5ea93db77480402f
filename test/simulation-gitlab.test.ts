/** The stub GitLab answers as docs.gitlab.com says, and tells what is outside of it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Gitlab } from '@gitbeaker/rest'
import { describe, expect, test } from 'vitest'
import { rateLimited, TOO_MANY_NOTES } from '../src/simulation/gitlab/faults.ts'
import { call, type Json, lineCode, proposed, refs, root, shared, stub, useNew, useStubGitlab } from './fixtures/gitlab-scene.ts'

useStubGitlab()

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

  test('go into the pipeline that is there', async () => {
    await useNew()
    expect((await call('GET', root)).body.head_pipeline).toBeNull()
    const branch = stub.addPipeline(proposed, 'push')
    expect((await call('GET', root)).body.head_pipeline).toMatchObject({
      id: branch,
      sha: proposed.headSha,
      ref: `feature-${proposed.number}`,
    })
    expect((await post({ state: 'running', name: 'x' })).body.pipeline_id).toBe(branch)
    const own = stub.addPipeline(proposed, 'merge_request_event')
    const ref = `refs/merge-requests/${proposed.number}/head`
    expect((await call('GET', root)).body.head_pipeline).toMatchObject({ id: own, ref })
    // Another pipeline, another status.
    expect((await post({ state: 'running', name: 'x', pipeline_id: own })).body).toMatchObject({ pipeline_id: own, ref })
    expect((await post({ state: 'running', name: 'x', ref: 'other' })).body.pipeline_id).toBeGreaterThan(own)
    expect((await post({ state: 'running', name: 'x', ref: 'other', pipeline_id: own })).body).toEqual({
      message: '404 Pipeline for pipeline_id, sha and ref Not Found',
    })
    expect(stub.state(proposed).statuses).toHaveLength(3)
    await stub.push(proposed, { 'added.sql': 'select 9;\n' })
    expect((await call('GET', root)).body.head_pipeline).toBeNull()
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
    expect((await post({ state: 'running', name: 'x', ref: 'refs/merge-requests/1/head' })).status).toBe(201)
    // It is no pipeline of the merge request, though it has its name.
    expect((await call('GET', root)).body.head_pipeline).toBeNull()
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
  expect(stub.violations).toEqual([
    expect.stringContaining('no such operation'),
    expect.stringContaining('no parameter text'),
    expect.stringContaining('resolved is invalid'),
    expect.stringContaining("'text/plain' is not supported"),
  ])
})

test('hostile text is refused as GitLab refuses it', async () => {
  expect((await call('POST', `${root}/notes`, { body: 'zero \0 byte' })).status).toBe(400)
  expect((await call('POST', `${root}/notes`, { body: 'half a \ud83d pair' })).status).toBe(400)
  expect(stub.violations).toHaveLength(2)
})

test('all kinds of files and names have their diff', async () => {
  const odd = ['a "quoted".sql', 'back\\slash.sql', 'new\nline.sql', 'carriage\r@@ return.sql', 'ü & ü?#%2F.sql', '-option.sql']
  await useNew({
    base: {
      'link.sql': 'a\n',
      'gone.sql': 'a\n',
      'binary.dat': Buffer.from([0, 1, 2]),
      'mode.sh': 'x\n',
      'end.sql': 'no end',
      'cr.sql': 'a\rdiff --git a b\n',
    },
    head: {
      ...Object.fromEntries(odd.map((path) => [path, 'select 1;\n'])),
      'link.sql': { mode: '120000', content: '/etc/passwd' },
      'gone.sql': null,
      'binary.dat': Buffer.from([0, 1, 3]),
      'mode.sh': { mode: '100755', content: 'x\n' },
      'end.sql': 'no end here',
      'cr.sql': 'a\rdiff --git a b c\n',
      module: { mode: '160000', content: shared.headSha },
      'empty.sql': '',
    },
  })
  const { body } = await call('GET', `${root}/diffs?per_page=100`)
  const files = Object.fromEntries(body.map((file: Json) => [file.new_path, file]))
  for (const path of odd) expect(files[path]).toMatchObject({ new_file: true, diff: '@@ -0,0 +1 @@\n+select 1;\n', b_mode: '100644' })
  expect(files['gone.sql']).toMatchObject({ deleted_file: true, diff: '@@ -1 +0,0 @@\n-a\n', b_mode: '0' })
  expect(files['binary.dat'].diff).toBe('')
  expect(files['empty.sql'].diff).toBe('')
  expect(files['mode.sh']).toMatchObject({ a_mode: '100644', b_mode: '100755', diff: '' })
  expect(files['end.sql'].diff).toContain('\\ No newline at end of file')
  expect(files['cr.sql'].diff).toBe('@@ -1 +1 @@\n-a\rdiff --git a b\n+a\rdiff --git a b c\n')
  expect(files.module.diff).toContain(`+Subproject commit ${shared.headSha}`)
  expect(files['link.sql']).toMatchObject({ a_mode: '100644', b_mode: '120000' })
  expect(body).toHaveLength(odd.length + 8)
  const place = { position_type: 'text', ...(await refs()), new_line: 1 }
  for (const path of odd) {
    const { status } = await call('POST', `${root}/discussions`, { body: 'Here', position: { ...place, old_path: path, new_path: path } })
    expect([path, status]).toEqual([path, 201])
    const raw = await call(
      'GET',
      `/projects/${proposed.repositoryId}/repository/files/${encodeURIComponent(path)}/raw?ref=${proposed.headSha}`,
    )
    expect([path, raw.body]).toEqual([path, 'select 1;\n'])
  }
  expect(stub.violations).toEqual([])
})

test('chance spoils a share of the requests, the same for the same seed', async () => {
  const run = async () => {
    const start = stub.requests.length
    stub.random(0.3, 7)
    for (let count = 0; count < 40; count += 1) await call('GET', '/user').catch(() => undefined)
    stub.random(0, 0)
    return stub.requests.slice(start).map(({ status }) => status)
  }
  const statuses = await run()
  expect(statuses.filter((status) => status !== 200).length).toBeGreaterThan(3)
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(20)
  expect(await run()).toEqual(statuses)
})

test('a person acts between two requests', async () => {
  const { id } = (await call('POST', `${root}/notes`, { body: 'Summary' })).body
  stub.misbehave({ method: 'PUT', path: `/notes/${id}`, hook: () => stub.deleteComment(proposed, id) })
  expect((await call('PUT', `${root}/notes/${id}`, { body: 'Summary 2' })).status).toBe(404)
  const { id: other } = (await call('POST', `${root}/notes`, { body: 'Summary' })).body
  stub.editComment(proposed, other, 'Mine now')
  expect(stub.state(proposed).comments).toMatchObject([{ author: 'pgwitness', body: 'Mine now' }])
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

  test('reads its errors', async () => {
    const gitlab = new Gitlab({ host: stub.url, token: stub.credentials.token })
    const { base_sha: baseSha, start_sha: startSha, head_sha: headSha } = await refs()
    const place = { baseSha, startSha, headSha, positionType: 'text', oldPath: 'schema.sql', newPath: 'schema.sql', newLine: '7' } as const
    const failed = gitlab.MergeRequestDiscussions.create(shared.repositoryId, 1, 'Here', { position: place })
    await expect(failed).rejects.toThrow(/Note \{:line_code=>\["can't be blank", "must be a valid line code"\]\}/)
    await expect(gitlab.MergeRequests.show(shared.repositoryId, 99)).rejects.toThrow('404 Not found')
    stub.misbehave({ path: '/notes', times: 2, ...rateLimited(1) })
    expect((await gitlab.MergeRequestNotes.create(shared.repositoryId, 1, 'Third time lucky')).body).toBe('Third time lucky')
    stub.setToken('expired')
    await expect(gitlab.Users.showCurrentUser()).rejects.toThrow('invalid_token')
    stub.setToken('valid')
  })
})
