import type { APIError } from 'openai'
import { ServiceError, UserError } from '../../errors.ts'
import { TooLong } from './bounded-fetch.ts'
import { retryAfterOf } from './pace.ts'

export interface Failure {
  error: ServiceError | UserError
  /** `again`: the same may work later; `smaller`: with fewer or shorter texts. */
  hope: 'again' | 'smaller' | 'none'
  retryAfterMs?: number | undefined
}

export interface Asked {
  model: string
  /** Never repeated. */
  key: string | undefined
}

const SERVICE = 'embeddings'
const MOST_SAID = 300

/** The package's error in our words. It is no cause of ours: it has headers and a message in which a key may be. */
export function failureOf(error: unknown, asked: Asked): Failure {
  if (error instanceof ServiceError) return { error, hope: 'none' }
  const long = chainOf(error).find((one) => one instanceof TooLong)
  if (long)
    return { error: new ServiceError(SERVICE, `the answer of ${asked.model} is longer than all its vectors could be`), hope: 'none' }
  const { status } = error as Partial<APIError>
  return typeof status === 'number' ? refusal(error as APIError, asked) : broken(error, asked)
}

function refusal({ status, headers, code, error }: APIError, { model, key }: Asked): Failure {
  const said = wordsOf(error, key)
  const because = said === '' ? '' : `: ${said}`
  const user = (message: string, hope: Failure['hope'] = 'none'): Failure => ({ error: new UserError(message), hope })
  if (status === 401) return user('The embedding endpoint refuses the key (401). Check PGWITNESS_EMBEDDING_KEY.')
  if (status === 403) return user(`The embedding endpoint does not allow ${model} with this key (403).`)
  if (status === 404)
    return user(`The embedding endpoint has no model ${model} (404). Check PGWITNESS_EMBEDDING_MODEL and PGWITNESS_EMBEDDING_URL.`)
  if (code === 'insufficient_quota')
    return user(`The account of the embedding endpoint has no credit left (${status}, insufficient_quota).`)
  if (status === 400 || status === 413 || status === 422)
    return user(`The embedding endpoint does not take what ${model} is asked (${status})${because}`, 'smaller')
  const retryAfterMs = retryAfterOf(headers)
  const isPassing = status === 408 || status === 409 || status === 429 || (status !== undefined && status >= 500)
  const what = status === 429 ? 'too many requests (429)' : `an answer with status ${status}`
  return {
    error: new ServiceError(SERVICE, `${what} from ${model}${because}`, { retryAfterMs }),
    hope: isPassing ? 'again' : 'none',
    retryAfterMs,
  }
}

function broken(error: unknown, { model }: Asked): Failure {
  const chain = chainOf(error)
  const code = chain
    .map((one) => (one as NodeJS.ErrnoException).code)
    .find((one) => typeof one === 'string' && /^[A-Z][A-Z_0-9]+$/.test(one))
  const names = chain.map((one) => `${one.name} ${one.constructor.name}`).join(' ')
  const what = /Timeout|Abort/.test(names)
    ? `no answer of ${model} in time`
    : chain.some((one) => one instanceof SyntaxError)
      ? `the answer of ${model} is no JSON, or was cut off`
      : `the endpoint of ${model} cannot be reached${code === undefined ? '' : ` (${code})`}`
  return { error: new ServiceError(SERVICE, what), hope: 'again' }
}

function chainOf(error: unknown): Error[] {
  const chain: Error[] = []
  for (let one = error; one instanceof Error && chain.length < 5; one = one.cause) chain.push(one)
  return chain
}

/** What the endpoint says of it, in one line and without anything like a key. */
function wordsOf(body: unknown, key: string | undefined): string {
  const { message } = (typeof body === 'object' && body !== null ? body : {}) as { message?: unknown }
  if (typeof message !== 'string') return ''
  const line = (key === undefined ? message : message.replaceAll(key, '[key]')).replaceAll(/\p{C}|\s+/gu, ' ')
  return line.replaceAll(/\b(?:sk|pk|key|Bearer)[-_ ][^\s'",]{6,}/gi, '[key]').slice(0, MOST_SAID)
}
