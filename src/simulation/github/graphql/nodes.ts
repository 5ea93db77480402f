import { nodeId } from '../shapes/account.ts'
import type { Account, Pull, ReviewComment, StubRepository, Thread } from '../state.ts'
import { FieldFailure, type Node } from './execute.ts'
import { type Asked, mayResolve, viewerOf } from './viewer.ts'

const MAX_INT = 2 ** 31 - 1

/** What does not fit into 32 bits is null: `fullDatabaseId` has it. */
function int(id: number): number | null {
  return id > MAX_INT ? null : id
}

/** As an author, a bot is called by its slug; only as the viewer it is `slug[bot]`. */
export function accountNode({ url }: Asked, { id, login, type }: Account, isViewer = false): Node {
  const name = isViewer ? login : login.replace(/\[bot\]$/, '')
  const fields = {
    id: nodeId('U', id),
    databaseId: int(id),
    login: name,
    name,
    avatarUrl: `${url}/avatar`,
    resourcePath: `/${name}`,
    url: `${url}/${name}`,
  }
  return { __typename: type === 'Bot' && !isViewer ? 'Bot' : 'User', ...fields }
}

export function repositoryNode(asked: Asked, repository: StubRepository): Node {
  return {
    __typename: 'Repository',
    id: nodeId('R', repository.id),
    databaseId: int(repository.id),
    name: repository.name,
    nameWithOwner: repository.names[0],
    pullRequest: ({ number }: { number: number }) => {
      const pull = asked.state.pulls.find((one) => one.repository === repository && one.number === number)
      if (!pull) throw new FieldFailure('NOT_FOUND', `Could not resolve to a PullRequest with the number of ${number}.`)
      return pullNode(asked, pull)
    },
  }
}

export function pullNode(asked: Asked, pull: Pull): Node {
  return {
    __typename: 'PullRequest',
    id: nodeId('PR', pull.id),
    fullDatabaseId: String(pull.id),
    number: pull.number,
    title: pull.title,
    isDraft: pull.isDraft,
    state: pull.isMerged ? 'MERGED' : pull.state.toUpperCase(),
    author: () => accountNode(asked, pull.author),
    headRefName: pull.headBranch,
    headRefOid: pull.headSha,
    baseRefName: 'main',
    baseRefOid: pull.baseTip,
    reviewThreads: (args: PageArguments) => {
      const threads = asked.state.threads.filter((thread) => thread.pull === pull && thread.comments.length > 0)
      const ordered = asked.isShuffled ? [...threads].reverse() : threads
      return connection('PullRequestReviewThread', ordered, args, (thread) => threadNode(asked, thread))
    },
  }
}

export function threadNode(asked: Asked, thread: Thread): Node {
  const { current, original, resolvedBy } = thread
  return {
    __typename: 'PullRequestReviewThread',
    id: thread.nodeId,
    path: thread.path,
    line: current?.line,
    startLine: current?.startLine,
    originalLine: original.line,
    originalStartLine: original.startLine,
    diffSide: thread.side,
    startDiffSide: thread.startSide,
    isResolved: resolvedBy !== undefined,
    isOutdated: current === undefined,
    isCollapsed: resolvedBy !== undefined,
    resolvedBy: () => resolvedBy && accountNode(asked, resolvedBy),
    subjectType: 'LINE',
    viewerCanReply: true,
    viewerCanResolve: resolvedBy === undefined && mayResolve(asked),
    viewerCanUnresolve: resolvedBy !== undefined && mayResolve(asked),
    pullRequest: () => pullNode(asked, thread.pull),
    comments: (args: PageArguments) =>
      connection('PullRequestReviewComment', thread.comments, args, (comment) => commentNode(asked, comment)),
  }
}

export function commentNode(asked: Asked, comment: ReviewComment): Node {
  return {
    __typename: 'PullRequestReviewComment',
    id: nodeId('PRRC', comment.id),
    databaseId: int(comment.id),
    fullDatabaseId: String(comment.id),
    body: comment.body,
    path: comment.thread.path,
    url: `${asked.url}/${comment.pull.repository.names[0]}/pull/${comment.pull.number}#discussion_r${comment.id}`,
    author: () => comment.author && accountNode(asked, comment.author),
    createdAt: comment.createdAt,
    updatedAt: comment.updatedAt,
    isMinimized: false,
    outdated: comment.thread.current === undefined,
    viewerDidAuthor: comment.author === viewerOf(asked),
  }
}

interface PageArguments {
  first?: number
  last?: number
  after?: string
  before?: string
}

function connection<Item>(
  type: string,
  items: readonly Item[],
  { first, last, after, before }: PageArguments,
  shape: (item: Item) => Node,
): Node {
  const cursorOf = (index: number): string => Buffer.from(`cursor:${index}`).toString('base64')
  const indexOf = (cursor: string): number => Number(Buffer.from(cursor, 'base64').toString().slice(7))
  let from = after ? indexOf(after) + 1 : 0
  let to = before ? indexOf(before) : items.length
  if (first !== undefined) to = Math.min(to, from + first)
  else if (last !== undefined) from = Math.max(from, to - last)
  const nodes = items.slice(from, to).map(shape)
  const pageInfo = {
    __typename: 'PageInfo',
    hasNextPage: to < items.length,
    hasPreviousPage: from > 0,
    startCursor: nodes.length > 0 ? cursorOf(from) : null,
    endCursor: nodes.length > 0 ? cursorOf(to - 1) : null,
  }
  const edges = nodes.map((node, index) => ({ __typename: `${type}Edge`, cursor: cursorOf(from + index), node }))
  return { __typename: `${type}Connection`, nodes, edges, pageInfo, totalCount: items.length }
}
