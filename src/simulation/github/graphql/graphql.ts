import { type Actor, maySee } from '../actors.ts'
import type { AppFacts } from '../call.ts'
import { Refusal } from '../refusal.ts'
import type { Account, Pull, ReviewComment, State, StubRepository, Thread } from '../state.ts'
import { checkDocument } from './check.ts'
import { execute, FieldFailure, type Node } from './execute.ts'
import { parseDocument } from './parse.ts'

interface Asked {
  state: State
  actor: Actor | undefined
  url: string
  app: AppFacts
  violations: string[]
  isShuffled: boolean
}

const MAX_INT = 2 ** 31 - 1

/** `POST /graphql`. Errors come with status 200, as on GitHub. */
export async function answerGraphql(asked: Asked, body: unknown): Promise<{ status: number; body: unknown }> {
  if (!asked.actor) throw new Refusal(401, 'This endpoint requires you to be authenticated.')
  const {
    query,
    variables = {},
    operationName,
  } = (body ?? {}) as { query?: string; variables?: Record<string, unknown>; operationName?: string }
  const refuse = (messages: string[]): { status: number; body: unknown } => {
    asked.violations.push(...messages.map((message) => `graphql: ${message}`))
    return { status: 200, body: { errors: messages.map((message) => ({ message, locations: [{ line: 1, column: 1 }] })) } }
  }
  if (typeof query !== 'string') return refuse(['A query attribute must be specified and must be a string.'])
  try {
    const document = parseDocument(query)
    const faults = checkDocument(document, variables ?? {})
    const operation = document.operations.find(({ name }) => operationName === undefined || name === operationName)
    if (faults.length > 0 || !operation) return refuse(faults.length > 0 ? faults : ['An operation name is required'])
    const root = operation.kind === 'query' ? queryRoot(asked) : mutationRoot(asked)
    const { data, errors } = await execute(document, operation, variables ?? {}, root)
    return { status: 200, body: { data, ...(errors.length > 0 ? { errors } : {}) } }
  } catch (error) {
    if (/^(Parse error|Unexpected)/.test((error as Error).message)) return refuse([(error as Error).message])
    throw error
  }
}

function queryRoot(asked: Asked): Node {
  const { state, actor } = asked
  return {
    __typename: 'Query',
    viewer: () => accountNode(asked, viewerOf(asked), true),
    rateLimit: {
      __typename: 'RateLimit',
      cost: 1,
      limit: 5000,
      remaining: 4999,
      resetAt: new Date(Date.now() + 3_600_000).toISOString(),
      used: 1,
    },
    node: ({ id }: { id: string }) => {
      const thread = state.threads.find((one) => one.nodeId === id && one.comments.length > 0)
      if (thread && maySee(actor, thread.pull.repository)) return threadNode(asked, thread)
      const pull = state.pulls.find((one) => nodeId('PR', one.id) === id)
      if (pull && maySee(actor, pull.repository)) return pullNode(asked, pull)
      throw new FieldFailure('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'.`)
    },
    repository: ({ owner, name }: { owner: string; name: string }) => {
      const found = state.repositories.find(({ names }) => names.some((one) => one.toLowerCase() === `${owner}/${name}`.toLowerCase()))
      if (!found || !maySee(actor, found))
        throw new FieldFailure('NOT_FOUND', `Could not resolve to a Repository with the name '${owner}/${name}'.`)
      return repositoryNode(asked, found)
    },
  }
}

function mutationRoot(asked: Asked): Node {
  const set = (isResolved: boolean, payload: string) => {
    return ({ input }: { input: { threadId: string; clientMutationId?: string } }) => {
      const thread = findThread(asked, input.threadId)
      demandWrite(asked, ['pull_requests', 'contents'])
      thread.resolvedBy = isResolved ? (thread.resolvedBy ?? viewerOf(asked)) : undefined
      return { __typename: payload, clientMutationId: input.clientMutationId, thread: threadNode(asked, thread) }
    }
  }
  return {
    __typename: 'Mutation',
    resolveReviewThread: set(true, 'ResolveReviewThreadPayload'),
    unresolveReviewThread: set(false, 'UnresolveReviewThreadPayload'),
    addPullRequestReviewThreadReply: ({
      input,
    }: {
      input: { pullRequestReviewThreadId: string; body: string; clientMutationId?: string }
    }) => {
      const thread = findThread(asked, input.pullRequestReviewThreadId)
      demandWrite(asked, ['pull_requests'])
      if (input.body.trim() === '') throw new FieldFailure('UNPROCESSABLE', "Body can't be blank")
      const now = asked.state.now()
      const comment: ReviewComment = {
        id: asked.state.nextId(),
        thread,
        pull: thread.pull,
        author: viewerOf(asked),
        body: input.body,
        reviewId: asked.state.nextId(),
        reactions: [],
        createdAt: now,
        updatedAt: now,
      }
      thread.comments.push(comment)
      return {
        __typename: 'AddPullRequestReviewThreadReplyPayload',
        clientMutationId: input.clientMutationId,
        comment: commentNode(asked, comment),
      }
    },
  }
}

function viewerOf({ actor }: Asked): Account {
  if (!actor || actor.kind === 'app') throw new FieldFailure('FORBIDDEN', 'Resource not accessible by integration')
  return actor.account
}

/** GitHub does not say so, but apps were seen to need the right to write contents before they may resolve a thread. */
function demandWrite({ actor }: Asked, names: string[]): void {
  if (actor?.kind === 'installation' && names.some((name) => actor.permissions[name] !== 'write'))
    throw new FieldFailure('FORBIDDEN', 'Resource not accessible by integration')
}

function findThread({ state, actor }: Asked, id: string): Thread {
  const thread = state.threads.find((one) => one.nodeId === id && one.comments.length > 0)
  if (!thread || !maySee(actor, thread.pull.repository))
    throw new FieldFailure('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'.`)
  return thread
}

function nodeId(kind: string, id: number): string {
  return `${kind}_kwDO${Buffer.from(String(id)).toString('base64url')}`
}

/** What does not fit into 32 bits is null: `fullDatabaseId` has it. */
function int(id: number): number | null {
  return id > MAX_INT ? null : id
}

/** As an author, a bot is called by its slug; only as the viewer it is `slug[bot]`. */
function accountNode({ url }: Asked, { id, login, type }: Account, isViewer = false): Node {
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

function repositoryNode(asked: Asked, repository: StubRepository): Node {
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

function pullNode(asked: Asked, pull: Pull): Node {
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

function threadNode(asked: Asked, thread: Thread): Node {
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
    viewerCanResolve: resolvedBy === undefined,
    viewerCanUnresolve: resolvedBy !== undefined,
    pullRequest: () => pullNode(asked, thread.pull),
    comments: (args: PageArguments) =>
      connection('PullRequestReviewComment', thread.comments, args, (comment) => commentNode(asked, comment)),
  }
}

function commentNode(asked: Asked, comment: ReviewComment): Node {
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
