import { readGitPath, serveGit, tokenOfHeader } from '../git-http.ts'
import type { StubReply, StubRequest } from '../stub-server.ts'
import { AWARD_EMOJI } from './award-emoji.ts'
import { DISCUSSIONS } from './discussions.ts'
import { DRAFT_NOTES } from './draft-notes.ts'
import { INSUFFICIENT_SCOPE, TOKEN_EXPIRED, TOKEN_REVOKED, UNAUTHORIZED } from './faults.ts'
import type { Instance } from './instance.ts'
import { MERGE_REQUESTS } from './merge-requests.ts'
import { NOTES } from './notes.ts'
import { readParameters } from './parameters.ts'
import { PEOPLE } from './people.ts'
import { Refusal } from './refusal.ts'
import { REPOSITORY_FILES } from './repository-files.ts'
import { projectOf, type Route } from './route.ts'
import { STATUSES } from './statuses.ts'
import { SUGGESTIONS } from './suggestions.ts'

export type TokenState = 'valid' | 'read_api' | 'expired' | 'revoked'

/** The bot's token as the instance knows it. */
export interface Token {
  value: string
  state: TokenState
}

const ROOT = '/api/v4'
const ROUTES: readonly Route[] = [
  ...PEOPLE,
  ...MERGE_REQUESTS,
  ...NOTES,
  ...DISCUSSIONS,
  ...DRAFT_NOTES,
  ...AWARD_EMOJI,
  ...STATUSES,
  ...REPOSITORY_FILES,
  ...SUGGESTIONS,
]
const RATE_LIMIT = 2000

/** Answers a request to the instance: the API, and git. */
export async function answerRequest(instance: Instance, token: Token, request: StubRequest): Promise<StubReply> {
  const git = readGitPath(request.path)
  if (git) return await answerGit(instance, token, request, git)
  const reply = await answerApi(instance, token, request).catch((error: unknown) => {
    if (error instanceof Refusal) return error.reply
    throw error
  })
  return { ...reply, headers: { ...rateHeaders(), ...reply.headers } }
}

async function answerApi(instance: Instance, token: Token, request: StubRequest): Promise<StubReply> {
  const violate = (text: string) => void instance.violations.push(`${request.method} ${request.path}: ${text}`)
  const given = request.headers['private-token'] ?? bearerOf(request.headers.authorization) ?? request.query.get('private_token')
  checkToken(token, given, request.method)
  const path = request.path.startsWith(`${ROOT}/`) ? request.path.slice(ROOT.length) : ''
  const method = request.method === 'HEAD' ? 'GET' : request.method
  for (const route of ROUTES) {
    const match = route.method === method ? route.pattern.exec(path) : null
    if (!match) continue
    const at = Object.fromEntries(route.names.map((name, index) => [name, decodeURIComponent(match[index + 1] as string)]))
    const params = await readParameters(request).catch((error: unknown) => {
      violate(`unreadable parameters: ${error}`)
      throw error
    })
    delete params.private_token
    return await route.answer({ instance, user: instance.bot, request, at, params, violate })
  }
  violate('there is no such operation')
  throw new Refusal(404, { error: '404 Not Found' })
}

function bearerOf(authorization: string | undefined): string | undefined {
  return /^bearer /i.test(authorization ?? '') ? tokenOfHeader(authorization) : undefined
}

function checkToken(token: Token, given: string | string[] | null | undefined, method: string): void {
  const fail = ({ status, body }: { status: number; body: unknown }) => new Refusal(status, body)
  if (given !== token.value) throw fail(UNAUTHORIZED)
  if (token.state === 'expired') throw fail(TOKEN_EXPIRED)
  if (token.state === 'revoked') throw fail(TOKEN_REVOKED)
  if (token.state === 'read_api' && method !== 'GET' && method !== 'HEAD') throw fail(INSUFFICIENT_SCOPE)
}

/** Git takes the token only as the password of basic authentication. */
async function answerGit(
  instance: Instance,
  token: Token,
  request: StubRequest,
  git: { repository: string; rest: string },
): Promise<StubReply> {
  const { authorization } = request.headers
  const isUsable = token.state === 'valid' && /^basic /i.test(authorization ?? '') && tokenOfHeader(authorization) === token.value
  const project = instance.projects.find(({ path }) => path === git.repository)
  if (project?.visibility === 'public') return await serveGit(request, project.repository.folder, git.rest)
  if (!isUsable) return { status: 401, headers: { 'www-authenticate': 'Basic realm="GitLab"' }, body: 'HTTP Basic: Access denied.\n' }
  try {
    const { repository } = projectOf({ instance, user: instance.bot, at: { id: git.repository } })
    return await serveGit(request, repository.folder, git.rest)
  } catch {
    return { status: 404, body: "The project you were looking for could not be found or you don't have permission to view it.\n" }
  }
}

/** docs.gitlab.com: administration/settings/user_and_ip_rate_limits, response headers. */
function rateHeaders(): Record<string, string> {
  return {
    'ratelimit-limit': String(RATE_LIMIT),
    'ratelimit-name': 'throttle_authenticated_api',
    'ratelimit-observed': '1',
    'ratelimit-remaining': String(RATE_LIMIT - 1),
    'ratelimit-reset': String(Math.floor(Date.now() / 1000) + 60),
  }
}
