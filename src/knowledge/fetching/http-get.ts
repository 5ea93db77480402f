/** One GET over HTTP, with a limit on everything. Follows nothing. */
import { lookup as lookupByName } from 'node:dns/promises'
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { createGunzip } from 'node:zlib'
import { isPublicAddress } from './public-address.ts'

export interface Limits {
  /** Of the body, unpacked. */
  bytes: number
  /** From the first step to the last byte. */
  totalMs: number
  /** Without any byte. */
  idleMs: number
}
export const LIMITS: Limits = { bytes: 10 * 1024 * 1024, totalMs: 60_000, idleMs: 15_000 }

/** How names become addresses, and which of these may be connected to. Tests give their own; nothing else does. */
export interface Network {
  resolve(host: string): Promise<Array<{ address: string; family: number }>>
  isAllowed(address: string): boolean
}
export const PUBLIC_INTERNET: Network = { resolve: (host) => lookupByName(host, { all: true }), isAllowed: isPublicAddress }

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  /** Empty unless the status is 200. */
  body: Buffer
}

/** The page or its server does what we do not go along with: asking again is of no use. */
export class Refused extends Error {
  override name = 'Refused'
}

interface GetOptions {
  headers: Record<string, string>
  network: Network
  limits: Limits
  /** Of a reply with status 200, before its body is read; throws Refused. */
  check(headers: IncomingHttpHeaders): void
}

/**
 * Throws Refused for what is over a limit or leads to an address that is not allowed; other errors are the network's. The address is
 * checked where it is connected to, so that a name that resolves otherwise the second time changes nothing.
 */
export function httpGet(url: URL, { headers, network, limits, check }: GetOptions, signal: AbortSignal): Promise<Reply> {
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0 && !network.isAllowed(literal)) return Promise.reject(new Refused(`${literal} is no public address`))
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const request: ClientRequest = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    method: 'GET',
    headers: { ...headers, 'accept-encoding': 'gzip', connection: 'close' },
    // No agent: neither connections nor names are remembered, and no proxy gets between.
    agent: false,
    lookup: checkedLookup(network),
    maxHeaderSize: 32 * 1024,
    timeout: limits.idleMs,
    signal,
  })
  const timer = setTimeout(() => request.destroy(new Refused(`it took longer than ${limits.totalMs / 1000} s`)), limits.totalMs)
  const settle = (error: Error | undefined, reply?: Reply) => {
    clearTimeout(timer)
    request.destroy()
    if (reply) resolve(reply)
    else reject(error)
  }
  request.on('timeout', () => request.destroy(new Error(`no answer for ${limits.idleMs / 1000} s`)))
  request.on('error', (error) => settle(signal.aborted ? (signal.reason as Error) : error))
  request.on('socket', (socket) =>
    socket.once('connect', () => {
      if (!network.isAllowed(socket.remoteAddress ?? '')) request.destroy(new Refused(`${url.host} is at an address that is not public`))
    }),
  )
  request.on('response', (response) => {
    readReply(response, limits, check).then(
      (reply) => settle(undefined, reply),
      (error: Error) => settle(signal.aborted ? (signal.reason as Error) : (request.errored ?? error)),
    )
  })
  request.end()
  return promise
}

async function readReply(response: IncomingMessage, limits: Limits, check: GetOptions['check']): Promise<Reply> {
  const { statusCode: status = 0, headers } = response
  if (status !== 200) return { status, headers, body: Buffer.alloc(0) }
  check(headers)
  if (Number(headers['content-length'] ?? 0) > limits.bytes) throw tooLong(limits)
  return { status, headers, body: await readBody(response, headers['content-encoding'] ?? 'identity', limits) }
}

/** What is sent is counted, and what it unpacks to: a bomb is stopped at the limit. */
async function readBody(response: IncomingMessage, encoding: string, limits: Limits): Promise<Buffer> {
  const isPacked = /^(x-)?gzip$/i.test(encoding.trim())
  if (!isPacked && !/^(identity)?$/i.test(encoding.trim()))
    throw new Refused(`it is packed in a way that was not asked for: ${encoding.slice(0, 40)}`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of isPacked ? unpacked(response) : response) {
    bytes += (chunk as Buffer).length
    if (bytes > limits.bytes) throw tooLong(limits)
    chunks.push(chunk as Buffer)
  }
  if (!response.complete) throw new Error('it ended before its end')
  return Buffer.concat(chunks)
}

async function* unpacked(response: IncomingMessage): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  response.on('error', (error) => gunzip.destroy(error))
  response.on('aborted', () => gunzip.destroy(new Error('it ended before its end')))
  response.pipe(gunzip)
  try {
    yield* gunzip
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw new Refused(`it cannot be unpacked: ${error.message}`)
    throw error
  }
}

function tooLong({ bytes }: Limits): Refused {
  return new Refused(`it is longer than ${Math.round(bytes / 1024)} kB`)
}

/** Node connects to what this gives it, and to nothing else. */
function checkedLookup({ resolve, isAllowed }: Network): LookupFunction {
  return (host, { all, family }, done) => {
    resolve(host).then(
      (addresses) => {
        const usable = addresses.filter((found) => isAllowed(found.address) && (!family || family === found.family))
        const [first] = usable
        if (first === undefined) done(new Refused(`${host} has no public address`) as NodeJS.ErrnoException, '')
        else if (all) done(null, usable)
        else done(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => done(error, ''),
    )
  }
}
