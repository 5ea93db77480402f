import type { IncomingMessage } from 'node:http'

/** GitHub sends at most 25 MB; what is larger than this is no event of ours. */
const MAX_BODY_BYTES = 25 * 1024 * 1024
/** A sender that takes longer is gone, or wants to keep us busy. */
const BODY_MS = 15_000

/** Why a body was not read, as an HTTP status. */
export class BadBody extends Error {
  override name = 'BadBody'
  readonly status: 400 | 408 | 413
  constructor(status: 400 | 408 | 413, message: string) {
    super(message)
    this.status = status
  }
}

/** The bytes as they came: signatures are of these. Stops reading at the limit. A BadBody when it is too large, too slow or cut off. */
export function readBody(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > maxBytes) return Promise.reject(new BadBody(413, 'The body is too large.'))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const end = (error: BadBody): void => {
      clearTimeout(timer)
      request.off('data', receive)
      chunks.length = 0
      reject(error)
    }
    const timer = setTimeout(() => end(new BadBody(408, 'The body took too long.')), BODY_MS)
    const receive = (chunk: Buffer): void => {
      size += chunk.length
      if (size > maxBytes) end(new BadBody(413, 'The body is too large.'))
      else chunks.push(chunk)
    }
    request.on('data', receive)
    request.once('end', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
    request.once('aborted', () => end(new BadBody(400, 'The body was cut off.')))
    request.once('error', () => end(new BadBody(400, 'The body was cut off.')))
  })
}
