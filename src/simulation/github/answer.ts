import { readGitPath, serveGit } from '../git-http.ts'
import type { StubReply, StubRequest } from '../stub-server.ts'
import { type Actor, type Actors, maySee } from './actors.ts'
import type { Body, Call, Operations } from './call.ts'
import { complete } from './complete.ts'
import { faultsOfReply, faultsOfRequest, findOperation, type OperationId, schemaOfReply } from './description.ts'
import { answerGraphql } from './graphql/graphql.ts'
import { APPS } from './operations/apps.ts'
import { CHECKS } from './operations/checks.ts'
import { COMMENTS } from './operations/comments.ts'
import { CONTENTS } from './operations/contents.ts'
import { PULLS } from './operations/pulls.ts'
import { REACTIONS } from './operations/reactions.ts'
import { REVIEWS } from './operations/reviews.ts'
import { demandPermission } from './permissions.ts'
import { errorBody, Refusal } from './refusal.ts'
import type { AppFacts } from './shapes/account.ts'
import type { Shapes } from './shapes.ts'
import type { State } from './state.ts'

const OPERATIONS: Operations = { ...APPS, ...CHECKS, ...COMMENTS, ...CONTENTS, ...PULLS, ...REACTIONS, ...REVIEWS }

interface Asked {
  state: State
  actors: Actors
  request: StubRequest
  url: string
  app: AppFacts
  shapes: Shapes
  violations: string[]
}

/** Everything that this GitHub answers: git, GraphQL and the REST operations. */
export async function answerRequest(asked: Asked): Promise<StubReply> {
  const headers = limitHeaders()
  try {
    const reply = await dispatch(asked)
    return { ...reply, headers: { ...headers, ...reply.headers } }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { status: error.status, headers: { ...headers, ...error.headers }, body: errorBody(error.status, error.message, error.errors) }
  }
}

async function dispatch(asked: Asked): Promise<StubReply> {
  const { request, actors, violations, url, state } = asked
  const git = readGitPath(request.path)
  if (git) return await answerGit(asked, git)
  const here = `${request.method} ${request.path}`
  if (!request.headers['user-agent'])
    throw new Refusal(403, 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header')
  const actor = actors.read(request.headers.authorization)
  if (actor?.kind === 'installation' && actor.installation.isSuspended) throw new Refusal(403, 'This installation has been suspended')
  const body = readBody(request)
  if (request.path === '/graphql') return await answerGraphql({ ...asked, actor, isShuffled: request.isShuffled }, body)
  const path = withNames(state, request)
  if (typeof path !== 'string')
    return {
      status: path.status,
      headers: { location: url + path.location },
      body: { message: 'Moved Permanently', url: url + path.location },
    }
  const found = findOperation(request.method, path)
  if (!found) {
    violations.push(`${here}: no operation that is known here`)
    throw new Refusal(404, 'Not Found')
  }
  if (request.method !== 'GET' && body !== undefined && !/json/.test(request.headers['content-type'] ?? ''))
    violations.push(`${here}: the content type is not JSON`)
  const faults = faultsOfRequest(found.id, found.path, request.query, body)
  violations.push(...faults.map((fault) => `${here}: ${fault}`))
  if (!actor && !found.id.startsWith('users/get-by'))
    throw new Refusal(found.id.startsWith('app') ? 401 : 404, found.id.startsWith('app') ? 'Requires authentication' : 'Not Found')
  // What GitHub only ignores was written down above; here it refuses what it would refuse.
  if (faults.some((fault) => /^(the )?body/.test(fault) && !fault.includes('has no field')))
    throw new Refusal(422, `Invalid request.\n\n${faults.join('\n')}`)
  demandPermission(found.id, actor)
  const call: Call = { ...asked, id: found.id, path: found.path, query: request.query, body: (body ?? {}) as Body, actor }
  return checked(call, here, await (OPERATIONS[found.id] as NonNullable<Operations[OperationId]>)(call))
}

/** Our own answers have to fit the description too, or clients are tested against a GitHub that is none. */
function checked({ id, violations }: Call, here: string, reply: StubReply): StubReply {
  const schema = schemaOfReply(id, reply.status)
  const isJson = !reply.headers?.['content-type']
  if (!schema || !isJson || reply.body === undefined) return reply
  const strange: string[] = []
  const body = complete(schema, reply.body, strange)
  const faults = [...strange.map((name) => `the description has no field ${name}`), ...faultsOfReply(id, reply.status, body)]
  violations.push(...faults.map((fault) => `stub: ${here} ${reply.status}: ${fault}`))
  return { ...reply, body }
}

/** `/repositories/{id}/…` is the same as `/repos/{owner}/{name}/…`; a name of before leads there. */
function withNames({ repositories }: State, { path, method }: StubRequest): string | { status: number; location: string } {
  const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? []
  const byId = repositories.find((one) => String(one.id) === id)
  if (byId) return `/repos/${byId.names[0]}${rest}`
  const [, name = '', tail = ''] = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(path) ?? []
  const moved = repositories.find(({ names }) => names.slice(1).includes(name))
  return moved && !moved.isHidden ? { status: method === 'GET' ? 301 : 307, location: `/repositories/${moved.id}${tail}` } : path
}

async function answerGit(
  { state, actors, request, violations }: Asked,
  { repository: name, rest }: { repository: string; rest: string },
): Promise<StubReply> {
  const refused = {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="GitHub"' },
    body: 'Invalid username or token. Password authentication is not supported.\n',
  }
  let actor: Actor | undefined
  try {
    actor = actors.read(request.headers.authorization)
  } catch {
    return refused
  }
  const repository = state.repositories.find(({ names }) => names.includes(name))
  if (!actor || (actor.kind === 'installation' && actor.installation.isSuspended)) return refused
  if (!repository || !maySee(actor, repository)) return { status: 404, body: 'Repository not found.\n' }
  if (actor.kind === 'installation' && !actor.permissions.contents)
    return { status: 403, body: 'Write access to repository not granted.\n' }
  if (rest === '/git-receive-pack' || request.query.get('service') === 'git-receive-pack') violations.push(`${request.path}: a push`)
  return await serveGit(request, repository.git.folder, rest)
}

function readBody({ body }: StubRequest): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString())
  } catch {
    throw new Refusal(400, 'Problems parsing JSON')
  }
}

function limitHeaders(): Record<string, string> {
  const reset = String(Math.ceil(Date.now() / 1000) + 3600)
  return {
    'x-github-media-type': 'github.v3; format=json',
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4999',
    'x-ratelimit-reset': reset,
    'x-ratelimit-resource': 'core',
    'x-ratelimit-used': '1',
  }
}
