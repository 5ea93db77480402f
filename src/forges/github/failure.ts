import { ServiceError, UserError } from '../../errors.ts'
import { Gone } from '../forge.ts'

/** GitHub did not take what it was given: a line outside the diff, a text that is too long. Whoever asked knows what to make of it. */
export class Refused extends Error {
  override name = 'Refused'
}

/** A permission is missing. */
export class Forbidden extends UserError {}

/** What was asked for, in words that hold nothing secret. */
export interface Asked {
  /** `GET /repos/{owner}/{repo}`: with the names of the parts, without their values. */
  route: string
  /** The permission it takes: `Pull requests: write`. */
  needs: string
}

interface Reply {
  status: number
  headers: Record<string, string | number | undefined>
  data: unknown
}

const SECONDARY_LIMIT_MS = 60_000

/**
 * What an error of the client library means. Its own errors carry the request with its body, and their causes the headers: neither is handed on. Statuses:
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api and .../rate-limits-for-the-rest-api
 */
export function failureOf(error: unknown, asked: Asked): unknown {
  if (!(error instanceof Error)) return error
  if (error.name === 'GraphqlResponseError') return graphqlFailure(error as Error & { errors?: unknown; headers?: Reply['headers'] }, asked)
  if (!('status' in error) || typeof error.status !== 'number') return error
  const reply = 'response' in error ? (error.response as Reply | undefined) : undefined
  return reply ? replyFailure(reply, asked) : new ServiceError('GitHub', `${asked.route}: ${reasonOf(error)}`)
}

function replyFailure(reply: Reply, { route, needs }: Asked): Error {
  const { status } = reply
  const answered = `${route} was answered ${status}${wordsOf(reply.data)}`
  const retryAfterMs = status === 403 || status === 429 || status >= 500 ? waitOf(reply) : undefined
  if (retryAfterMs !== undefined || status >= 500) return new ServiceError('GitHub', answered, { retryAfterMs })
  if (status === 401)
    return new UserError(`GitHub does not accept the token or the App's key: ${answered}. Check that it is whole and has not expired.`)
  if (status === 403) return new Forbidden(`GitHub does not allow it: ${answered}. ${adviceOf(reply, needs)}`)
  if (status === 404 || status === 410 || status === 451) return new Gone(`GitHub: ${answered}`)
  if (status === 422 && /^: No commit found for SHA/.test(wordsOf(reply.data))) return new Gone(`GitHub: ${answered}`)
  if (status === 422) return new Refused(`GitHub: ${answered}`)
  return new ServiceError('GitHub', answered)
}

/** A suspended App or a locked conversation is answered like a missing permission, but in other words. */
function adviceOf(reply: Reply, needs: string): string {
  const isOther = /suspended|locked|archived|blocked|SAML|IP allow/i.test(wordsOf(reply.data))
  return isOther ? 'Somebody has to allow it there.' : `It takes the permission ${permissionOf(reply) ?? needs}.`
}

/** GitHub names it itself: `x-accepted-github-permissions: pull_requests=write; issues=write`. */
function permissionOf({ headers }: Reply): string | undefined {
  const named = String(headers['x-accepted-github-permissions'] ?? '')
  return /^[\w=;, ]{3,200}$/.test(named) ? named.replaceAll('=', ': ').replaceAll(/; ?/g, ' or ') : undefined
}

/** Undefined when it is no question of waiting. */
function waitOf({ status, headers, data }: Reply): number | undefined {
  const after = Number(headers['retry-after'])
  if (headers['retry-after'] !== undefined && Number.isFinite(after)) return Math.max(0, after * 1000)
  if (status >= 500) return undefined
  const reset = Number(headers['x-ratelimit-reset'])
  if (String(headers['x-ratelimit-remaining']) === '0' && Number.isFinite(reset)) return Math.max(1000, reset * 1000 - Date.now())
  return status === 429 || /secondary rate limit|abuse detection/i.test(wordsOf(data)) ? SECONDARY_LIMIT_MS : undefined
}

/** GitHub's own sentence, on one line and not too long. Fields named in a 422 are ours, their values are left out. */
function wordsOf(data: unknown): string {
  if (typeof data !== 'object' || data === null || !('message' in data) || typeof data.message !== 'string') return ''
  const details = 'errors' in data && Array.isArray(data.errors) ? data.errors.map(detailOf).filter(Boolean).slice(0, 3) : []
  return `: ${oneLine([data.message, ...details].join(', '))}`
}

function detailOf(detail: unknown): string {
  if (typeof detail === 'string') return detail
  const { field, code, message } = (detail ?? {}) as Record<string, unknown>
  return [field, code, message].filter((part) => typeof part === 'string').join(' ')
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{C}]+/gu, ' ').slice(0, 300)
}

/** A cause's message can hold a header's value; its code never does. */
function reasonOf(error: Error): string {
  const { cause } = error
  if (cause instanceof Error && cause.name === 'TimeoutError') return 'no answer in time'
  const code = [cause, cause instanceof Error ? cause.cause : undefined].map((one) => (one as { code?: unknown } | undefined)?.code)
  return `no connection (${code.find((one) => typeof one === 'string' && /^[A-Z_\d]+$/.test(one)) ?? 'no code'})`
}

function graphqlFailure({ errors, headers = {} }: { errors?: unknown; headers?: Reply['headers'] }, asked: Asked): Error {
  const [first] = (Array.isArray(errors) ? errors : []) as Array<{ type?: unknown; message?: unknown } | undefined>
  const status = { NOT_FOUND: 404, FORBIDDEN: 403, RATE_LIMITED: 429, RATE_LIMIT: 429, UNPROCESSABLE: 422 }[String(first?.type)]
  const text = typeof first?.message === 'string' ? first.message : 'an error without words'
  return replyFailure({ status: status ?? 502, headers, data: { message: text } }, asked)
}
