import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { MergeRequestRef } from '../forges/forge.ts'
import { newActors } from './github/actors.ts'
import { answerRequest } from './github/answer.ts'
import { controlsOf, type GithubControls, peopleOf } from './github/controls.ts'
import type { GithubWebhookKind } from './github/hook-payloads.ts'
import { closeOrOpen, findPull } from './github/people.ts'
import { newPull } from './github/pulls.ts'
import { errorBody } from './github/refusal.ts'
import { newShapes } from './github/shapes.ts'
import { type Installation, newState, type State } from './github/state.ts'
import { makeWebhook } from './github/webhooks.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import type { StubForge, StubWebhook, WebhookDetails } from './stub-forge.ts'
import { startStubServer } from './stub-server.ts'

export interface StubGithub extends StubForge, GithubControls {
  readonly name: 'github'
  readonly credentials: GithubCredentials
  /** Login of the app's own account is this with `[bot]`. */
  readonly slug: string
  webhook(kind: GithubWebhookKind, ref: MergeRequestRef, details?: WebhookDetails): StubWebhook
  /** The installation tokens given out count no more. */
  expireTokens(): void
}

interface GithubCredentials {
  appId: number
  clientId: string
  /** PEM, PKCS #1 as GitHub makes them. A secret, like all below. */
  privateKey: string
  webhookSecret: string
  /** Of the account `ci-robot`. Check runs are not for it. */
  token: string
  /** GITHUB_TOKEN of a workflow: the account is `github-actions[bot]`. */
  actionsToken: string
}

interface StubGithubOptions {
  /** What the app was granted. */
  permissions?: Record<string, string>
  slug?: string
}

/** Reading contents is enough for all but resolving threads, for which GitHub demands writing. */
const PERMISSIONS = { metadata: 'read', contents: 'write', pull_requests: 'write', issues: 'write', checks: 'write', statuses: 'write' }

/** The secondary limit on writing: it says when to come back. */
export function secondaryLimit(seconds: number): Misbehaviour {
  const message = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.'
  return { status: 403, headers: { 'retry-after': String(seconds) }, body: errorBody(403, message) }
}

/** The limit of requests an hour: no Retry-After, but when the hour is over. */
export function primaryLimit(resetMs: number): Misbehaviour {
  const headers = { 'x-ratelimit-limit': '5000', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.ceil(resetMs / 1000)) }
  return { status: 403, headers, body: errorBody(403, 'API rate limit exceeded for installation ID 4300000021.') }
}

/** A GitHub that keeps state, serves git, and is strict: requests and its own answers are held against GitHub's description. */
export async function startStubGithub({ permissions = PERMISSIONS, slug = 'pgwitness' }: StubGithubOptions = {}): Promise<StubGithub> {
  const { credentials, publicKey } = newCredentials()
  const state = newState(slug)
  const violations: string[] = []
  const actors = newActors({ state, key: publicKey, ...credentials })
  const app = { id: credentials.appId, slug, clientId: credentials.clientId }
  const server = await startStubServer({
    answer: (request) => answerRequest({ state, actors, request, url, app, shapes, violations }),
    errorBody,
    onMistake: (text) => void violations.push(`stub: ${text}`),
    faults: [secondaryLimit(1)],
  })
  const { url, requests, misbehave, random } = server
  const shapes = newShapes({ url, app }, state)
  return {
    name: 'github',
    ...{ url, slug, credentials, requests, violations, misbehave, random },
    ...peopleOf(state),
    ...controlsOf(state),
    addMergeRequest: inTurn((options) => newPull(state, options, (owner) => installationOf(state, owner, permissions))),
    webhook(kind, ref, details) {
      const pull = findPull(state, ref)
      closeOrOpen(pull, kind)
      return makeWebhook({ state, shapes, secret: credentials.webhookSecret, appId: app.id }, kind, pull, details)
    },
    expireTokens: actors.expire,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      for (const { git } of state.repositories) await git[Symbol.asyncDispose]()
    },
  }
}

const RSA = {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
} as const
/** One for all stubs of a process: a key takes longer to make than all the rest. */
let keys: { privateKey: string; publicKey: string } | undefined

function newCredentials(): { credentials: GithubCredentials; publicKey: string } {
  keys ??= generateKeyPairSync('rsa', RSA)
  const { privateKey, publicKey } = keys
  const secret = (prefix: string): string => `${prefix}${randomBytes(18).toString('hex')}`
  const credentials = {
    appId: 1_234_567,
    clientId: 'Iv23liStubStubStub00',
    privateKey,
    webhookSecret: secret('whs_'),
    token: secret('ghp_'),
    actionsToken: secret('ghs_'),
  }
  return { credentials, publicKey }
}

/** One after the other: they are numbered. */
function inTurn<Options, Made>(make: (options: Options) => Promise<Made>): (options: Options) => Promise<Made> {
  let last: Promise<unknown> = Promise.resolve()
  return (options) => {
    const made = last.then(() => make(options))
    last = made.catch(() => {})
    return made
  }
}

/** One for each owner of repositories. */
function installationOf(state: State, login: string, permissions: Record<string, string>): Installation {
  const owner = state.account(login, 'Organization')
  const known = state.installations.find((one) => one.owner === owner)
  if (known) return known
  const made: Installation = { id: state.nextId(), owner, isSuspended: false, permissions }
  state.installations.push(made)
  return made
}
