import { maySee } from '../actors.ts'
import { Refusal } from '../refusal.ts'
import { nodeId } from '../shapes/account.ts'
import { checkDocument } from './check.ts'
import { execute, FieldFailure, type Node } from './execute.ts'
import { mutationRoot } from './mutations.ts'
import { accountNode, pullNode, repositoryNode, threadNode } from './nodes.ts'
import { parseDocument } from './parse.ts'
import { type Asked, viewerOf } from './viewer.ts'

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
