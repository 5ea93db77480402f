import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { ServiceError, UserError } from '../../errors.ts'

/** How an engine is reached. */
export interface EngineAddress {
  /** With its path: `https://dblab.example.com:2346/api`. */
  url: string
  token: string | undefined
  /** Text of the certificate authority. */
  ca?: string | undefined
  insecure?: boolean | undefined
  /** How long one answer may take, to its last byte. */
  requestMs?: number | undefined
}

export interface Answer {
  code: number
  text: string
}

interface Request {
  method: string
  path: string
  body: object | undefined
}

const REQUEST_MS = 30_000
const MAX_BODY_BYTES = 32 * 1024 ** 2
export const SERVICE = 'DBLab Engine'

/** The address of an engine's API, without the slash at its end. */
export function readEngineUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text.replace(/\/+$/, '')) : undefined
  if (url && /^https?:$/.test(url.protocol)) return url
  throw new UserError('dblab.engines[].url is no address of an engine: https://dblab.example.com:2346/api.')
}

/** Sends it and waits for the whole answer. An answer that does not come, or not as a whole, is a ServiceError; a certificate that is not accepted a UserError. */
export async function sendRequest(base: URL, address: EngineAddress, request: Request, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted()
  const { token, ca, insecure, requestMs = REQUEST_MS } = address
  const payload = request.body === undefined ? undefined : JSON.stringify(request.body)
  const options = {
    protocol: base.protocol,
    hostname: plainHost(base),
    port: base.port,
    path: `${base.pathname.replace(/\/$/, '')}${request.path}`,
    method: request.method,
    headers: {
      accept: 'application/json',
      ...(token !== undefined && { 'verification-token': token.trim() }),
      ...(payload !== undefined && { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) }),
    },
    signal,
    ...(ca !== undefined && { ca }),
    ...(insecure && { rejectUnauthorized: false }),
  }
  return await new Promise<Answer>((resolve, reject) => {
    // What we gave up for is told, and not that the connection is then cut.
    let why: Error | undefined
    let text: string | undefined
    const fail = (error: Error): void => reject(signal.aborted ? signal.reason : (why ?? failureOf(error, base, text !== undefined)))
    const giveUp = (reason: string): void => {
      why = new ServiceError(SERVICE, `${base.host} ${reason}`)
      sent.destroy(why)
    }
    const late = setTimeout(
      () => giveUp(`${text === undefined ? 'did not answer' : 'did not end its answer'} within ${requestMs / 1000} s`),
      requestMs,
    )
    const sent = (base.protocol === 'https:' ? httpsRequest : httpRequest)(options, (response) => {
      text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
        if ((text?.length ?? 0) > MAX_BODY_BYTES) giveUp('answers more than 32 MB')
      })
      response.on('end', () => (response.complete ? resolve({ code: response.statusCode ?? 0, text: text ?? '' }) : undefined))
      response.on('error', fail)
      response.on('close', () => fail(new Error('closed')))
    })
    sent.on('close', () => clearTimeout(late))
    sent.on('error', fail)
    sent.end(payload)
  })
}

/** Of the certificate itself; a new authority would not help. */
const DATED = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/
const UNTRUSTED = /^(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|^UNABLE_TO_|^CERT_|^INVALID_(?:CA|PURPOSE)$/

function failureOf(error: NodeJS.ErrnoException, { host }: URL, begun: boolean): Error {
  const code = error.code ?? ''
  const refused = `The certificate of DBLab Engine at ${host} is not accepted: ${error.message}.`
  if (DATED.test(code)) return new UserError(`${refused} It has to be renewed.`)
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return new UserError(`${refused} Name a host that it is for in dblab.engines[].url.`)
  if (UNTRUSTED.test(code)) return new UserError(`${refused} Name the file with its certificate authority in dblab.engines[].caFile.`)
  if (/wrong version number/i.test(error.message))
    return new UserError(`DBLab Engine at ${host} does not speak TLS: does dblab.engines[].url begin with http://?`)
  return new ServiceError(
    SERVICE,
    begun ? `${host} cut the connection in the middle of its answer` : `${host} cannot be reached: ${error.message}`,
    { cause: error },
  )
}

/** URLs write IPv6 addresses in brackets, and nothing else does. */
export function plainHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}
