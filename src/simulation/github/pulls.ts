import { type Files, makeRepository } from '../repository.ts'
import type { NewMergeRequest, StubMergeRequest } from '../stub-forge.ts'
import { moveThread } from './operations/lines.ts'
import type { Installation, Pull, State, StubRepository } from './state.ts'

/** A pull request, and its repository when that is not there. Another one of the same repository starts from the base it gives, too. */
export async function newPull(state: State, options: NewMergeRequest, install: (owner: string) => Installation): Promise<StubMergeRequest> {
  const { base, head, target, title = 'Change', author = 'octocat', fork = false, draft = false } = options
  const repository = await findOrMake(state, options.repository, install)
  const { git } = repository
  const number = 1 + state.pulls.filter((pull) => pull.repository === repository).length
  const headBranch = `change-${number}`
  const pullRef = `refs/pull/${number}/head`
  const [start = '', headSha = '', baseTip = start] = await git.commitAll([
    { refs: ['refs/heads/main'], files: base, message: 'Base' },
    { refs: fork ? [pullRef] : [pullRef, `refs/heads/${headBranch}`], files: head, parent: 0, message: title },
    ...(target ? [{ refs: ['refs/heads/main'] as const, files: target, parent: 0, message: 'Meanwhile' }] : []),
  ])
  const account = state.account(author)
  const level = repository.permissions.get(author.toLowerCase()) ?? (fork ? 'read' : 'write')
  repository.permissions.set(author.toLowerCase(), level)
  const pull: Pull = {
    id: state.nextId(),
    number,
    repository,
    title,
    author: account,
    state: 'open',
    isMerged: false,
    isDraft: draft,
    isLocked: false,
    headBranch,
    headSha,
    baseTip,
    mergeBase: start,
    fork: fork ? { id: state.nextId(), owner: account, isGone: false } : undefined,
    heads: [headSha],
    reactions: [],
    createdAt: state.now(),
  }
  state.pulls.push(pull)
  const { id: repositoryId, installation } = repository
  return { forge: 'github', repository: options.repository, repositoryId, number, installation: installation.id, headSha, baseSha: start }
}

async function findOrMake(state: State, fullName: string, install: (owner: string) => Installation): Promise<StubRepository> {
  const known = state.repositories.find(({ names }) => names[0] === fullName)
  if (known) return known
  const [owner = '', name = ''] = fullName.split('/')
  const installation = install(owner)
  const made: StubRepository = {
    id: state.nextId(),
    owner: installation.owner,
    name,
    names: [fullName],
    git: await makeRepository(),
    installation,
    isHidden: false,
    isArchived: false,
    permissions: new Map(),
  }
  state.repositories.push(made)
  return made
}

/** A new head. Threads move with their lines, or are outdated. */
export async function pushTo(state: State, pull: Pull, files: Files, isForced: boolean): Promise<string> {
  const { git } = pull.repository
  const ref = `refs/pull/${pull.number}/head`
  // Amended: the old commit's files and these, on the commit before it.
  const [parent, tree] = isForced ? (await git.text('rev-parse', `${pull.headSha}^`, `${pull.headSha}^{tree}`)).split('\n') : [pull.headSha]
  const refs = pull.fork ? ([ref] as const) : ([ref, `refs/heads/${pull.headBranch}`] as const)
  const [sha = ''] = await git.commitAll([{ refs, files, parent, tree, message: isForced ? 'Amended' : 'More' }])
  pull.headSha = sha
  pull.heads.push(sha)
  pull.createdAt = state.now()
  for (const thread of state.threads) if (thread.pull === pull) await moveThread(thread)
  return sha
}
