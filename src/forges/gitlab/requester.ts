import { setTimeout as sleep } from 'node:timers/promises'
import type { MergeRequests } from '@gitbeaker/rest'
import { ServiceError, UserError } from '../../errors.ts'
import { version } from '../../version.ts'
import type { GitLabAccess } from './access.ts'
import { failureOf, jobTokenMayNot } from './failures.ts'

type RequesterFn = NonNullable<ConstructorParameters<typeof MergeRequests>[0]['requesterFn']>
type Service = Parameters<RequesterFn>[0]
type Requester = ReturnType<RequesterFn>
type Options = NonNullable<Parameters<Requester['get']>[1]>
type Answer = Awaited<ReturnType<Requester['get']>>

const REQUEST_MS = 20_000
/** Of a whole call of the port, which is several requests. */
const CALL_MS = 55_000
/** Before the second and the third try of what only reads. What writes is not tried again: whether it was done is not known when the answer is lost. */
const RETRY_MS = [200, 1000]
const MAX_ANSWER_BYTES = 30 * 1024 * 1024

/**
 * What gitbeaker sends its requests with, instead of its own, which asks ten times within 300 ms when told to wait, cannot be aborted by its caller, names
 * no user agent, sends the token after a redirect, and has the status of an error three levels deep. It fails with the errors of the forge port, and
 * with `Refused` where the caller may know better. With `asStream` the answer's body is its bytes.
 */
export function requesterFn(access: GitLabAccess, signal: AbortSignal): RequesterFn {
  const deadline = AbortSignal.timeout(CALL_MS)
  return (service) => {
    const once = (method: string) => async (endpoint: string, options?: Options) =>
      (await send(access, service, method, endpoint, options ?? {}, signal, deadline)) as never
    const get = async (endpoint: string, options?: Options) => await again(signal, () => once('GET')(endpoint, options))
    return { get, post: once('POST'), put: once('PUT'), patch: once('PATCH'), delete: once('DELETE') }
  }
}

/** Waiting for a limit is the caller's; what has no time of its own is tried again soon. */
async function again<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const waitMs of RETRY_MS) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ServiceError) || error.retryAfterMs !== undefined) throw error
    }
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
  return work()
}

async function send(
  access: GitLabAccess,
  service: Service,
  method: string,
  endpoint: string,
  { searchParams, body, asStream }: Options,
  signal: AbortSignal,
  deadline: AbortSignal,
): Promise<Answer> {
  if (access.kind === 'job' && method !== 'GET') throw jobTokenMayNot()
  const url = new URL(endpoint, service.url.endsWith('/') ? service.url : `${service.url}/`)
  for (const [name, value] of Object.entries(snakeCase(searchParams))) url.searchParams.set(name, String(value))
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': `pgwitness/${version}` }
  for (const [name, value] of Object.entries(service.authHeaders)) headers[name] = await value()
  if (body) headers['content-type'] = 'application/json'
  const path = url.pathname.replace(/^.*?\/api\/v4\//, '')
  const limited = AbortSignal.any([signal, deadline, AbortSignal.timeout(REQUEST_MS)])
  try {
    const json = body && { body: JSON.stringify(snakeCase(body as Record<string, unknown>)) }
    const response = await fetch(url, { method, headers, ...json, signal: limited, redirect: 'manual' })
    const bytes = await bytesOf(response, `${method} ${path}`)
    const { status } = response
    if (!response.ok) throw failureOf(access, { method, path, status, headers: response.headers, body: bytes.toString() }, Date.now())
    return {
      status,
      headers: Object.fromEntries(response.headers),
      body: asStream ? (bytes as never) : contentsOf(bytes, `${method} ${path}`),
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (limited.aborted) throw new ServiceError('GitLab', `${method} ${path} took too long`, { cause: error })
    // Node's fetch fails with a TypeError whose cause says what happened; every other error is one of ours.
    if (!(error instanceof TypeError)) throw error
    const { code = error.message } = (error.cause ?? {}) as { code?: string }
    if (/CERT|SIGNATURE/.test(code))
      throw new UserError(`GitLab's certificate is not trusted here (${code}). Name its authority's file in NODE_EXTRA_CA_CERTS.`)
    throw new ServiceError('GitLab', `${method} ${path} failed: ${code}`, { cause: error })
  }
}

async function bytesOf(response: Response, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > MAX_ANSWER_BYTES) throw new ServiceError('GitLab', `${what} answered with more than ${MAX_ANSWER_BYTES / 1024 / 1024} MB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function contentsOf(bytes: Buffer, what: string): never {
  if (bytes.length === 0) return null as never
  try {
    return JSON.parse(bytes.toString()) as never
  } catch {
    throw new ServiceError('GitLab', `the answer to ${what} is cut off or not JSON`)
  }
}

/** Names as the API has them. Only the outer ones: what is nested is written as it is to be sent. */
function snakeCase(values: Record<string, unknown> = {}): Record<string, unknown> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given.map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]))
}
