import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { MergeRequestRef } from '../forges/forge.ts'
import { newActors } from './github/actors.ts'
import { answerRequest } from './github/answer.ts'
import { closeOrOpen, commentAs, findPull, findThread, stateOf } from './github/people.ts'
import { newPull, pushTo } from './github/pulls.ts'
import { errorBody } from './github/refusal.ts'
import { newShapes } from './github/shapes.ts'
import { type Installation, newState, type State } from './github/state.ts'
import { makeWebhook } from './github/webhooks.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import type { StubForge } from './stub-forge.ts'
import { startStubServer } from './stub-server.ts'

export interface StubGithub extends StubForge {
  readonly name: 'github'
  readonly credentials: GithubCredentials
  /** Login of the app's own account is this with `[bot]`. */
  readonly slug: string
  /** An organisation's owner suspends the app, or lets it work again. */
  suspend(ref: MergeRequestRef, isSuspended?: boolean): void
  /** The installation tokens given out count no more. */
  expireTokens(): void
  /** The repository gets another name; the old one leads there. */
  rename(ref: MergeRequestRef, repository: string): void
  lock(ref: MergeRequestRef): void
  deleteFork(ref: MergeRequestRef): void
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

/** What only GitHub does. */
const FAULTS: Misbehaviour[] = [secondaryLimit(1)]

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
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const secret = (prefix: string): string => `${prefix}${randomBytes(18).toString('hex')}`
  const credentials: GithubCredentials = {
    appId: 1_234_567,
    clientId: 'Iv23liStubStubStub00',
    privateKey,
    webhookSecret: secret('whs_'),
    token: secret('ghp_'),
    actionsToken: secret('ghs_'),
  }
  const state = newState(slug)
  const violations: string[] = []
  const actors = newActors({ state, key: publicKey, ...credentials })
  const app = { id: credentials.appId, slug, clientId: credentials.clientId }
  const server = await startStubServer({
    answer: (request) => answerRequest({ state, actors, request, url: server.url, app, shapes, violations }),
    errorBody,
    onMistake: (text) => violations.push(`stub: ${text}`),
    faults: FAULTS,
  })
  const { url } = server
  const shapes = newShapes(url, app)
  const pullOf = (ref: MergeRequestRef) => findPull(state, ref)
  return {
    name: 'github',
    url,
    slug,
    credentials,
    requests: server.requests,
    violations,
    misbehave: server.misbehave,
    random: server.random,
    addMergeRequest: (options) => newPull(state, options, (owner) => installationOf(state, owner, permissions)),
    push: (ref, files, options) => pushTo(state, pullOf(ref), files, options?.force ?? false),
    comment: async (ref, author, text, inThread) => commentAs(state, pullOf(ref), author, text, inThread),
    editComment(ref, id, text) {
      const all = [...state.comments, ...state.threads.flatMap(({ comments }) => comments)]
      const found = all.find((one) => one.id === id && one.pull === pullOf(ref))
      if (!found) throw new Error(`There is no comment ${id}`)
      Object.assign(found, { body: text, updatedAt: state.now() })
    },
    deleteComment(ref, id) {
      const pull = pullOf(ref)
      state.comments = state.comments.filter((one) => one.id !== id || one.pull !== pull)
      for (const thread of state.threads) thread.comments = thread.comments.filter((one) => one.id !== id || one.pull !== pull)
    },
    resolve(ref, thread, by, isResolved = true) {
      findThread(state, pullOf(ref), thread).resolvedBy = isResolved ? state.account(by) : undefined
    },
    hide(ref, isHidden = true) {
      pullOf(ref).repository.isHidden = isHidden
    },
    setPermission(ref, login, permission) {
      state.account(login)
      pullOf(ref).repository.permissions.set(login.toLowerCase(), permission)
    },
    state: (ref) => stateOf(state, pullOf(ref)),
    webhook(kind, ref, details) {
      const pull = pullOf(ref)
      closeOrOpen(pull, kind)
      return makeWebhook({ state, shapes, secret: credentials.webhookSecret, url }, kind, pull, details)
    },
    suspend(ref, isSuspended = true) {
      pullOf(ref).repository.installation.isSuspended = isSuspended
    },
    expireTokens: actors.expire,
    rename(ref, repository) {
      const found = pullOf(ref).repository
      found.names.unshift(repository)
      found.name = repository.split('/')[1] ?? repository
    },
    lock(ref) {
      pullOf(ref).isLocked = true
    },
    deleteFork(ref) {
      const { fork } = pullOf(ref)
      if (fork) fork.isGone = true
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      for (const { git } of state.repositories) await git[Symbol.asyncDispose]()
    },
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
