/** An answer that is no success, as GitHub words it. */
export class Refusal extends Error {
  override name = 'Refusal'
  readonly status: number
  readonly errors: unknown[] | undefined
  readonly headers: Record<string, string>

  constructor(status: number, message: string, errors?: unknown[], headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.errors = errors
    this.headers = headers
  }
}

const USUAL: Record<number, string> = {
  401: 'Bad credentials',
  403: 'Resource not accessible by integration',
  404: 'Not Found',
  409: 'Git Repository is empty.',
  410: 'This issue was deleted',
  422: 'Validation Failed',
  429: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  500: 'Server Error',
  502: 'Server Error',
  503: 'Service Unavailable',
  504: "We couldn't respond to your request in time. Sorry about that. Please try resubmitting your request and contact us if the problem persists.",
}

/** What GitHub says with a status, when nothing special is the matter. */
export function errorBody(status: number, message = USUAL[status] ?? 'Error', errors?: unknown[]): unknown {
  return { message, ...(errors ? { errors } : {}), documentation_url: 'https://docs.github.com/rest', status: String(status) }
}

export function notFound(): Refusal {
  return new Refusal(404, 'Not Found')
}

/** `Validation Failed` about one field. */
export function invalid(resource: string, field: string, message: string): Refusal {
  return new Refusal(422, 'Validation Failed', [{ resource, code: 'custom', field, message }])
}
