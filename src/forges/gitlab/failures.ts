import { ServiceError, UserError } from '../../errors.ts'
import { Gone } from '../forge.ts'
import type { GitLabAccess } from './access.ts'

/** GitLab understood the request and refused it: a 400 or 422. Whoever asked knows what that means. */
export class Refused extends Error {
  override name = 'Refused'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Failure {
  method: string
  /** Path of the address, below `/api/v4`. */
  path: string
  status: number
  headers: Headers
  body: string
}

/** No longer than this is waited for at once, whatever a header says. */
const LONGEST_WAIT_MS = 60 * 60 * 1000
/** Limits that send no header, as that of notes, count by the minute: https://docs.gitlab.com/security/rate_limits/. */
const RATE_LIMIT_MS = 60_000
const LONGEST_DESCRIPTION = 300

/** What a job token reads: https://docs.gitlab.com/ci/jobs/ci_job_token/. Elsewhere GitLab takes it for nobody, and says 404 of what is private. */
const FOR_JOB_TOKENS = /^(job$|projects\/\d+\/(merge_requests\/\d+(\/notes(\/\d+)?)?|repository\/(commits\/[^/]+|files\/[^/]+\/raw))$)/

/** The error of the forge port that an answer of GitLab stands for. */
export function failureOf(access: GitLabAccess, failure: Failure, now: number): Error {
  const { status, headers, path } = failure
  const description = descriptionOf(access, failure)
  const said = description === '' ? `${status}` : `${status}: ${description}`
  if (status === 429) {
    const wait = retryAfterMs(headers, now) ?? untilResetMs(headers, now) ?? RATE_LIMIT_MS
    return new ServiceError('GitLab', `too many requests (${said})`, { retryAfterMs: wait })
  }
  // 409: somebody else writes the same just now.
  if (status >= 500 || status === 409) {
    return new ServiceError('GitLab', `${failure.method} ${path} failed (${said})`, { retryAfterMs: retryAfterMs(headers, now) })
  }
  if (status >= 300 && status < 400) {
    return new UserError(
      `GitLab at ${access.url} sends requests elsewhere (${status}). Set PGWITNESS_GITLAB_URL to the address it ends at.`,
    )
  }
  const isClosedToJobs = access.kind === 'job' && (status === 401 || status === 403 || (status === 404 && !FOR_JOB_TOKENS.test(path)))
  if (isClosedToJobs) return jobTokenMayNot(said)
  if (status === 401) {
    return new UserError(
      `GitLab does not accept the token (${said}): it is wrong, revoked or expired. Make a project or group access token with the scope api and the role Developer, and set PGWITNESS_GITLAB_TOKEN.`,
    )
  }
  if (status === 403) return new UserError(`GitLab does not let the token do this (${said}). ${missingRight(failure)}`)
  if (status === 404 || status === 410) return new Gone(`GitLab has no ${path} (${said})`)
  return new Refused(status, `GitLab refused ${failure.method} ${path} (${said})`)
}

export function jobTokenMayNot(said = 'writing'): UserError {
  return new UserError(
    `CI_JOB_TOKEN may read a merge request and its notes, but not this (${said}). Make a project access token with the scope api and the role Developer, and set PGWITNESS_GITLAB_TOKEN to it, masked, in Settings > CI/CD > Variables.`,
  )
}

function missingRight({ method, path, body }: Failure): string {
  if (body.includes('insufficient_scope')) return 'The token needs the scope api: make one that has it, and set PGWITNESS_GITLAB_TOKEN.'
  if (/\/statuses\//.test(path)) return 'Commit statuses need the role Developer, on a protected branch the right to push or merge there.'
  if (method === 'PUT' && /\/discussions\/[^/]+$/.test(path)) return 'Resolving a thread needs the role Developer.'
  if (method !== 'GET') return 'Comments need the role Reporter at least, and Developer for threads and statuses.'
  return "Reading the project's code needs the role Reporter, and the scope api or read_api."
}

/** What GitLab says about it: `message` or `error`, a text or an object of lists. Cut, in one line, and never with the token in it. */
function descriptionOf(access: GitLabAccess, { body }: Failure): string {
  const text = messageIn(body).replaceAll(access.token, '[token]')
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_DESCRIPTION)
}

function messageIn(body: string): string {
  try {
    const { message, error, error_description: details } = JSON.parse(body) as Record<string, unknown>
    const said = details ?? message ?? error ?? ''
    return typeof said === 'string' ? said : JSON.stringify(said)
  } catch {
    return ''
  }
}

/** Seconds or a date. */
function retryAfterMs(headers: Headers, now: number): number | undefined {
  const after = headers.get('retry-after') ?? ''
  return waitMs(/^\d+$/.test(after) ? now + Number(after) * 1000 : Date.parse(after), now)
}

/** Unix seconds. It is in every answer, so only a refused one means it. */
function untilResetMs(headers: Headers, now: number): number | undefined {
  return waitMs(Number.parseInt(headers.get('ratelimit-reset') ?? '', 10) * 1000, now)
}

function waitMs(until: number, now: number): number | undefined {
  return Number.isNaN(until) ? undefined : Math.min(Math.max(until - now, 0), LONGEST_WAIT_MS)
}
