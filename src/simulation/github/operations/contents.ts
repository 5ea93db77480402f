import type { StubReply } from '../../stub-server.ts'
import { type Call, type Operations, repositoryOf } from '../call.ts'
import { notFound, Refusal } from '../refusal.ts'
import type { StubRepository } from '../state.ts'

/** Larger files have no content in JSON, and above the second nothing at all. */
const MAX_JSON_BYTES = 1024 * 1024
const MAX_BYTES = 100 * 1024 * 1024
/** Entries of a recursive tree; the rest is cut off and `truncated` says so. */
const MAX_ENTRIES = 100_000

/** Files by the API, for where git is closed. */
export const CONTENTS: Operations = {
  'git/get-tree': async (call) => {
    const repository = repositoryOf(call)
    const isRecursive = call.query.has('recursive')
    const sha = await resolve(repository, `${call.path.tree_sha}^{tree}`)
    const listing = await repository.git.text('ls-tree', '-z', '--long', ...(isRecursive ? ['-r', '-t'] : []), sha)
    const entries = listing.split('\0').filter(Boolean).map(readEntry)
    return {
      status: 200,
      body: { sha, url: call.url + call.request.path, tree: entries.slice(0, MAX_ENTRIES), truncated: entries.length > MAX_ENTRIES },
    }
  },
  'git/get-blob': async (call) => {
    const repository = repositoryOf(call)
    const sha = call.path.file_sha as string
    if (!/^[0-9a-f]{40}$/.test(sha)) throw new Refusal(422, 'The sha parameter must be exactly 40 characters and contain only [0-9a-f].')
    await resolve(repository, `${sha}^{blob}`)
    return await file(call, await repository.git.git(['cat-file', 'blob', sha]), (content) => ({
      ...content,
      sha,
      url: call.url + call.request.path,
    }))
  },
  'repos/get-content': async (call) => {
    const repository = repositoryOf(call)
    const path = (call.path.path as string).replace(/\/$/, '')
    const commit = await resolve(repository, `${call.query.get('ref') ?? 'refs/heads/main'}^{commit}`)
    const entry = (await repository.git.text('ls-tree', '-z', '--long', commit, '--', path)).split('\0').filter(Boolean).map(readEntry)[0]
    if (!entry) throw notFound()
    if (entry.type === 'tree') return { status: 200, body: await folder(call, repository, entry.sha, path) }
    const blob = await repository.git.git(['cat-file', 'blob', entry.sha])
    const shape = contentShape(call, { ...entry, path }, blob.length)
    if (entry.mode === '120000') return { status: 200, body: { ...shape, type: 'symlink', target: blob.toString() } }
    return await file(call, blob, (content) => ({ ...shape, ...content, type: 'file' }))
  },
  'git/get-commit': async (call) => {
    const repository = repositoryOf(call)
    const sha = await resolve(repository, `${call.path.commit_sha}^{commit}`)
    return { status: 200, body: await commitFacts(call, repository, sha) }
  },
  'repos/get-commit': async (call) => {
    const repository = repositoryOf(call)
    const sha = await resolve(repository, `${call.path.ref}^{commit}`)
    const { message, tree, parents } = (await commitFacts(call, repository, sha)) as { message: string; tree: unknown; parents: unknown[] }
    return { status: 200, body: { sha, commit: { message, tree, author: null, committer: null }, parents } }
  },
  'git/get-ref': async (call) => {
    const ref = `refs/${call.path.ref}`
    const sha = await resolve(repositoryOf(call), ref)
    return { status: 200, body: { ref, url: call.url + call.request.path, object: { sha, type: 'commit', url: call.url } } }
  },
}

interface Entry {
  path: string
  mode: string
  type: string
  sha: string
  size?: number
}

function readEntry(line: string): Entry {
  const [, mode = '', type = '', sha = '', size = '', path = ''] = /^(\d+) (\w+) (\w+) +(\d+|-)\t([\s\S]*)$/.exec(line) ?? []
  return { path, mode, type, sha, ...(size === '-' ? {} : { size: Number(size) }) }
}

async function resolve({ git }: StubRepository, name: string): Promise<string> {
  try {
    return await git.text('rev-parse', '--verify', '--end-of-options', name)
  } catch {
    throw notFound()
  }
}

async function file(call: Call, blob: Buffer, shape: (content: Record<string, unknown>) => unknown): Promise<StubReply> {
  if (blob.length > MAX_BYTES)
    throw new Refusal(403, 'This API returns blobs up to 100 MB in size.', [{ resource: 'Blob', field: 'data', code: 'too_large' }])
  if (/application\/vnd\.github(\.v3)?\.raw/.test(call.request.headers.accept ?? ''))
    return { status: 200, headers: { 'content-type': 'application/vnd.github.raw; charset=utf-8' }, body: blob }
  // Contents leave large files out; blobs do not.
  const isLeftOut = call.id === 'repos/get-content' && blob.length > MAX_JSON_BYTES
  const content = isLeftOut ? '' : blob.toString('base64').replace(/(.{60})/g, '$1\n')
  return { status: 200, body: shape({ size: blob.length, content, encoding: isLeftOut ? 'none' : 'base64' }) }
}

async function folder(call: Call, repository: StubRepository, tree: string, path: string): Promise<unknown> {
  const entries = (await repository.git.text('ls-tree', '-z', '--long', tree)).split('\0').filter(Boolean).map(readEntry)
  return entries.map((entry) => {
    const type = entry.type === 'tree' ? 'dir' : entry.type === 'commit' ? 'submodule' : entry.mode === '120000' ? 'symlink' : 'file'
    return { ...contentShape(call, { ...entry, path: `${path}/${entry.path}` }, entry.size ?? 0), type }
  })
}

function contentShape({ url, request }: Call, { path, sha }: Entry, size: number): Record<string, unknown> {
  const links = { self: url + request.path, git: null, html: null }
  return {
    name: path.split('/').at(-1),
    path,
    sha,
    size,
    url: links.self,
    git_url: null,
    html_url: null,
    download_url: null,
    _links: links,
  }
}

async function commitFacts({ url }: Call, { git, names }: StubRepository, sha: string): Promise<unknown> {
  const [tree, parents = '', ...message] = (await git.text('show', '--no-patch', '--format=%T%n%P%n%B', sha)).split('\n')
  const at = `${url}/repos/${names[0]}/git`
  return {
    sha,
    url: `${at}/commits/${sha}`,
    tree: { sha: tree, url: `${at}/trees/${tree}` },
    message: message.join('\n').trim(),
    parents: parents
      .split(' ')
      .filter(Boolean)
      .map((parent) => ({ sha: parent, url: `${at}/commits/${parent}`, html_url: `${url}/${names[0]}/commit/${parent}` })),
  }
}
