import { ServiceError } from '../../errors.ts'
import { type GitAccess, Gone, type MergeRequest } from '../forge.ts'
import { alone, type CachedRepository, keepWithinLimit, presentObjects } from './cached-repository.ts'
import { fetchObjects } from './fetch.ts'
import { GitClosed } from './git-closed.ts'
import { repack } from './repack.ts'

/** How far back a branch is followed when the server does not give a commit by its id. */
const DEPTHS = [1, 50, 1000, 2_147_483_647]

/**
 * Makes the commits of a merge request, and all their folders but not their files, be in the repository. Without history: two commits, whatever lies between.
 */
export async function ensureCommits(
  repository: CachedRepository,
  access: GitAccess,
  request: MergeRequest,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const isNew = await alone(repository, request.headSha.length, signal, async () => {
    const missing = await missingOf(repository, commits, signal)
    if (missing.length === 0) return false
    await repack(repository, signal)
    const wanted = missing.map((sha) => `+${sha}:refs/requests/${request.number}-${sha === request.headSha ? 'head' : 'base'}`)
    const failure = await fetchObjects(repository, access, { wanted, depth: 1 }, signal)
    if (failure?.kind === 'too large') throw tooLarge()
    if (failure?.kind === 'ids refused') await fetchByBranch(repository, access, request, commits, signal)
    else if (failure) throw await reasonOfLoss(repository, access, request, signal)
    if ((await missingOf(repository, commits, signal)).length > 0)
      throw new ServiceError('git', 'the server did not send what it was asked for')
    return true
  })
  if (isNew) await keepWithinLimit(repository, signal)
}

/** Old servers: the branch of the merge request, and as much of its history as needed to find the base, with all files. */
async function fetchByBranch(
  repository: CachedRepository,
  access: GitAccess,
  request: MergeRequest,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const wanted = [`+${headRefOf(access, request)}:refs/requests/${request.number}-tip`]
  for (const depth of DEPTHS) {
    const failure = await fetchObjects(repository, access, { wanted, depth, isWhole: true }, signal)
    if (failure?.kind === 'too large') throw tooLarge()
    if (failure) throw gone(request)
    if ((await missingOf(repository, commits, signal)).length === 0) return
  }
  throw forcePushed(request)
}

/** The server has not got a commit any more: either another was pushed meanwhile, or all of it was deleted. */
async function reasonOfLoss(repository: CachedRepository, access: GitAccess, request: MergeRequest, signal: AbortSignal): Promise<Error> {
  const wanted = [`+${headRefOf(access, request)}:refs/requests/${request.number}-head`]
  const failure = await fetchObjects(repository, access, { wanted, depth: 1 }, signal)
  if (failure?.kind === 'no ref') return gone(request)
  return forcePushed(request)
}

async function missingOf(repository: CachedRepository, commits: readonly string[], signal: AbortSignal): Promise<string[]> {
  const present = await presentObjects(repository, commits, signal)
  return commits.filter((sha) => !present.has(sha))
}

/** From our own code, but with a number in it that came from outside. */
function headRefOf(access: GitAccess, request: MergeRequest): string {
  const ref = access.headRef(request.number)
  if (!/^refs\/[\w./-]+$/.test(ref) || ref.includes('..')) throw new Error(`not a ref: ${JSON.stringify(ref)}`)
  return ref
}

function gone({ number }: MergeRequest): Gone {
  return new Gone(`the commits of merge request ${number} are not at the forge any more: it, or what it came from, was deleted`)
}

function forcePushed({ number, headSha, baseSha }: MergeRequest): ServiceError {
  const commits = `${headSha.slice(0, 10)} or its base ${baseSha.slice(0, 10)}`
  return new ServiceError(
    'git',
    `commit ${commits} of merge request ${number} is not at the forge any more: somebody force-pushed meanwhile`,
  )
}

function tooLarge(): GitClosed {
  return new GitClosed('the repository is too large to be fetched')
}
