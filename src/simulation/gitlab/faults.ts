import type { Misbehaviour } from '../misbehaviour.ts'

/** Without a token, and with one that was never given out. */
export const UNAUTHORIZED = { status: 401, body: { message: '401 Unauthorized' } } satisfies Misbehaviour

export const TOKEN_EXPIRED = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer realm="Protected by OAuth 2.0", error="invalid_token"' },
  body: { error: 'invalid_token', error_description: 'Token is expired. You can either do re-authorization or token refresh.' },
} satisfies Misbehaviour

export const TOKEN_REVOKED = {
  status: 401,
  body: { error: 'invalid_token', error_description: 'Token was revoked. You have to re-authorize from the user.' },
} satisfies Misbehaviour

export const INSUFFICIENT_SCOPE = {
  status: 403,
  body: {
    error: 'insufficient_scope',
    error_description: 'The request requires higher privileges than provided by the access token.',
    scope: 'api',
  },
} satisfies Misbehaviour

/** What an instance answers that has had enough, and what a note too many gets. docs.gitlab.com: security/rate_limits. */
export function rateLimited(retryAfterS: number): Misbehaviour {
  return {
    status: 429,
    headers: {
      'content-type': 'text/plain',
      'retry-after': String(retryAfterS),
      'ratelimit-limit': '60',
      'ratelimit-name': 'throttle_authenticated_api',
      'ratelimit-observed': '61',
      'ratelimit-remaining': '0',
      'ratelimit-reset': String(Math.floor(Date.now() / 1000) + retryAfterS),
    },
    body: 'Retry later\n',
  }
}

/** More than 300 notes in a minute. */
export const TOO_MANY_NOTES = {
  status: 429,
  headers: { 'retry-after': '60' },
  body: { message: { error: 'This endpoint has been requested too many times. Try again later.' } },
} satisfies Misbehaviour

/** What helps to ask again, beside what every server does: two statuses of one commit at once, and the limit as this forge tells it. */
export const FAULTS: readonly Misbehaviour[] = [
  { method: 'POST', path: '/statuses/', status: 409 },
  { status: 429, headers: { 'content-type': 'text/plain', 'retry-after': '1', 'ratelimit-remaining': '0' }, body: 'Retry later\n' },
]
