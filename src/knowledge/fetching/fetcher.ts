/** Reads pages of the hosts it was allowed, as robots.txt asks, one at a time. */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ServiceError, UserError } from '../../errors.ts'
import { version } from '../../version.ts'
import { httpGet, LIMITS, type Limits, type Network, PUBLIC_INTERNET, Refused, type Reply } from './http-get.ts'
import { ALL_ALLOWED, MAX_ROBOTS_BYTES, type Robots, readRobots } from './robots.ts'
import { Turns } from './turns.ts'

export type Fetched =
  | { kind: 'page' /** After redirects. */; url: URL; bytes: Buffer; mediaType: string; charset: string | undefined; revision: string }
  /** What `revision` was given is what there is. */
  | { kind: 'unchanged' }
  /** The reason is for the reader of a sync's report. */
  | { kind: 'refused'; reason: string }

interface FetchOptions {
  /** Of an earlier page: `unchanged` when it still is. */
  revision?: string | undefined
  /** Media types; every other is refused. */
  accept: readonly string[]
}

export interface Fetcher {
  /**
   * A ServiceError when the host cannot be reached, fails or asks to come again later than one waits for; when its robots.txt cannot be
   * read, nothing is fetched. What is wrong with one page is `refused`.
   */
  fetch(url: string, options: FetchOptions, signal: AbortSignal): Promise<Fetched>
}

export interface FetcherOptions {
  /** `docs.example.org`; with a port where it is not the usual one. */
  hosts: readonly string[]
  /** Those of them that may be asked without TLS, as their addresses were declared so. */
  plainHosts?: readonly string[]
  limits?: Partial<Limits>
  /** Between two requests to a host. */
  pauseMs?: number
  /** A host that asks to wait longer is left alone. */
  longestWaitMs?: number
  /** Before the second attempt; doubled for each further one. */
  backoffMs?: number
  /** For tests. */
  network?: Network
}

const PRODUCT = 'pgwitness'
const MAX_REDIRECTS = 5
const MAX_ATTEMPTS = 4
const MAX_URL_CHARACTERS = 2000
/** A site that asks for more gets this. */
const MAX_CRAWL_DELAY_MS = 30_000

export function openFetcher(options: FetcherOptions): Fetcher {
  return new PoliteFetcher(options)
}

class PoliteFetcher implements Fetcher {
  readonly #options: Required<Omit<FetcherOptions, 'limits' | 'hosts' | 'plainHosts'>>
  readonly #limits: Limits
  readonly #hosts: Set<string>
  readonly #plainHosts: Set<string>
  readonly #turns = new Map<string, Turns>()
  readonly #robots = new Map<string, Promise<Robots>>()

  constructor({
    hosts,
    plainHosts = [],
    limits,
    pauseMs = 1000,
    longestWaitMs = 120_000,
    backoffMs = 2000,
    network = PUBLIC_INTERNET,
  }: FetcherOptions) {
    this.#options = { pauseMs, longestWaitMs, backoffMs, network }
    this.#limits = { ...LIMITS, ...limits }
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()))
    this.#plainHosts = new Set(plainHosts.map((host) => host.toLowerCase()))
  }

  async fetch(url: string, { revision, accept }: FetchOptions, signal: AbortSignal): Promise<Fetched> {
    try {
      const check = (headers: IncomingHttpHeaders) => checkMediaType(headers, accept)
      const { reply, url: last } = await this.#follow(
        new URL(url),
        { ...validatorsOf(revision), accept: accept.join(', ') },
        { check },
        signal,
      )
      if (reply.status === 304 && validatorsOf(revision) !== undefined) return { kind: 'unchanged' }
      if (reply.status !== 200) return { kind: 'refused', reason: `the server answered with status ${reply.status}` }
      const found = revisionOf(reply)
      if (found === revision) return { kind: 'unchanged' }
      const { mediaType, charset } = mediaTypeOf(reply.headers)
      return { kind: 'page', url: last, bytes: reply.body, mediaType, charset, revision: found }
    } catch (error) {
      if (error instanceof Refused) return { kind: 'refused', reason: error.message }
      throw error
    }
  }

  /** To the end of the redirects, each of which must be allowed as the first one. */
  async #follow(
    start: URL,
    headers: Record<string, string>,
    { check, isRobots = false }: { check(headers: IncomingHttpHeaders): void; isRobots?: boolean },
    signal: AbortSignal,
  ): Promise<{ reply: Reply; url: URL }> {
    let url = start
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      url.hash = ''
      this.#checkUrl(url)
      if (!isRobots) {
        const robots = await this.#robotsOf(url, signal)
        if (!robots.allows(url.pathname + url.search)) throw new Refused(`robots.txt of ${url.host} does not allow ${url.pathname}`)
      }
      const reply = await this.#getPatiently(url, headers, check, isRobots, signal)
      if (![301, 302, 303, 307, 308].includes(reply.status)) return { reply, url }
      const target = reply.headers.location
      const next = target === undefined ? null : URL.parse(target, url.href)
      if (next === null) throw new Refused('it redirects to nowhere')
      url = next
    }
    throw new Refused(`it redirects more than ${MAX_REDIRECTS} times`)
  }

  #checkUrl(url: URL): void {
    if (url.href.length > MAX_URL_CHARACTERS) throw new Refused('its address is too long')
    if (url.username !== '' || url.password !== '') throw new Refused('its address holds a name or password')
    if (!this.#hosts.has(url.host)) throw new Refused(`${url.host.slice(0, 100)} is not among the hosts that may be asked`)
    const isPlain = url.protocol === 'http:' && this.#plainHosts.has(url.host)
    if (url.protocol !== 'https:' && !isPlain)
      throw new Refused(`${url.protocol}//${url.host} is not asked: only https is, unless the source names http`)
  }

  /** Once for each origin. Where there is none all is allowed; where the server fails, nothing is. */
  #robotsOf({ origin }: URL, signal: AbortSignal): Promise<Robots> {
    const known = this.#robots.get(origin)
    if (known) return known
    const reading = this.#readRobots(origin, signal)
    this.#robots.set(origin, reading)
    reading.catch(() => this.#robots.delete(origin))
    return reading
  }

  async #readRobots(origin: string, signal: AbortSignal): Promise<Robots> {
    try {
      const { reply } = await this.#follow(
        new URL('/robots.txt', origin),
        { accept: 'text/plain, */*;q=0.1' },
        { check() {}, isRobots: true },
        signal,
      )
      if (reply.status !== 200) return ALL_ALLOWED
      const robots = readRobots(reply.body.toString('utf8'), PRODUCT)
      const turns = this.#turnsOf(new URL(origin))
      turns.pauseMs = Math.max(turns.pauseMs, Math.min(robots.delayMs ?? 0, MAX_CRAWL_DELAY_MS))
      return robots
    } catch (error) {
      if (error instanceof Refused)
        throw new ServiceError(new URL(origin).host, `robots.txt cannot be read, so nothing is: ${error.message}`, { cause: error })
      throw error
    }
  }

  #turnsOf({ host }: URL): Turns {
    const turns = this.#turns.get(host) ?? new Turns(this.#options.pauseMs)
    this.#turns.set(host, turns)
    return turns
  }

  /** Comes again when the host is busy or out of order, as late as it asks for. */
  async #getPatiently(
    url: URL,
    headers: Record<string, string>,
    check: (headers: IncomingHttpHeaders) => void,
    isRobots: boolean,
    signal: AbortSignal,
  ): Promise<Reply> {
    const { network, backoffMs, longestWaitMs } = this.#options
    const turns = this.#turnsOf(url)
    const limits = isRobots ? { ...this.#limits, bytes: MAX_ROBOTS_BYTES } : this.#limits
    const all = { ...headers, 'user-agent': `${PRODUCT}/${version}` }
    for (let attempt = 1; ; attempt++) {
      const outcome = await turns.take(() => httpGet(url, { headers: all, network, limits, check }, signal).catch(thrown), signal)
      signal.throwIfAborted()
      if (outcome instanceof Refused) throw outcome
      if (!(outcome instanceof Error) && !isBusy(outcome.status)) return outcome
      const problem = outcome instanceof Error ? outcome.message || String(outcome) : `it answers with status ${outcome.status}`
      const asked = outcome instanceof Error ? undefined : retryAfter(outcome.headers['retry-after'])
      const wait = asked ?? backoffMs * 2 ** (attempt - 1)
      if (attempt === MAX_ATTEMPTS || wait > longestWaitMs) throw new ServiceError(url.host, problem, { retryAfterMs: asked })
      turns.holdFor(wait)
    }
  }
}

function thrown(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

function isBusy(status: number): boolean {
  return status === 429 || status >= 500
}

/** Seconds, or a date. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

function mediaTypeOf(headers: IncomingHttpHeaders): { mediaType: string; charset: string | undefined } {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').split(';')
  const charset = parameters
    .map((parameter) => /^\s*charset\s*=\s*"?([\w.:-]{1,40})"?\s*$/i.exec(parameter)?.[1])
    .find((found) => found !== undefined)
  return { mediaType: type.trim().toLowerCase(), charset }
}

function checkMediaType(headers: IncomingHttpHeaders, accept: readonly string[]): void {
  const { mediaType } = mediaTypeOf(headers)
  if (!accept.includes(mediaType)) throw new Refused(`it is ${mediaType.slice(0, 60) || 'of no type'}, not ${accept.join(' or ')}`)
}

/** `etag "abc"`, `modified Mon, …`, or a hash where the server tells neither. */
function revisionOf({ headers, body }: Reply): string {
  const { etag, 'last-modified': modified } = headers
  if (etag !== undefined && /^(W\/)?"[\x21\x23-\x7e]{0,200}"$/.test(etag)) return `etag ${etag}`
  if (modified !== undefined && /^[\x20-\x7e]{1,60}$/.test(modified) && !Number.isNaN(Date.parse(modified))) return `modified ${modified}`
  return `sha256 ${createHash('sha256').update(body).digest('base64url').slice(0, 32)}`
}

function validatorsOf(revision: string | undefined): Record<string, string> | undefined {
  const [, kind, value = ''] = /^(etag|modified) ([\x20-\x7e]{1,300})$/.exec(revision ?? '') ?? []
  if (kind === undefined) return undefined
  return kind === 'etag' ? { 'if-none-match': value } : { 'if-modified-since': value }
}

/** Hosts of addresses that were declared with http. A UserError for those that are no addresses on the web. */
export function plainHostsOf(urls: readonly string[]): string[] {
  return urls.flatMap((text) => {
    const url = URL.parse(text)
    if (url === null || !/^https?:$/.test(url.protocol)) throw new UserError(`${text} is no address on the web.`)
    return url.protocol === 'http:' ? [url.host] : []
  })
}
