import type { Misbehaviour } from '../misbehaviour.ts'
import type { StubReply } from '../stub-server.ts'

/** An answer that is no success. Thrown by an operation. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly reply: StubReply

  constructor(status: number, body: unknown, headers: Record<string, string> = {}) {
    super(`${status} ${JSON.stringify(body)}`)
    this.reply = { status, headers, body }
  }
}

/** `Project` gives `404 Project Not Found`; nothing what Rails says of a row that is not there. */
export function notFound(what?: string): Refusal {
  return new Refusal(404, { message: what === undefined ? '404 Not found' : `404 ${what} Not Found` })
}

export function badRequest(reason: string): Refusal {
  return new Refusal(400, { message: `400 Bad request - ${reason}` })
}

/** Validation errors of a note: `{ line_code: ["can't be blank"] }`, written as Ruby writes a hash. */
export function invalidNote(errors: Record<string, readonly string[]>): Refusal {
  const list = Object.entries(errors).map(([field, messages]) => `:${field}=>[${messages.map((text) => JSON.stringify(text)).join(', ')}]`)
  return badRequest(`Note {${list.join(', ')}}`)
}

export function forbidden(): Refusal {
  return new Refusal(403, { message: '403 Forbidden' })
}

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

export const TOO_MANY_NOTES = {
  status: 429,
  body: { message: { error: 'This endpoint has been requested too many times. Try again later.' } },
} satisfies Misbehaviour

/** What the instance says with an error when nothing else is told. */
export function errorBody(status: number): unknown {
  if (status === 429) return 'Retry later\n'
  if (status > 500) return '<html><head><title>GitLab is not responding</title></head></html>'
  const texts: Record<number, string> = {
    400: '400 Bad request',
    401: '401 Unauthorized',
    403: '403 Forbidden',
    404: '404 Not found',
    409: '409 Conflict: Another update to this commit status is in progress',
    422: '422 Unprocessable Entity',
    500: '500 Internal Server Error',
  }
  return { message: texts[status] ?? String(status) }
}
