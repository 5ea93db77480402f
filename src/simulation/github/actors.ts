import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { tokenOfHeader } from '../git-http.ts'
import { Refusal } from './refusal.ts'
import type { Account, Installation, State, StubRepository } from './state.ts'

/** Who asks, and what they may. */
export type Actor =
  | { kind: 'app' }
  | {
      kind: 'installation'
      account: Account
      isOfApp: boolean
      installation: Installation
      permissions: Record<string, string>
      only?: number[]
    }
  | { kind: 'user'; account: Account }

export interface Actors {
  /** Throws a Refusal when the header does not count; undefined when there is none. */
  read(authorization: string | undefined): Actor | undefined
  /** A token that counts for an hour. */
  issue(installation: Installation, permissions: Record<string, string>, only?: number[]): { token: string; expiresAt: string }
  /** All installation tokens that were given out count no more. */
  expire(): void
}

interface ActorsOptions {
  state: State
  appId: number
  clientId: string
  /** PEM; the public half is enough. */
  key: string
  /** Of a person or a machine's account. */
  token: string
  /** What a workflow gets as GITHUB_TOKEN. */
  actionsToken: string
}

const TOKEN_MS = 3_600_000
/** A JWT of an app counts for ten minutes at most; clocks differ a little. */
const MAX_JWT_S = 600
const SKEW_S = 60

export function newActors({ state, appId, clientId, key, token, actionsToken }: ActorsOptions): Actors {
  const publicKey = createPublicKey(key)
  let issued = new Map<string, { actor: Actor; expiresMs: number }>()
  return {
    read(authorization) {
      if (authorization === undefined) return undefined
      const given = tokenOfHeader(authorization)
      if (given === undefined) throw new Refusal(401, 'Bad credentials')
      if (given === token) return { kind: 'user', account: state.account('ci-robot') }
      const first = state.installations[0]
      if (given === actionsToken && first) {
        const account = state.account('github-actions[bot]')
        return {
          kind: 'installation',
          account,
          isOfApp: false,
          installation: { ...first, isSuspended: false },
          // The usual of a workflow that may comment.
          permissions: { ...first.permissions, contents: 'read' },
        }
      }
      const known = issued.get(given)
      if (known && known.expiresMs > Date.now()) return known.actor
      if (given.split('.').length !== 3) throw new Refusal(401, 'Bad credentials')
      checkJwt(given, [String(appId), clientId], (data, signature) => verify('RSA-SHA256', data, publicKey, signature))
      return { kind: 'app' }
    },
    issue(installation, permissions, only) {
      const made = `ghs_${randomBytes(18).toString('hex')}`
      const expiresMs = Date.now() + TOKEN_MS
      const actor: Actor = { kind: 'installation', account: state.bot, isOfApp: true, installation, permissions, ...(only ? { only } : {}) }
      issued.set(made, { actor, expiresMs })
      return { token: made, expiresAt: new Date(expiresMs).toISOString().replace(/\.\d+/, '') }
    },
    expire() {
      issued = new Map()
    },
  }
}

function checkJwt(jwt: string, issuers: string[], isRight: (data: Buffer, signature: Buffer) => boolean): void {
  const [header = '', payload = '', signature = ''] = jwt.split('.')
  const refused = (message: string): Refusal => new Refusal(401, message)
  const { alg } = readPart(header) ?? {}
  const claims = readPart(payload)
  if (alg !== 'RS256' || !claims || !isRight(Buffer.from(`${header}.${payload}`), Buffer.from(signature, 'base64url')))
    throw refused('A JSON web token could not be decoded')
  const nowS = Date.now() / 1000
  const { iat, exp, iss } = claims
  if (!Number.isInteger(iat) || (iat as number) > nowS + SKEW_S)
    throw refused("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
  if (!Number.isInteger(exp) || (exp as number) < nowS)
    throw refused("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
  if ((exp as number) > nowS + MAX_JWT_S + SKEW_S) throw refused("'Expiration time' claim ('exp') is too far in the future")
  if (!issuers.includes(String(iss))) throw refused('Integration not found')
}

function readPart(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString())
  } catch {
    return undefined
  }
}

/** Whether a repository is there for somebody: GitHub says 404 about those they may not see. */
export function maySee(actor: Actor | undefined, repository: StubRepository): boolean {
  if (!actor || repository.isHidden || actor.kind === 'app') return false
  if (actor.kind === 'user') return true
  const isOwn = actor.installation.owner === repository.owner || !actor.isOfApp
  return isOwn && (actor.only === undefined || actor.only.includes(repository.id))
}
