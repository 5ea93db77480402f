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
