/** Both sides of a merge request, without a checkout: nothing of the repository is run, followed or written where a program would find it. */
import { isAbsolute } from 'node:path'
import { ServiceError } from '../errors.ts'
import type { Change, Tree } from './change.ts'
import type { FileDiff } from './diff.ts'
import type { GitAccess, MergeRequest, OpenMergeRequest } from './forge.ts'
import { BatchedBlobs } from './git/batched-blobs.ts'
import { differencesByApi } from './git/by-api.ts'
import { repositoryFolder } from './git/cache.ts'
import { type CachedRepository, discard, hold, problemOfPath } from './git/cached-repository.ts'
import { ensureCommits } from './git/commits.ts'
import { differencesBetween } from './git/differences.ts'
import { OLDEST_GIT } from './git/environment.ts'
import { fetchedTree } from './git/fetched-tree.ts'
import { CorruptedCache, GitClosed } from './git/git-closed.ts'
import { GIT_LIMITS, type GitLimits } from './git/limits.ts'
import { run } from './git/run.ts'
import { readChangedFiles } from './local/changed-files.ts'

export interface GitOptions {
  /** Of the cache; absolute. Many processes may share it. */
  folder: string
  /** All that git's programs see of our environment: PATH, proxies, certificates. */
  environment: Readonly<Record<string, string>>
  /** Which files are read; by default those named .sql. */
  wanted?: ((path: string) => boolean) | undefined
  /** The repository at a commit, for when git is closed. */
  treeByApi(sha: string): Tree
  /** Which files differ, for when git is closed. */
  fetchDiff?: (() => Promise<FileDiff[]>) | undefined
  limits?: Partial<GitLimits> | undefined
}

/**
 * Fetches the two commits of a merge request into the cache and compares them. Without `access`, and where git does not get in, both sides come by the API,
 * and a note says so. The signal counts until the result is disposed of.
 *
 * A ServiceError when the forge fails, is too slow, or somebody force-pushed since the merge request was read; Gone when its commits were deleted.
 */
export async function openMergeRequest(
  request: MergeRequest,
  access: GitAccess | undefined,
  options: GitOptions,
  signal: AbortSignal,
): Promise<OpenMergeRequest> {
  checkIds(request)
  try {
    if (!access) throw new GitClosed('git is not open')
    return await openByGit(request, access, options, signal)
  } catch (error) {
    if (error instanceof GitClosed) return openByApi(request, options, error.message, signal)
    throw error
  }
}

/** A cache that cannot be read is removed; a second time it is not the cache. */
async function openByGit(request: MergeRequest, access: GitAccess, options: GitOptions, signal: AbortSignal): Promise<OpenMergeRequest> {
  checkUrl(access.url)
  await checkVersion(options, signal)
  const repository: CachedRepository = {
    folder: repositoryFolder(options.folder, request.forge, request.repositoryId, access.url),
    environment: options.environment,
    limits: { ...GIT_LIMITS, ...options.limits },
  }
  try {
    return await open(repository, request, access, options, signal)
  } catch (error) {
    if (!(error instanceof CorruptedCache)) throw error
    await discard(repository, signal)
  }
  return open(repository, request, access, options, signal).catch((error: unknown) => {
    throw error instanceof CorruptedCache ? new ServiceError('git', `the fetched repository could not be read: ${error.message}`) : error
  })
}

async function open(
  repository: CachedRepository,
  request: MergeRequest,
  access: GitAccess,
  { wanted = isSql }: GitOptions,
  signal: AbortSignal,
): Promise<OpenMergeRequest> {
  const release = hold(repository.folder)
  const blobs = new BatchedBlobs(repository, access, request, signal)
  try {
    const base = isNoCommit(request.baseSha) ? emptyTree(request) : request.baseSha
    const commits = [request.headSha, ...(isNoCommit(request.baseSha) ? [] : [request.baseSha])]
    await ensureCommits(repository, access, request, commits, signal)
    const found = await differencesBetween(repository, base, request.headSha, wanted, blobs, signal)
    const problems = found.flatMap(({ path }) => problemOfPath(path) ?? [])
    const { files, notes } = await readChangedFiles(
      found.filter(({ path }) => problemOfPath(path) === undefined),
      { after: ({ after }) => blobs.read(after), before: async ({ before }) => (before === undefined ? undefined : blobs.read(before)) },
    )
    const odd = [...new Set(problems)].map((problem) => `A file ${problem}, so it was not reviewed.`)
    return {
      change: changeOf(request, repository.folder, files, [...notes, ...odd]),
      baseTree: fetchedTree(repository, base, blobs, wanted, signal),
      headTree: fetchedTree(repository, request.headSha, blobs, wanted, signal),
      async [Symbol.asyncDispose]() {
        blobs.close()
        release()
      },
    }
  } catch (error) {
    blobs.close()
    release()
    throw error
  }
}

async function openByApi(
  request: MergeRequest,
  { wanted = isSql, treeByApi, fetchDiff }: GitOptions,
  why: string,
  signal: AbortSignal,
): Promise<OpenMergeRequest> {
  const baseTree = isNoCommit(request.baseSha) ? { list: async () => [], read: async () => undefined } : treeByApi(request.baseSha)
  const headTree = treeByApi(request.headSha)
  const { files, notes } = await differencesByApi(baseTree, headTree, wanted, await fetchDiff?.(), signal)
  const note = `The files came by the API of the forge, because ${why}.`
  return { change: changeOf(request, '', files, [note, ...notes]), baseTree, headTree, async [Symbol.asyncDispose]() {} }
}

function changeOf(request: MergeRequest, root: string, files: Change['files'], notes: string[]): Change {
  const base = isNoCommit(request.baseSha) ? undefined : request.baseSha
  return { root, title: titleOf(request), base, head: request.headSha, files, notes }
}

/** `shop!7: Add orders`, as each forge writes it. Its author may have put anything into it. */
function titleOf({ forge, repository, number, title }: MergeRequest): string {
  const name = repository.slice(repository.lastIndexOf('/') + 1)
  const plain = `${name}${forge === 'gitlab' ? '!' : '#'}${number}: ${title}`.replace(UNPRINTABLE, ' ').replace(/\s+/g, ' ').trim()
  return plain.length > 200 ? `${plain.slice(0, 199)}…` : plain
}

// Control characters, and those that change direction, join or have no width.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu

function isSql(path: string): boolean {
  return /\.sql$/i.test(path)
}

/** Forges give no base, or zeros, when the target has no commits. */
function isNoCommit(sha: string): boolean {
  return /^0*$/.test(sha)
}

/** Git knows the tree without files by its id, also where it was never stored. */
function emptyTree({ headSha }: MergeRequest): string {
  return headSha.length === 64
    ? '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321'
    : '4b825dc642cb6eb9a060e54bf8d69288fbee4904'
}

function checkIds({ headSha, baseSha }: MergeRequest): void {
  const isId = (sha: string) => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(sha)
  if (!isId(headSha) || !(isId(baseSha) || isNoCommit(baseSha))) throw new ServiceError('git', 'the forge named a commit that is none')
}

function checkUrl(url: string): void {
  const { protocol, username, password } = new URL(url)
  if (!/^https?:$/.test(protocol) || username !== '' || password !== '') throw new Error('a git address is https, without credentials')
}

/** PATHs whose git is new enough: a service asks once, not for each review. */
const checked = new Set<string | undefined>()

/** Older ones would not follow our settings, without a word. */
async function checkVersion({ environment, folder }: GitOptions, signal: AbortSignal): Promise<void> {
  if (!isAbsolute(folder)) throw new Error(`not an absolute path: ${folder}`)
  if (checked.has(environment.PATH)) return
  const { stdout } = await run(['version'], { env: { ...environment }, cwd: '/', timeoutMs: 10_000 }, signal)
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(stdout) ?? []
  if (Number(major) * 1000 + Number(minor) < OLDEST_GIT[0] * 1000 + OLDEST_GIT[1])
    throw new GitClosed(`git is older than ${OLDEST_GIT.join('.')}`)
  checked.add(environment.PATH)
}
