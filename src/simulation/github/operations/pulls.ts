import { type Call, type Operations, page, pullOf, repositoryOf } from '../call.ts'
import { type ChangedFile, diffFiles } from '../diff.ts'
import { notFound, Refusal } from '../refusal.ts'
import type { StubRepository } from '../state.ts'
import { filesOf } from './lines.ts'

/** Files of a pull request that the API tells of; the rest is not mentioned. */
const MAX_FILES = 3000
/** Files of a comparison, all on its first page. */
const MAX_COMPARED_FILES = 300
const MAX_COMMITS = 250
/** Lines of a diff in one piece; above it GitHub answers 406. */
const MAX_DIFF_LINES = 20_000

export const PULLS: Operations = {
  'pulls/get': async (call) => {
    const pull = pullOf(call)
    const accept = call.request.headers.accept ?? ''
    if (/application\/vnd\.github(\.v3)?\.(diff|patch)/.test(accept)) {
      const diff = await pull.repository.git.text('diff', '-M', pull.mergeBase, pull.headSha)
      const lines = diff.split('\n').length
      if (lines > MAX_DIFF_LINES)
        throw new Refusal(406, `Sorry, the diff exceeded the maximum number of lines (${MAX_DIFF_LINES})`, [
          { resource: 'PullRequest', field: 'diff', code: 'too_large' },
        ])
      return { status: 200, headers: { 'content-type': 'application/vnd.github.diff; charset=utf-8' }, body: `${diff}\n` }
    }
    const files = await filesOf(pull)
    const count = (field: 'additions' | 'deletions'): number => files.reduce((sum, file) => sum + file[field], 0)
    const counts = { changed_files: files.length, additions: count('additions'), deletions: count('deletions') }
    return { status: 200, body: { ...call.shapes.pull(pull), ...counts, mergeable: null, mergeable_state: 'unknown' } }
  },
  'pulls/list': (call) => {
    const repository = repositoryOf(call)
    const state = call.query.get('state') ?? 'open'
    const head = call.query.get('head')
    const found = call.state.pulls.filter((pull) => {
      const label = `${(pull.fork?.owner ?? repository.owner).login}:${pull.headBranch}`
      return pull.repository === repository && (state === 'all' || pull.state === state) && (head === null || head === label)
    })
    return page(call, found.reverse(), simplePull(call))
  },
  'repos/list-pull-requests-associated-with-commit': (call) => {
    const repository = repositoryOf(call)
    const found = call.state.pulls.filter((pull) => pull.repository === repository && pull.heads.includes(call.path.commit_sha as string))
    return page(call, found, simplePull(call))
  },
  'pulls/list-files': async (call) => {
    const pull = pullOf(call)
    const files = await filesOf(pull)
    return page(call, files.slice(0, MAX_FILES), fileShape(call, pull.repository, pull.headSha))
  },
  'repos/compare-commits-with-basehead': async (call) => {
    const repository = repositoryOf(call)
    const [base, head] = (call.path.basehead as string).split('...')
    if (!base || !head) throw notFound()
    return { status: 200, body: await compare(call, repository, await resolve(repository, base), await resolve(repository, head)) }
  },
}

async function resolve({ git }: StubRepository, name: string): Promise<string> {
  const plain = name.slice(name.indexOf(':') + 1)
  try {
    return await git.text('rev-parse', '--verify', '--end-of-options', `${plain}^{commit}`)
  } catch {
    throw notFound()
  }
}

async function compare(call: Call, repository: StubRepository, base: string, head: string): Promise<unknown> {
  const { git } = repository
  const mergeBase = await git.text('merge-base', base, head).catch(() => {
    throw new Refusal(404, `No common ancestor between ${base} and ${head}.`)
  })
  const [behind = 0, ahead = 0] = (await git.text('rev-list', '--left-right', '--count', `${base}...${head}`)).split('\t').map(Number)
  const status = ahead > 0 && behind > 0 ? 'diverged' : ahead > 0 ? 'ahead' : behind > 0 ? 'behind' : 'identical'
  const commits = (await git.text('rev-list', '--reverse', `${base}..${head}`)).split('\n').filter(Boolean)
  const files = await diffFiles(git, mergeBase, head)
  const commit = (sha: string): unknown => ({ sha, commit: { message: 'Change', author: null, committer: null }, parents: [] })
  return {
    base_commit: commit(base),
    merge_base_commit: commit(mergeBase),
    status,
    ahead_by: ahead,
    behind_by: behind,
    total_commits: ahead,
    commits: commits.slice(0, MAX_COMMITS).map(commit),
    files: files.slice(0, MAX_COMPARED_FILES).map(fileShape(call, repository, head)),
  }
}

function simplePull({ shapes }: Call): (pull: Parameters<typeof shapes.pull>[0]) => unknown {
  return (pull) => {
    const { merged: _merged, commits: _commits, ...simple } = shapes.pull(pull)
    return simple
  }
}

function fileShape({ url }: Call, { names }: StubRepository, sha: string): (file: ChangedFile) => unknown {
  return (file) => {
    const path = file.filename.split('/').map(encodeURIComponent).join('/')
    return {
      filename: file.filename,
      ...(file.previousFilename === undefined ? {} : { previous_filename: file.previousFilename }),
      status: file.status,
      sha: file.sha,
      additions: file.additions,
      deletions: file.deletions,
      changes: file.additions + file.deletions,
      blob_url: `${url}/${names[0]}/blob/${sha}/${path}`,
      raw_url: `${url}/${names[0]}/raw/${sha}/${path}`,
      contents_url: `${url}/repos/${names[0]}/contents/${path}?ref=${sha}`,
      ...(file.patch === undefined ? {} : { patch: file.patch }),
    }
  }
}
