import { z } from 'zod'
import { presentDiff, readDiff } from './diff.ts'
import type { Project } from './instance.ts'
import { PAGES, paginate } from './pagination.ts'
import { notFound, Refusal } from './refusal.ts'
import { boolean, type Call, integer, projectOf, route, text } from './route.ts'

const FILE = '/projects/:id/repository/files/:path'
const TREE = {
  path: text.optional(),
  ref: text.optional(),
  recursive: boolean.optional(),
  pagination: text.optional(),
  page_token: text.optional(),
}

interface TreeEntry {
  id: string
  name: string
  type: string
  path: string
  mode: string
}

/** docs.gitlab.com: api/repositories, api/repository_files, api/commits, api/branches. */
export const REPOSITORY_FILES = [
  route('GET', '/projects/:id/repository/tree', { ...TREE, ...PAGES }, async (call) => {
    const project = projectOf(call)
    const { path = '', recursive = false, pagination = 'none', page_token: token } = call.params
    const entries = await listTree(project, await commitOf(project, call.params.ref ?? 'main', 'Tree'), path, recursive)
    if (pagination === 'keyset') return keysetPage(call, entries, call.params.per_page ?? 20, token)
    return paginate(call, entries, (entry) => entry)
  }),
  route('GET', `${FILE}/raw`, { ref: text.optional(), lfs: boolean.optional() }, async (call) => {
    const { content, headers } = await readFile(call, call.params.ref ?? 'HEAD')
    return { status: 200, headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' }, body: content }
  }),
  route('GET', FILE, { ref: text }, async (call) => {
    const { content, headers, fields } = await readFile(call, call.params.ref)
    return { status: 200, headers, body: { ...fields, encoding: 'base64', content: content.toString('base64') } }
  }),
  route('GET', '/projects/:id/repository/blobs/:sha/raw', {}, async (call) => {
    const body = await projectOf(call)
      .repository.git(['cat-file', 'blob', call.at.sha as string])
      .catch(() => Promise.reject(notFound('Blob')))
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
  }),
  route(
    'GET',
    '/projects/:id/repository/compare',
    { from: text, to: text, straight: boolean.optional(), unidiff: boolean.optional(), from_project_id: integer },
    async (call) => {
      const project = projectOf(call)
      const [from, to] = [await commitOf(project, call.params.from, 'Ref'), await commitOf(project, call.params.to, 'Ref')]
      const base = call.params.straight ? from : await mergeBase(project, [from, to])
      const commits = (await project.repository.text('rev-list', '--reverse', `${base}..${to}`)).split('\n').filter(Boolean)
      const diffs = (await readDiff(project.repository, base, to)).map(presentDiff)
      const list = await Promise.all(commits.map((sha) => presentCommit(project, sha)))
      return {
        status: 200,
        body: { commit: list.at(-1) ?? null, commits: list, diffs, compare_timeout: false, compare_same_ref: from === to },
      }
    },
  ),
  route('GET', '/projects/:id/repository/merge_base', { refs: z.array(text) }, async (call) => {
    const project = projectOf(call)
    if (call.params.refs.length < 2) throw new Refusal(400, { message: '400 Bad request - Provide at least 2 refs' })
    const shas = []
    for (const ref of call.params.refs)
      shas.push(
        await commitOf(project, ref, 'Ref').catch(() =>
          Promise.reject(new Refusal(400, { message: `400 Bad request - Could not find ref: ${ref}` })),
        ),
      )
    return { status: 200, body: await presentCommit(project, await mergeBase(project, shas)) }
  }),
  route('GET', '/projects/:id/repository/commits/:sha', { stats: boolean.optional() }, async (call) => {
    const project = projectOf(call)
    return { status: 200, body: await presentCommit(project, await commitOf(project, call.at.sha as string, 'Commit')) }
  }),
  route('GET', '/projects/:id/repository/branches/:branch', {}, async (call) => {
    const project = projectOf(call)
    const name = call.at.branch as string
    const commit = await presentCommit(project, await commitOf(project, `refs/heads/${name}`, 'Branch'))
    return { status: 200, body: { name, commit, merged: false, protected: name === 'main', default: name === 'main' } }
  }),
]

async function commitOf({ repository }: Project, ref: string, what: string): Promise<string> {
  return await repository
    .text('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`)
    .catch(() => Promise.reject(notFound(what)))
}

async function mergeBase({ repository }: Project, shas: readonly string[]): Promise<string> {
  return await repository.text('merge-base', ...shas).catch(() => Promise.reject(notFound('Merge Base')))
}

async function presentCommit({ repository }: Project, sha: string) {
  const [parents = '', author, email, date, title, message] = (
    await repository.text('log', '-1', '--format=%P%x00%an%x00%ae%x00%cI%x00%s%x00%B', sha)
  ).split('\0')
  return {
    id: sha,
    short_id: sha.slice(0, 8),
    created_at: date,
    parent_ids: parents.split(' ').filter(Boolean),
    title,
    message,
    author_name: author,
    author_email: email,
    authored_date: date,
    committer_name: author,
    committer_email: email,
    committed_date: date,
  }
}

/** Folders are entries too; a submodule is a `commit`. */
async function listTree({ repository }: Project, sha: string, path: string, isRecursive: boolean): Promise<TreeEntry[]> {
  const folder = path.replace(/\/+$/, '')
  const options = isRecursive ? ['-r', '-t'] : []
  const output = await repository
    .git(['ls-tree', '-z', ...options, folder === '' ? sha : `${sha}:${folder}`])
    .catch(() => Promise.reject(notFound('Tree')))
  return output
    .toString()
    .split('\0')
    .filter(Boolean)
    .map((line) => {
      const tab = line.indexOf('\t')
      const [mode = '', type = '', id = ''] = line.slice(0, tab).split(' ')
      const name = line.slice(tab + 1)
      return { id, name: name.split('/').at(-1) as string, type, path: folder === '' ? name : `${folder}/${name}`, mode }
    })
}

/** The next page is named by a token in the Link header, and by nothing else. docs.gitlab.com: api/rest, keyset-based pagination. */
function keysetPage(call: Call<object>, entries: readonly TreeEntry[], asked: number, token: string | undefined) {
  const perPage = Math.max(1, Math.min(asked, 100))
  const last = token === undefined ? undefined : Buffer.from(token, 'base64url').toString()
  const start = last === undefined ? 0 : entries.findIndex(({ path }) => path === last) + 1
  if (last !== undefined && start === 0) throw new Refusal(400, { message: `400 Bad request - Invalid page token: ${token}` })
  const body = entries.slice(start, start + perPage)
  const query = new URLSearchParams(call.request.query)
  query.set('page_token', Buffer.from(body.at(-1)?.path ?? '').toString('base64url'))
  const link = `<${call.instance.url}${call.request.path}?${query}>; rel="next"`
  return { status: 200, headers: { 'x-per-page': String(perPage), ...(start + perPage < entries.length ? { link } : {}) }, body }
}

async function readFile(call: Pick<Call, 'instance' | 'user' | 'at'>, ref: string) {
  const project = projectOf(call)
  const sha = await commitOf(project, ref, 'Commit')
  const path = call.at.path as string
  const blob = await project.repository
    .text('rev-parse', '--verify', '--quiet', '--end-of-options', `${sha}:${path}`)
    .catch(() => Promise.reject(notFound('File')))
  const content = await project.repository.git(['cat-file', 'blob', blob]).catch(() => Promise.reject(notFound('File')))
  const fields = {
    file_name: path.split('/').at(-1),
    file_path: path,
    size: content.length,
    ref,
    blob_id: blob,
    commit_id: sha,
    last_commit_id: sha,
  }
  const headers = {
    'x-gitlab-blob-id': blob,
    'x-gitlab-commit-id': sha,
    'x-gitlab-ref': encodeURI(ref),
    'x-gitlab-size': String(content.length),
    'x-gitlab-file-path': encodeURI(path),
  }
  return { content, fields, headers }
}
