/** The part of GitHub's public GraphQL schema (@octokit/graphql-schema 15.26) that is answered here, in its own words. */
const SCHEMA = `
type Query {
  node(id: ID!): Node
  rateLimit(dryRun: Boolean): RateLimit
  repository(followRenames: Boolean, name: String!, owner: String!): Repository
  viewer: User!
}
type Mutation {
  addPullRequestReviewThreadReply(input: AddPullRequestReviewThreadReplyInput!): AddPullRequestReviewThreadReplyPayload
  resolveReviewThread(input: ResolveReviewThreadInput!): ResolveReviewThreadPayload
  unresolveReviewThread(input: UnresolveReviewThreadInput!): UnresolveReviewThreadPayload
}
input AddPullRequestReviewThreadReplyInput {
  body: String!
  clientMutationId: String
  pullRequestReviewId: ID
  pullRequestReviewThreadId: ID!
}
input ResolveReviewThreadInput { clientMutationId: String threadId: ID! }
input UnresolveReviewThreadInput { clientMutationId: String threadId: ID! }
type AddPullRequestReviewThreadReplyPayload { clientMutationId: String comment: PullRequestReviewComment }
type ResolveReviewThreadPayload { clientMutationId: String thread: PullRequestReviewThread }
type UnresolveReviewThreadPayload { clientMutationId: String thread: PullRequestReviewThread }
type RateLimit { cost: Int! limit: Int! remaining: Int! resetAt: DateTime! used: Int! }
type Node { id: ID! }
type Actor { avatarUrl(size: Int): URI! login: String! resourcePath: URI! url: URI! }
type User { avatarUrl(size: Int): URI! databaseId: Int id: ID! login: String! name: String resourcePath: URI! url: URI! }
type Bot { avatarUrl(size: Int): URI! databaseId: Int id: ID! login: String! resourcePath: URI! url: URI! }
type Repository {
  databaseId: Int
  id: ID!
  name: String!
  nameWithOwner: String!
  pullRequest(number: Int!): PullRequest
}
type PullRequest {
  author: Actor
  baseRefName: String!
  baseRefOid: GitObjectID!
  fullDatabaseId: BigInt
  headRefName: String!
  headRefOid: GitObjectID!
  id: ID!
  isDraft: Boolean!
  number: Int!
  reviewThreads(after: String, before: String, first: Int, last: Int): PullRequestReviewThreadConnection!
  state: PullRequestState!
  title: String!
}
type PullRequestReviewThreadConnection {
  edges: [PullRequestReviewThreadEdge]
  nodes: [PullRequestReviewThread]
  pageInfo: PageInfo!
  totalCount: Int!
}
type PullRequestReviewThreadEdge { cursor: String! node: PullRequestReviewThread }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
type PullRequestReviewThread {
  comments(after: String, before: String, first: Int, last: Int, skip: Int): PullRequestReviewCommentConnection!
  diffSide: DiffSide!
  id: ID!
  isCollapsed: Boolean!
  isOutdated: Boolean!
  isResolved: Boolean!
  line: Int
  originalLine: Int
  originalStartLine: Int
  path: String!
  pullRequest: PullRequest!
  resolvedBy: User
  startDiffSide: DiffSide
  startLine: Int
  subjectType: PullRequestReviewThreadSubjectType!
  viewerCanReply: Boolean!
  viewerCanResolve: Boolean!
  viewerCanUnresolve: Boolean!
}
type PullRequestReviewCommentConnection {
  edges: [PullRequestReviewCommentEdge]
  nodes: [PullRequestReviewComment]
  pageInfo: PageInfo!
  totalCount: Int!
}
type PullRequestReviewCommentEdge { cursor: String! node: PullRequestReviewComment }
type PullRequestReviewComment {
  author: Actor
  body: String!
  createdAt: DateTime!
  databaseId: Int
  fullDatabaseId: BigInt
  id: ID!
  isMinimized: Boolean!
  outdated: Boolean!
  path: String!
  updatedAt: DateTime!
  url: URI!
  viewerDidAuthor: Boolean!
}
`

export interface FieldType {
  args: Record<string, string>
  /** With its `!` and brackets. */
  type: string
}

/** Fields of types and inputs, by name. What is not here is a scalar or an enum. */
export const TYPES: ReadonlyMap<string, Record<string, FieldType>> = readSchema(SCHEMA)

/** The name inside of `[Name]!`. */
export function nameOfType(type: string): string {
  return type.replace(/[[\]!]/g, '')
}

function readSchema(text: string): Map<string, Record<string, FieldType>> {
  const types = new Map<string, Record<string, FieldType>>()
  for (const [, name = '', body = ''] of text.matchAll(/(?:type|input) (\w+) \{([^}]*)\}/g)) {
    const fields: Record<string, FieldType> = {}
    for (const [, field = '', args = '', type = ''] of body.matchAll(/(\w+)(?:\(([^)]*)\))?: (\S+)/g)) {
      fields[field] = { type, args: Object.fromEntries([...args.matchAll(/(\w+): ([^,\s]+)/g)].map(([, arg, of]) => [arg, of])) }
    }
    types.set(name, fields)
  }
  return types
}
