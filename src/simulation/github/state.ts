import type { Repository } from '../repository.ts'

/** Everything this GitHub knows. */
export interface State {
  repositories: StubRepository[]
  pulls: Pull[]
  comments: IssueComment[]
  threads: Thread[]
  reviews: Review[]
  checkRuns: CheckRun[]
  statuses: CommitStatus[]
  installations: Installation[]
  accounts: Map<string, Account>
  bot: Account
  /** The next id: they are larger than 32 bits hold, as GitHub's are. */
  nextId(): number
  /** The time, which goes on by a second with each question. ISO 8601. */
  now(): string
  account(login: string, type?: Account['type']): Account
}

export interface Account {
  id: number
  login: string
  type: 'User' | 'Bot' | 'Organization'
}

export interface Installation {
  id: number
  owner: Account
  isSuspended: boolean
  permissions: Record<string, string>
}

export interface StubRepository {
  id: number
  owner: Account
  name: string
  /** `owner/name`, and what it was called before. */
  names: string[]
  git: Repository
  installation: Installation
  isHidden: boolean
  isArchived: boolean
  permissions: Map<string, 'none' | 'read' | 'write'>
}

export interface Pull {
  id: number
  number: number
  repository: StubRepository
  title: string
  author: Account
  state: 'open' | 'closed'
  isMerged: boolean
  isDraft: boolean
  isLocked: boolean
  headBranch: string
  headSha: string
  /** The tip of the target branch: not what the changes are counted from. */
  baseTip: string
  mergeBase: string
  fork: { id: number; owner: Account; isGone: boolean } | undefined
  /** All commits that were its head. */
  heads: string[]
  reactions: Reaction[]
  createdAt: string
}

export interface Reaction {
  id: number
  author: Account
  content: string
  createdAt: string
}

export interface IssueComment {
  id: number
  pull: Pull
  /** Null when the account is gone. */
  author: Account | null
  isOfApp: boolean
  body: string
  reactions: Reaction[]
  createdAt: string
  updatedAt: string
}

export type Side = 'LEFT' | 'RIGHT'

export interface Thread {
  /** For GraphQL. */
  nodeId: string
  pull: Pull
  path: string
  side: Side
  startSide: Side | undefined
  /** At the commit it was written for. */
  original: { sha: string; line: number; startLine: number | undefined }
  /** At the head; undefined when the line changed since. */
  current: { sha: string; line: number; startLine: number | undefined } | undefined
  hunk: string
  resolvedBy: Account | undefined
  /** Those that are not deleted. The root's id stays the thread's, also when it is deleted. */
  comments: ReviewComment[]
  rootId: number
}

export interface ReviewComment extends Omit<IssueComment, 'isOfApp'> {
  thread: Thread
  reviewId: number
}

export interface Review {
  id: number
  pull: Pull
  author: Account
  body: string
  state: 'APPROVED' | 'CHANGES_REQUESTED' | 'COMMENTED' | 'PENDING'
  sha: string
  createdAt: string
}

export interface CheckRun {
  id: number
  repository: StubRepository
  name: string
  sha: string
  externalId: string
  detailsUrl: string | undefined
  status: string
  conclusion: string | null
  startedAt: string
  completedAt: string | null
  title: string | null
  summary: string | null
  text: string | null
  annotations: Array<Record<string, unknown>>
  isOfApp: boolean
}

export interface CommitStatus {
  id: number
  repository: StubRepository
  sha: string
  state: string
  context: string
  description: string | null
  targetUrl: string | null
  creator: Account
  createdAt: string
}

const FIRST_MS = Date.UTC(2026, 0, 5, 9)

export function newState(slug: string): State {
  let id = 4_300_000_000
  let seconds = 0
  const accounts = new Map<string, Account>()
  const nextId = (): number => {
    id += 7
    return id
  }
  const account: State['account'] = (login, type = login.endsWith('[bot]') ? 'Bot' : 'User') => {
    const known = accounts.get(login.toLowerCase())
    if (known) return known
    const made: Account = { id: nextId(), login, type }
    accounts.set(login.toLowerCase(), made)
    return made
  }
  return {
    repositories: [],
    pulls: [],
    comments: [],
    threads: [],
    reviews: [],
    checkRuns: [],
    statuses: [],
    installations: [],
    accounts,
    bot: account(`${slug}[bot]`),
    nextId,
    now: () => new Date(FIRST_MS + 1000 * seconds++).toISOString().replace('.000', ''),
    account,
  }
}
