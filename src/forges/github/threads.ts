import { z } from 'zod'
import { readMarker } from '../marker.ts'
import type { Client } from './client.ts'
import type { Identity } from './credentials.ts'

/** A thread that began with a comment of ours, which has its marker. */
export interface OwnThread {
  id: string
  key: string
  commentId: number
  url: string
  body: string
  isResolved: boolean
  /** By us, and not by a person who decided it. */
  isResolvedByUs: boolean
  isOutdated: boolean
  /** Lines of the head it stands at, where they are still there. */
  line: number | undefined
  startLine: number | undefined
  /** Somebody answered. */
  isAnswered: boolean
}

const NODE = z.object({
  id: z.string(),
  isResolved: z.boolean(),
  isOutdated: z.boolean(),
  line: z.number().nullish(),
  startLine: z.number().nullish(),
  resolvedBy: z.object({ login: z.string() }).nullish(),
  comments: z.object({
    totalCount: z.number(),
    nodes: z.array(
      z.object({ fullDatabaseId: z.coerce.number(), url: z.string(), body: z.string(), viewerDidAuthor: z.boolean() }).nullable(),
    ),
  }),
})

const PAGE = z.object({
  repository: z.object({
    pullRequest: z.object({
      reviewThreads: z.object({
        pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
        nodes: z.array(NODE.nullable()),
      }),
    }),
  }),
})

/** Only GraphQL tells of threads. `databaseId` is deprecated: ids of comments have outgrown its 32 bits. */
const QUERY = `query threads($owner: String!, $repo: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $repo) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id isResolved isOutdated line startLine
          resolvedBy { login }
          comments(first: 1) { totalCount nodes { fullDatabaseId url body viewerDidAuthor } }
        }
      }
    }
  }
}`

/** Ours, oldest first; of one key there is one, unless two processes wrote at once. */
export async function listThreads(client: Client, me: Identity, number: number): Promise<OwnThread[]> {
  const found = new Map<string, OwnThread>()
  let after: string | null | undefined
  do {
    const asked = { route: 'query threads', needs: 'Pull requests: read' }
    const page = await client.query(asked, PAGE, QUERY, { ...client.repository, number, after: after ?? null })
    const { nodes, pageInfo } = page.repository.pullRequest.reviewThreads
    for (const node of nodes) {
      const thread = node && ownThread(node, me)
      if (thread) found.set(thread.id, thread)
    }
    after = pageInfo.hasNextPage ? pageInfo.endCursor : undefined
  } while (after)
  return [...found.values()].sort((a, b) => a.commentId - b.commentId)
}

function ownThread(node: z.infer<typeof NODE>, me: Identity): OwnThread | undefined {
  const [first] = node.comments.nodes
  const marked = first?.viewerDidAuthor ? readMarker(first.body) : undefined
  if (!first || !marked?.marker.startsWith('thread ')) return undefined
  return {
    id: node.id,
    key: marked.marker.slice('thread '.length),
    commentId: first.fullDatabaseId,
    url: first.url,
    body: marked.body,
    isResolved: node.isResolved,
    isResolvedByUs: node.isResolved && isUs(node.resolvedBy, me),
    isOutdated: node.isOutdated,
    line: node.line ?? undefined,
    startLine: node.startLine ?? node.line ?? undefined,
    isAnswered: node.comments.totalCount > 1,
  }
}

/** GraphQL's name of an App's bot is without `[bot]`, and no person can have the name of an App. A bot is no user either, so it may be nobody. */
function isUs(resolvedBy: { login: string } | null | undefined, me: Identity): boolean {
  if (!resolvedBy) return me.isBot
  return resolvedBy.login === me.login || (me.isBot && `${resolvedBy.login}[bot]` === me.login)
}

/** GitHub is reported to want the right to write contents for it, beside that for pull requests. */
export function setResolved(client: Client, thread: string, isResolved: boolean): Promise<void> {
  const field = isResolved ? 'resolveReviewThread' : 'unresolveReviewThread'
  const query = `mutation resolve($thread: ID!) { ${field}(input: { threadId: $thread }) { thread { id } } }`
  return client.mutate({ route: `mutation ${field}`, needs: 'Contents: write' }, query, { thread })
}
