/** Pages are fetched politely, and from nowhere they should not be; servers here behave as badly as they can. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { ServiceError, UserError } from '../src/errors.ts'
import { openFetcher } from '../src/knowledge/fetching/fetcher.ts'
import type { Limits } from '../src/knowledge/fetching/http-get.ts'
import { isPublicAddress } from '../src/knowledge/fetching/public-address.ts'
import { readRobots } from '../src/knowledge/fetching/robots.ts'
import { isManualPage } from '../src/knowledge/reading/manual-page.ts'
import type { SourceItem } from '../src/knowledge/source.ts'
import { crawledManualSource } from '../src/knowledge/sources/crawled-manual.ts'
import { webPageSource } from '../src/knowledge/sources/web-page.ts'
import { certificateFile } from './fixtures/dblab/stub.ts'
import { hasManual, MANUAL } from './fixtures/installed-manual.ts'

const SIGNAL = new AbortController().signal
const NAME = 'docs.example.org'
const HTML = { 'content-type': 'text/html; charset=utf-8' }

const closing: Array<() => void> = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Answers robots.txt with 404 unless a handler is there. Gives the port, and the paths that were asked for. */
async function serve(
  handlers: Record<string, Handler>,
): Promise<{ host: string; url: string; asked: string[]; requests: IncomingMessage[] }> {
  const asked: string[] = []
  const requests: IncomingMessage[] = []
  const listener: RequestListener = (request, response) => {
    asked.push(request.url ?? '')
    requests.push(request)
    const handler = handlers[request.url ?? ''] ?? handlers['*']
    if (handler && (request.url !== '/robots.txt' || handlers['/robots.txt'])) handler(request, response)
    else response.writeHead(404).end()
  }
  const port = await listen(createServer(listener))
  return { host: `${NAME}:${port}`, url: `http://${NAME}:${port}`, asked, requests }
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const page =
  (text: string, headers: Record<string, string> = HTML): Handler =>
  (_, response) =>
    void response.writeHead(200, headers).end(text)

const HERE = { resolve: async () => [{ address: '127.0.0.1', family: 4 }], isAllowed: (address: string) => address === '127.0.0.1' }

interface Options {
  limits?: Partial<Limits>
  hosts?: string[]
  network?: typeof HERE
  longestWaitMs?: number
}

function fetcherOf(host: string, { limits = {}, hosts = [], network = HERE, longestWaitMs = 2000 }: Options = {}) {
  const all = [host, ...hosts]
  return openFetcher({ hosts: all, plainHosts: all, pauseMs: 1, backoffMs: 1, longestWaitMs, limits, network })
}

async function get(url: string, options: Options & { revision?: string | undefined; accept?: string[] } = {}) {
  const { revision, accept = ['text/html'], ...rest } = options
  return fetcherOf(new URL(url).host, rest).fetch(url, { revision, accept }, SIGNAL)
}

describe('addresses', () => {
  test.each(['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946', '2a00:1450:4001:82b::200e'])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
  test.each(
    (
      '0.0.0.0 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.168.1.1 198.18.0.1 224.0.0.1 ' +
      '255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 64:ff9b::7f00:1 2002:7f00:1:: 2001:db8::1 2001::1 x 1.2.3'
    ).split(' '),
  )('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://169.254.169.254/latest/meta-data/',
    'https://localhost/',
  ])('what is shipped does not connect to %s', async (url) => {
    const fetching = openFetcher({ hosts: [new URL(url).host], backoffMs: 1 }).fetch(url, { accept: ['text/html'] }, SIGNAL)
    await expect(fetching).rejects.toThrow(/public address/)
  })

  test('a name that resolves to a private address the second time is not connected to', async () => {
    const { host, url, asked } = await serve({ '/': page('secret') })
    let turn = 0
    const network = {
      resolve: async () => [{ address: turn++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }],
      isAllowed: (address: string) => address === '127.0.0.1',
    }
    const fetcher = fetcherOf(host, { network })
    expect(await fetcher.fetch(url, { accept: ['text/html'] }, SIGNAL)).toEqual({
      kind: 'refused',
      reason: `${NAME} has no public address`,
    })
    expect(asked).toEqual(['/robots.txt'])
  })

  test('of several addresses only those that are allowed are tried', async () => {
    const { url } = await serve({ '/': page('<p>Here.') })
    const network = { ...HERE, resolve: async () => ['127.0.0.2', '10.0.0.1', '127.0.0.1'].map((address) => ({ address, family: 4 })) }
    expect(await get(url, { network })).toMatchObject({ kind: 'page' })
  })
})

describe('what may be asked', () => {
  test.each([
    ['another host', 'https://other.example.org/', 'not among the hosts'],
    ['a host below', `https://x.${NAME}/`, 'not among the hosts'],
    ['another port', `https://${NAME}:8443/`, 'not among the hosts'],
    ['plain http', `http://${NAME}/`, 'only https is'],
    ['a password', `https://user:secret@${NAME}/`, 'a name or password'],
    ['a file', 'file:///etc/passwd', 'not among the hosts'],
  ])('not %s', async (_, url, reason) => {
    const fetched = await openFetcher({ hosts: [NAME], network: HERE }).fetch(url, { accept: ['text/html'] }, SIGNAL)
    expect(fetched).toEqual({ kind: 'refused', reason: expect.stringContaining(reason) })
    expect(JSON.stringify(fetched)).not.toContain('secret')
  })

  test.each([
    ['off the list', 'http://evil.example.com/', 'evil.example.com is not among'],
    ['to an address', 'http://169.254.169.254/latest', '169.254.169.254 is not among'],
    ['to another protocol', 'ftp://docs.example.org/', 'not among'],
    ['to nonsense', 'http://[', 'to nowhere'],
  ])('no redirect %s', async (_, location, reason) => {
    const { url } = await serve({ '/': (__, response) => void response.writeHead(302, { location }).end() })
    expect(await get(url)).toEqual({ kind: 'refused', reason: expect.stringContaining(reason) })
  })

  test('redirects on the list are followed, and the last address counts', async () => {
    const { url } = await serve({
      '/': (_, response) => void response.writeHead(301, { location: '/new#x' }).end(),
      '/new': page('<p>New.'),
    })
    expect(await get(url)).toMatchObject({ kind: 'page', url: new URL(`${url}/new`), charset: 'utf-8', mediaType: 'text/html' })
  })

  test('redirects end', async () => {
    const { url, asked } = await serve({ '*': (request, response) => void response.writeHead(302, { location: `${request.url}x` }).end() })
    expect(await get(`${url}/a`)).toEqual({ kind: 'refused', reason: 'it redirects more than 5 times' })
    expect(asked).toHaveLength(7)
  })
})

describe('robots.txt', () => {
  test.each([
    ['User-agent: *\nDisallow: /docs/devel/', '/docs/devel/x.html', false],
    ['User-agent: *\nDisallow: /docs/devel/', '/docs/17/x.html', true],
    ['User-agent: *\nDisallow: /\n\nUser-agent: PGWitness\nAllow: /', '/x', true],
    ['User-agent: pgwitness\nDisallow: /a\nUser-agent: *\nDisallow: /\nUser-agent: pgwitness/1.0\nDisallow: /b', '/b', false],
    ['User-agent: a\nUser-agent: *\nDisallow: /x', '/x', false],
    ['user-agent : *\r\ndisallow : /x # why', '/x', false],
    ['User-agent: *\nDisallow: /a\nAllow: /a/b', '/a/b/c', true],
    ['User-agent: *\nAllow: /a\nDisallow: /a', '/a', true],
    ['User-agent: *\nDisallow:', '/x', true],
    ['User-agent: *\nDisallow: /*.pdf$', '/a/b.pdf', false],
    ['User-agent: *\nDisallow: /*.pdf$', '/a/b.pdf?x', true],
    ['User-agent: *\nDisallow: /a*b*c', '/a1b2c3', false],
    ['User-agent: *\nDisallow: /%61/%c3%bc', '/a/ü', false],
    ['User-agent: *\nDisallow: /a%2fb', '/a/b', true],
    ['Disallow: /', '/x', true],
    ['\ufeffUser-agent: *\nDisallow: /', '/robots.txt', true],
    ['<html>Not found</html>', '/x', true],
    [`User-agent: *\nDisallow: /${'*a'.repeat(900)}$`, `/${'a'.repeat(1800)}b`, true],
  ])('%j for %s: %s', (text, path, allowed) => {
    expect(readRobots(text, 'pgwitness').allows(path)).toBe(allowed)
  })

  test('what it forbids is not asked for, also behind a redirect', async () => {
    const { url, host, asked } = await serve({
      '/robots.txt': page('User-agent: *\nDisallow: /private', { 'content-type': 'text/plain' }),
      '/open': (_, response) => void response.writeHead(302, { location: '/private/x' }).end(),
    })
    const fetcher = fetcherOf(host)
    for (const path of ['/private/y', '/open']) {
      expect(await fetcher.fetch(url + path, { accept: ['text/html'] }, SIGNAL)).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining('robots.txt'),
      })
    }
    expect(asked).toEqual(['/robots.txt', '/open'])
  })

  test('when it cannot be read nothing is', async () => {
    const { url, asked } = await serve({ '/robots.txt': (_, response) => void response.writeHead(503).end(), '/': page('x') })
    await expect(get(url)).rejects.toThrow(ServiceError)
    expect(new Set(asked)).toEqual(new Set(['/robots.txt']))
  })
})

describe('servers that behave badly', () => {
  test('who we are is told, and what we take', async () => {
    const { url, requests } = await serve({ '/': page('<p>x') })
    await get(url)
    expect(requests[1]?.headers).toMatchObject({
      'user-agent': expect.stringMatching(/^pgwitness\/\d/),
      accept: 'text/html',
      'accept-encoding': 'gzip',
    })
    expect(requests[1]?.headers).not.toHaveProperty('cookie')
  })

  test.each<[string, Handler, string]>([
    ['another type', page('%PDF', { 'content-type': 'application/pdf' }), 'it is application/pdf, not text/html'],
    ['no type', (_, response) => void response.writeHead(200).end('x'), 'it is of no type, not text/html'],
    ['404', (_, response) => void response.writeHead(404, HTML).end('x'), 'the server answered with status 404'],
    ['304 that nobody asked for', (_, response) => void response.writeHead(304).end(), 'the server answered with status 304'],
    ['204', (_, response) => void response.writeHead(204).end(), 'the server answered with status 204'],
    [
      'a length over the limit',
      (_, response) => void response.writeHead(200, { ...HTML, 'content-length': '999999999999' }).write('x'),
      'it is longer than 100 kB',
    ],
    [
      'a body that never ends',
      (_, response) => {
        response.writeHead(200, HTML)
        const write = () => {
          while (!response.destroyed && response.write('x'.repeat(10_000)));
        }
        response.on('drain', write)
        write()
      },
      'it is longer than 100 kB',
    ],
    ['a bomb', page('', HTML), 'it is longer than 100 kB'],
    ['brotli', page('x', { ...HTML, 'content-encoding': 'br' }), 'it is packed in a way'],
    ['no gzip', page('this is not packed', { ...HTML, 'content-encoding': 'gzip' }), 'it cannot be unpacked'],
  ])('%s is refused', async (name, handler, reason) => {
    const bomb: Handler = (_, response) =>
      void response.writeHead(200, { ...HTML, 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000)))
    const { url } = await serve({ '/': name === 'a bomb' ? bomb : handler })
    expect(await get(url, { limits: { bytes: 100 * 1024 } })).toEqual({ kind: 'refused', reason: expect.stringContaining(reason) })
  })

  test('packed pages are unpacked', async () => {
    const { url } = await serve({
      '/': (_, response) => void response.writeHead(200, { ...HTML, 'content-encoding': 'gzip' }).end(gzipSync('<p>Hello')),
    })
    expect(await get(url)).toMatchObject({ kind: 'page', bytes: Buffer.from('<p>Hello') })
  })

  test('a body that drips for ever is given up', async () => {
    const { url } = await serve({
      '/': (_, response) => {
        response.writeHead(200, HTML)
        const timer = setInterval(() => response.write('x'), 20)
        response.on('close', () => clearInterval(timer))
      },
    })
    expect(await get(url, { limits: { totalMs: 300, idleMs: 250 } })).toEqual({ kind: 'refused', reason: 'it took longer than 0.3 s' })
  })

  test.each<[string, Handler]>([
    ['never answers', () => undefined],
    ['stops in the middle', (_, response) => void response.writeHead(200, { ...HTML, 'content-length': '100' }).write('x')],
    ['hangs up', (request) => void request.socket.destroy()],
    [
      'hangs up in the middle',
      (_, response) => {
        response.writeHead(200, { ...HTML, 'content-length': '100' }).write('x')
        setTimeout(() => response.destroy(), 20)
      },
    ],
    ['fails', (_, response) => void response.writeHead(500).end()],
  ])('a host that %s is asked four times, and then is a failure outside', async (_, handler) => {
    const { url, asked } = await serve({ '/': handler })
    await expect(get(url, { limits: { idleMs: 100 } })).rejects.toThrow(ServiceError)
    expect(asked.filter((path) => path === '/')).toHaveLength(4)
  })

  test('a host that talks no HTTP is a failure outside', async () => {
    const port = await listen(createTcpServer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n')))
    await expect(get(`http://${NAME}:${port}/`)).rejects.toThrow(ServiceError)
  })

  test('a host that cannot show that it is who it says is not believed', async () => {
    const certificate = { key: readFileSync(certificateFile('engine.key')), cert: readFileSync(certificateFile('engine.pem')) }
    let asked = 0
    const server = createHttpsServer(certificate, (_, response) => {
      asked++
      response.writeHead(200, HTML).end('<p>x')
    })
    const port = await listen(server)
    await expect(get(`https://${NAME}:${port}/`)).rejects.toThrow(/certificate/)
    expect(asked).toBe(0)
  })

  test('a name that does not resolve is a failure outside', async () => {
    const network = { ...HERE, resolve: () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })) }
    await expect(get(`http://${NAME}/`, { network })).rejects.toThrow(/ENOTFOUND/)
  })

  test('who is busy is asked again as late as it wants', async () => {
    let turn = 0
    const times: number[] = []
    const { url } = await serve({
      '/': (request, response) => {
        times.push(performance.now())
        if (turn++ === 0) response.writeHead(429, { 'retry-after': '1' }).end()
        else page('<p>x')(request, response)
      },
    })
    expect(await get(url)).toMatchObject({ kind: 'page' })
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(900)
  })

  test('who wants us much later is told to whoever asked', async () => {
    const later = new Date(Date.now() + 3_600_000).toUTCString()
    const { url } = await serve({ '/': (_, response) => void response.writeHead(503, { 'retry-after': later }).end() })
    const error = await get(url).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ServiceError)
    expect((error as ServiceError).retryAfterMs).toBeGreaterThan(3_000_000)
  })

  test('whoever stops it is not kept waiting', async () => {
    const { url, host } = await serve({ '/': () => undefined })
    const stop = new AbortController()
    const fetching = fetcherOf(host).fetch(url, { accept: ['text/html'] }, stop.signal)
    setTimeout(() => stop.abort(), 100)
    await expect(fetching).rejects.toThrow(/abort/i)
  })
})

describe('manners', () => {
  test('one request at a time to a host, with a pause', async () => {
    let open = 0
    let most = 0
    const ends: number[] = []
    const starts: number[] = []
    const { url, host } = await serve({
      '*': (_, response) => {
        starts.push(performance.now())
        most = Math.max(most, ++open)
        setTimeout(() => {
          open--
          ends.push(performance.now())
          response.writeHead(200, HTML).end('<p>x')
        }, 20)
      },
    })
    const fetcher = openFetcher({ hosts: [host], plainHosts: [host], pauseMs: 50, network: HERE })
    await Promise.all(['/a', '/b', '/c'].map((path) => fetcher.fetch(url + path, { accept: ['text/html'] }, SIGNAL)))
    expect(most).toBe(1)
    for (const [at, start] of starts.slice(1).entries()) expect(start - (ends[at] ?? 0)).toBeGreaterThan(40)
  })

  test.each([
    ['an ETag', { etag: 'W/"a1"' }, 'if-none-match', 'W/"a1"'],
    ['a date', { 'last-modified': 'Mon, 05 Jan 2026 10:00:00 GMT' }, 'if-modified-since', 'Mon, 05 Jan 2026 10:00:00 GMT'],
  ])('a page that did not change is not sent again, by %s', async (_, validators, header, value) => {
    const { url, requests } = await serve({
      '/': (request, response) => {
        if (request.headers[header] === value) response.writeHead(304).end()
        else response.writeHead(200, { ...HTML, ...validators }).end('<p>x')
      },
    })
    const first = await get(url)
    const revision = first.kind === 'page' ? first.revision : ''
    expect(await get(url, { revision })).toEqual({ kind: 'unchanged' })
    expect(requests.at(-1)?.headers[header]).toBe(value)
    expect(await get(url, { revision: `${revision}x` })).toMatchObject({ kind: 'page' })
  })

  test('without a word from the server the contents tell', async () => {
    let text = '<p>x'
    const { url } = await serve({ '/': (_, response) => void response.writeHead(200, { ...HTML, etag: 'not quoted' }).end(text) })
    const first = await get(url)
    const revision = first.kind === 'page' ? first.revision : ''
    expect(await get(url, { revision })).toEqual({ kind: 'unchanged' })
    text = '<p>y'
    expect(await get(url, { revision })).toMatchObject({ kind: 'page' })
  })
})

describe('web pages', () => {
  async function read(
    urls: string[],
    { hosts = urls.map((url) => new URL(url).host), known = new Map<string, string>() } = {},
  ): Promise<SourceItem[]> {
    const declaration = { type: 'web-page' as const, name: 'pages', urls, hosts, author: 'Ada Example' }
    const fetcher = openFetcher({ hosts, plainHosts: hosts, pauseMs: 1, backoffMs: 1, network: HERE })
    const items: SourceItem[] = []
    for await (const item of webPageSource(declaration, fetcher).read(known, { signal: SIGNAL, progress() {} })) items.push(item)
    return items
  }

  test('become documents; what fails keeps no other from being read', async () => {
    const { url } = await serve({
      '/a': page(
        '<html><head><title>Locks</title></head><body><h1>Locks</h1><p>They wait.</p><h2 id="n">Notes</h2><p>Long.</p></body></html>',
        { ...HTML, etag: '"1"' },
      ),
      '/b': (request) => void request.socket.destroy(),
      '/c.md': page('# Title\n\nText.', { 'content-type': 'text/markdown' }),
      '/d': page('caf\xe9', { 'content-type': 'text/html; charset=iso-8859-1' }),
      '/e': page('<p>x', { 'content-type': 'image/png' }),
    })
    const urls = ['/a', '/a#n', '/b', '/c.md', '/d', '/e'].map((path) => url + path)
    const items = await read(urls)
    expect(items.map((item) => item.kind)).toEqual(['document', 'failed', 'document', 'document', 'failed'])
    const [first] = items
    expect(first).toMatchObject({
      document: {
        key: `${url}/a`,
        url: `${url}/a`,
        title: 'Locks',
        author: 'Ada Example',
        trust: 'unknown',
        blocks: [{ text: 'They wait.' }, { breadcrumb: ['Notes'], anchor: 'n' }],
      },
    })
    const known = new Map(items.flatMap((item) => (item.kind === 'document' ? [[item.document.key, item.document.revision] as const] : [])))
    expect((await read([`${url}/a`], { known })).map((item) => item.kind)).toEqual(['unchanged'])
  })

  test('what is shipped asks no address of this machine', async () => {
    const { host, asked } = await serve({ '/': page('secret') })
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) {
      const each = `http://${name}:${host.split(':')[1]}/`
      const source = webPageSource({ type: 'web-page', name: 'pages', urls: [each], hosts: [new URL(each).host] })
      const items: SourceItem[] = []
      const stop = AbortSignal.timeout(5000)
      try {
        for await (const item of source.read(new Map(), { signal: stop, progress() {} })) items.push(item)
      } catch (error) {
        if (!stop.aborted) throw error
      }
      expect(items.filter((item) => item.kind === 'document')).toEqual([])
    }
    expect(asked).toEqual([])
  })

  test('an address that is none is a mistake of the reader', () => {
    expect(() => webPageSource({ type: 'web-page', name: 'pages', urls: ['mailto:a@example.org'], hosts: [NAME] })).toThrow(UserError)
  })
})

describe('the manual', () => {
  const contents = (entries: Array<[kind: string, file: string]>) =>
    `<div class="toc"><dl class="toc">${entries.map(([kind, file]) => `<dt><span class="${kind}"><a href="${file}">x</a></span></dt>`).join('')}</dl></div>`
  const html = (body: string) =>
    `<html><head><title>PostgreSQL 17.2 Documentation</title></head><body><div id="docContent">${body}</div></body></html>`
  const PAGES: Record<string, string> = {
    'index.html': contents([
      ['chapter', 'mvcc.html'],
      ['reference', 'sql-commands.html'],
      ['appendix', 'release.html'],
      ['index', 'bookindex.html'],
      ['chapter', '../16/other.html'],
      ['chapter', 'https://example.com/x.html'],
    ]),
    'mvcc.html': `<h2>Chapter 13. Concurrency Control</h2>${contents([
      ['sect1', 'mvcc-intro.html'],
      ['sect1', 'explicit-locking.html#LOCKS'],
      ['sect1', 'gone.html'],
    ])}`,
    'mvcc-intro.html': '<h2>13.1. Introduction</h2><p>Reading never blocks writing.</p>',
    'explicit-locking.html': '<h2>13.3. Explicit Locking</h2><p>Lock modes.</p>',
    'sql-commands.html': contents([['refentrytitle', 'sql-lock.html']]),
    'sql-lock.html': '<h2>LOCK</h2><p>Locks a table.</p>',
    'release.html': `<h2>Appendix E. Release Notes</h2><p>All.</p>${contents([['sect1', 'release-17-2.html']])}`,
    'release-17-2.html': '<h2>E.1. Release 17.2</h2><p>Release date: 2024-11-21</p>',
  }

  async function site(cutOffAfter = Number.POSITIVE_INFINITY) {
    let answered = 0
    const server = await serve({
      '/robots.txt': page('User-agent: *\nDisallow: /docs/devel/\nDisallow: /list/', { 'content-type': 'text/plain' }),
      '*': (request, response) => {
        const body = PAGES[request.url?.replace('/docs/17/', '') ?? '']
        if (answered++ >= cutOffAfter) return void response.writeHead(503, { 'retry-after': '100000' }).end()
        if (body === undefined) return void response.writeHead(404).end()
        const etag = `"${body.length}"`
        if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
        else response.writeHead(200, { ...HTML, etag }).end(html(body))
      },
    })
    const source = (type: 'manual' | 'release-notes' = 'manual', postgres = 17) =>
      crawledManualSource({ type, postgres }, { fetcher: fetcherOf(server.host), site: server.url })
    return { ...server, source, mend: () => (answered = Number.NEGATIVE_INFINITY) }
  }

  async function read(source: ReturnType<typeof crawledManualSource>, known = new Map<string, string>()): Promise<SourceItem[]> {
    const items: SourceItem[] = []
    try {
      for await (const item of source.read(known, { signal: SIGNAL, progress() {} })) {
        items.push(item)
        if (item.kind === 'document') known.set(item.document.key, item.document.revision)
      }
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
    }
    return items
  }
  const keyOf = (item: SourceItem) => `${item.kind} ${item.kind === 'document' ? item.document.key : item.key}`

  test('is crawled by its contents, as the folder has it', async () => {
    const { source, asked } = await site()
    const items = await read(source())
    expect(items.map(keyOf)).toEqual([
      'document mvcc.html',
      'document sql-commands.html',
      'document release.html',
      'document mvcc-intro.html',
      'document explicit-locking.html',
      'failed gone.html',
      'document sql-lock.html',
    ])
    expect(items[4]).toMatchObject({
      document: { url: 'https://www.postgresql.org/docs/17/explicit-locking.html', title: 'Explicit Locking', trust: 'high' },
    })
    expect(asked.filter((path) => !/^\/(robots\.txt|docs\/17\/[\w-]+\.html)$/.test(path))).toEqual([])
    expect(new Set(asked).size).toBe(asked.length)
  })

  test('costs answers without a body when nothing changed, but for the contents', async () => {
    const { source } = await site()
    const known = new Map<string, string>()
    await read(source(), known)
    const items = await read(source(), known)
    expect(new Set(items.map((item) => item.kind))).toEqual(new Set(['unchanged', 'failed']))
    expect(items).toHaveLength(7)
  })

  test.each([1, 2, 4, 5, 6])('goes on where it was cut off after %s answers', async (answers) => {
    const { source, mend } = await site(answers)
    const known = new Map<string, string>()
    const before = await read(source(), known)
    expect(before.length).toBeLessThan(7)
    mend()
    const after = await read(source(), known)
    expect(after).toHaveLength(7)
    expect(after.slice(0, before.length).map(({ kind }) => kind)).toEqual(
      before.map(({ kind }) => (kind === 'document' ? 'unchanged' : kind)),
    )
    expect([...known.keys()].sort()).toEqual(
      Object.keys(PAGES)
        .filter((file) => file !== 'index.html' && file !== 'release-17-2.html')
        .sort(),
    )
  })

  test('release notes are asked for alone', async () => {
    const { source, asked } = await site()
    expect((await read(source('release-notes'))).map(keyOf)).toEqual(['document release-17-2.html'])
    expect(asked).toEqual(['/robots.txt', '/docs/17/index.html', '/docs/17/release.html', '/docs/17/release-17-2.html'])
  })

  test('a page its server fails to give keeps no other from being read', async () => {
    const { host, url } = await serve({
      '/docs/17/mvcc-intro.html': (_, response) => void response.writeHead(500).end(),
      '*': (request, response) => page(html(PAGES[request.url?.replace('/docs/17/', '') ?? ''] ?? ''))(request, response),
    })
    const source = crawledManualSource({ type: 'manual', postgres: 17 }, { fetcher: fetcherOf(host), site: url })
    expect((await read(source)).map(keyOf)).toContain('failed mvcc-intro.html')
    expect((await read(source)).map(keyOf)).toContain('document sql-lock.html')
  })

  test('when a part of the contents is lost the crawl ends in a failure, so that no page is taken for gone', async () => {
    const { host, url } = await serve({
      '/docs/17/mvcc.html': (_, response) => void response.writeHead(404).end(),
      '*': (request, response) => page(html(PAGES[request.url?.replace('/docs/17/', '') ?? ''] ?? ''))(request, response),
    })
    const source = crawledManualSource({ type: 'manual', postgres: 17 }, { fetcher: fetcherOf(host), site: url })
    const keys: string[] = []
    const reading = (async () => {
      for await (const item of source.read(new Map(), { signal: SIGNAL, progress() {} })) keys.push(keyOf(item))
    })()
    await expect(reading).rejects.toThrow(ServiceError)
    expect(keys).toContain('document sql-lock.html')
  })

  test.each([
    ['/docs/current/mvcc.html', 'it leads to /docs/current/mvcc.html, which is not of this manual'],
    ['/docs/devel/mvcc.html', 'does not allow /docs/devel/mvcc.html'],
  ])('a page that moved to %s is not of this version', async (location, reason) => {
    const { host, url } = await serve({
      '/robots.txt': page('User-agent: *\nDisallow: /docs/devel/', { 'content-type': 'text/plain' }),
      '/docs/17/index.html': page(html(contents([['chapter', 'mvcc.html']]))),
      '/docs/17/mvcc.html': (_, response) => void response.writeHead(301, { location }).end(),
      '*': page(html('<p>Of another version.</p>')),
    })
    const source = crawledManualSource({ type: 'manual', postgres: 17 }, { fetcher: fetcherOf(host), site: url })
    expect(await read(source)).toEqual([{ kind: 'failed', key: 'mvcc.html', reason: expect.stringContaining(reason) }])
  })

  test('a version there is no manual of is a mistake of the reader', async () => {
    const { source } = await site()
    await expect(read(source('manual', 29))).rejects.toThrow(UserError)
  })

  test.skipIf(!hasManual)("of Debian's package every page is found", async () => {
    const { host, url, asked } = await serve({
      '*': (request, response) => {
        const file = join(MANUAL, request.url?.replace('/docs/15/', '') ?? '')
        if (!existsSync(file)) response.writeHead(404).end()
        else if (request.headers['if-none-match'] === '"x"') response.writeHead(304).end()
        else response.writeHead(200, { ...HTML, etag: '"x"' }).end(readFileSync(file))
      },
    })
    const fetcher = openFetcher({ hosts: [host], plainHosts: [host], pauseMs: 0, network: HERE })
    const source = crawledManualSource({ type: 'manual', postgres: 15 }, { fetcher, site: url })
    for await (const item of source.read(new Map(), { signal: SIGNAL, progress() {} }))
      if (item.kind === 'failed') throw new Error(item.reason)
    const files = readdirSync(MANUAL).filter((file) => isManualPage(file))
    expect(files.filter((file) => !asked.includes(`/docs/15/${file}`))).toEqual([])
  })
})
