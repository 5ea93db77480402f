import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { UserError } from '../../errors.ts'

/** How far the clocks of GitLab and ours may be apart, either way. */
const WINDOW_MS = 5 * 60 * 1000
const MIN_KEY_BYTES = 16

/** `whsec_` and the key in base64, as GitLab shows a signing token when it is made. */
export function readSigningToken(token: string): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(token.trim())?.[1]
  const key = Buffer.from(encoded ?? '', 'base64')
  if (key.length >= MIN_KEY_BYTES) return key
  throw new UserError(
    'PGWITNESS_GITLAB_SIGNING_TOKEN is not a signing token: copy it from the webhook in GitLab, with the whsec_ it starts with.',
  )
}

/** Secret tokens come as they are, so they are compared by their hashes, which have one length. All are looked at, whichever is right. */
export function hasSecretToken(headers: IncomingHttpHeaders, secrets: readonly string[]): boolean {
  const sent = headers['x-gitlab-token']
  if (typeof sent !== 'string' || sent === '') return false
  return secrets.map((secret) => timingSafeEqual(hashOf(sent), hashOf(secret))).includes(true)
}

/** Standard Webhooks: https://www.standardwebhooks.com. Several signatures and several keys while either is changed; any pair may match. */
export function hasSignature(headers: IncomingHttpHeaders, body: Buffer, keys: readonly Buffer[], now: Date): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': sentAt, 'webhook-signature': signatures } = headers
  if (typeof id !== 'string' || id === '' || typeof sentAt !== 'string' || typeof signatures !== 'string') return false
  if (!/^\d{1,12}$/.test(sentAt) || Math.abs(now.getTime() - Number(sentAt) * 1000) > WINDOW_MS) return false
  const right = keys.map((key) => createHmac('sha256', key).update(`${id}.${sentAt}.`).update(body).digest())
  const sent = signatures.split(' ').flatMap((one) => {
    const signature = Buffer.from(/^v1,([A-Za-z0-9+/]+={0,2})$/.exec(one)?.[1] ?? '', 'base64')
    return signature.length === 32 ? [signature] : []
  })
  return right.flatMap((one) => sent.map((other) => timingSafeEqual(one, other))).includes(true)
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
