import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BadBody, readBody } from './body.ts'
import { type Intake, receiveWebhook, type WebhookSource } from './webhooks.ts'

export interface WebOptions {
  /** By path: `/api/github/webhooks`. */
  webhooks: ReadonlyMap<string, WebhookSource>
  intake: Intake
  /** Whether there is work that this process can take or hand on: storage answers, and it is not stopping. */
  isReady(): Promise<boolean>
  metrics(): Promise<{ type: string; text: string }>
}

/** Node's own limits against senders that are slow on purpose. */
const HEADERS_MS = 10_000
const REQUEST_MS = 20_000
/** How long a sender that was refused gets to hear of it. */
const LINGER_MS = 1_000
const MAX_HEADER_BYTES = 32 * 1024

/** The service's HTTP side. Everything not named here is 404. */
export function newWebServer(options: WebOptions): Server {
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS },
    (request, response) => {
      answer(request, response, options).catch((error: unknown) => {
        options.intake.log({ error: error instanceof Error ? error.message : 'unknown' }, 'request failed')
        // The forge sends it again.
        if (!response.headersSent) send(response, 503, 'Try again later.')
        else response.destroy()
      })
    },
  )
  return server
}

async function answer(request: IncomingMessage, response: ServerResponse, options: WebOptions): Promise<void> {
  // Not as an address: `//` is none.
  const [pathname = '/'] = (request.url ?? '/').split('?')
  const source = options.webhooks.get(pathname)
  if (source) return await webhook(request, response, source, options)
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 404, 'There is nothing here.')
  if (pathname === '/healthz') return send(response, 200, 'ok')
  if (pathname === '/readyz') return (await options.isReady()) ? send(response, 200, 'ok') : send(response, 503, 'not ready')
  if (pathname === '/metrics') {
    const { type, text } = await options.metrics()
    return send(response, 200, text, type)
  }
  send(response, 404, 'There is nothing here.')
}

async function webhook(request: IncomingMessage, response: ServerResponse, source: WebhookSource, { intake }: WebOptions): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST')
    return send(response, 405, 'Send webhooks by POST.')
  }
  try {
    const { status, text } = await receiveWebhook(source, request.headers, await readBody(request), intake)
    send(response, status, text)
  } catch (error) {
    if (!(error instanceof BadBody)) throw error
    intake.count(source.forge, 'malformed')
    response.setHeader('connection', 'close')
    send(response, error.status, error.message)
    // What is left is let go for a moment: a connection that is cut at once takes the answer with it.
    request.resume()
    setTimeout(() => request.destroy(), LINGER_MS).unref()
  }
}

function send(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
  response.end(`${text}\n`)
}
