import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Misbehaviour, newMisbehaviours } from './misbehaviour.ts'

export interface StubRequest {
  method: string
  /** As it came, without the query. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: Buffer
  /** Lists are wanted in another order than the usual. */
  isShuffled: boolean
}

export interface StubReply {
  status: number
  headers?: Record<string, string> | undefined
  /** Sent as JSON, unless it is a string or a buffer. */
  body?: unknown
}

export interface LoggedRequest {
  method: string
  /** With the query, as it came. */
  path: string
  /** 0 when the connection was cut. */
  status: number
}

export interface StubServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string
  requests: LoggedRequest[]
  misbehave(rule: Misbehaviour): void
  random(rate: number, seed: number): void
}

interface StubServerOptions {
  /** Carries out a request. What it throws is a mistake of the stub: the answer is 500, and `onMistake` is told. */
  answer(request: StubRequest): StubReply | Promise<StubReply>
  /** What the forge says with an error. */
  errorBody(status: number): unknown
  onMistake(text: string): void
  /** Faults that only this forge has, for `random`. */
  faults?: readonly Misbehaviour[]
}

const KEEP_ALIVE_MS = 600_000

/** An HTTP server on a free port of this machine that writes down what it is asked and misbehaves on demand. */
export async function startStubServer(options: StubServerOptions): Promise<StubServer> {
  const requests: LoggedRequest[] = []
  const misbehaviours = newMisbehaviours(options.faults)
  const stop = new AbortController()
  const running = new Set<Promise<void>>()
  const server = createServer((incoming, response) => {
    const log: LoggedRequest = { method: incoming.method ?? '', path: incoming.url ?? '', status: 0 }
    requests.push(log)
    const fault = misbehaviours.next(log.method, log.path) ?? {}
    const served = serve({ ...options, stop: stop.signal }, fault, incoming, response, log).catch((error: Error) => {
      // A client that went away is none of our mistakes.
      if (!incoming.destroyed && !response.destroyed) options.onMistake(`${log.method} ${log.path}: ${error.stack}`)
      response.destroy()
    })
    running.add(served)
    served.finally(() => running.delete(served))
  })
  // A connection that the server closes just when a busy client uses it again is a fault nobody asked for.
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    misbehave: misbehaviours.add,
    random: misbehaviours.random,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      stop.abort()
      await closed
      await Promise.all(running)
    },
  }
}

async function serve(
  options: StubServerOptions & { stop: AbortSignal },
  fault: Misbehaviour,
  incoming: IncomingMessage,
  response: ServerResponse,
  log: LoggedRequest,
): Promise<void> {
  const body = await readBody(incoming)
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { signal: options.stop })
  // A hook may wait for what never comes.
  if (fault.hook) await Promise.race([fault.hook(), aborted(options.stop)])
  options.stop.throwIfAborted()
  const isSpoilt = fault.status !== undefined || fault.reset === true
  const reply =
    isSpoilt && !fault.isCarriedOut ? undefined : await carriedOut(options, readRequest(incoming, body, fault.shuffle ?? false), log)
  if (fault.reset) {
    incoming.socket.destroy()
    return
  }
  const sent: StubReply =
    fault.status === undefined ? (reply ?? { status: 500 }) : { status: fault.status, body: fault.body ?? options.errorBody(fault.status) }
  log.status = sent.status
  await send(response, { ...sent, headers: { ...sent.headers, ...fault.headers } }, fault.truncate ?? false)
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}

async function carriedOut(options: StubServerOptions, request: StubRequest, log: LoggedRequest): Promise<StubReply> {
  try {
    return await options.answer(request)
  } catch (error) {
    options.onMistake(`${log.method} ${log.path}: ${(error as Error).stack}`)
    return { status: 500, body: options.errorBody(500) }
  }
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function readRequest(incoming: IncomingMessage, body: Buffer, isShuffled: boolean): StubRequest {
  const address = incoming.url ?? '/'
  const mark = address.indexOf('?')
  const path = mark < 0 ? address : address.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : address.slice(mark + 1))
  return { method: incoming.method ?? '', path, query, headers: incoming.headers, body, isShuffled }
}

function send(response: ServerResponse, reply: StubReply, truncate: boolean): Promise<void> {
  const isRaw = typeof reply.body === 'string' || Buffer.isBuffer(reply.body)
  const body = reply.body === undefined ? Buffer.alloc(0) : Buffer.from(isRaw ? (reply.body as string) : JSON.stringify(reply.body))
  const headers: Record<string, string> = {
    ...(isRaw || reply.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...reply.headers,
  }
  // GitHub and GitLab send no body with these, and a client must not wait for one.
  if (reply.status !== 204 && reply.status !== 304) headers['content-length'] = String(body.length)
  // Whoever asked has gone away: no event is to come.
  if (response.closed || response.destroyed) return Promise.resolve()
  response.writeHead(reply.status, headers)
  return new Promise((resolve) => {
    if (truncate && body.length > 1) response.write(body.subarray(0, body.length >> 1), () => resolve(void response.destroy()))
    else response.end(reply.status === 204 || reply.status === 304 ? undefined : body, () => resolve())
    response.on('close', () => resolve())
  })
}
