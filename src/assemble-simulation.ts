/** A stored webhook, run through the whole service against a forge of our own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenChange } from './assemble.ts'
import { type Service, startService } from './assemble-service.ts'
import type { ServiceEnvironment } from './config.ts'
import { ServiceError, UserError } from './errors.ts'
import type { Tree } from './forges/change.ts'
import type { ServiceConfig } from './service-config.ts'
import { readStoredEvent, redirected } from './simulation/stored-event.ts'
import type { StubForge, StubState } from './simulation/stub-forge.ts'

export interface SimulationOptions {
  event: { path: string; text: string }
  /** The two sides of the change: what stands in the repository at hand. */
  open: OpenChange
  /** What the author of the change, and of the comment, may do. */
  permission: 'none' | 'read' | 'write'
  config: ServiceConfig
  logLevel: string
}

/** What the forge would show afterwards. */
export interface Simulation {
  /** What the webhook was answered with. */
  answer: { status: number; text: string }
  state: StubState
  /** Requests that the forge would not have understood. */
  violations: readonly string[]
}

const LONGEST_MS = 30 * 60_000
const LOOK_MS = 200
/** Of the repository that the forge serves. */
const MOST_FILES = 5_000

export async function simulate(
  { event: { path, text }, open, permission, config, logLevel }: SimulationOptions,
  signal: AbortSignal,
): Promise<Simulation> {
  const event = readStoredEvent(text, path)
  const dataDir = await mkdtemp(join(tmpdir(), 'pgwitness-simulate-'))
  try {
    await using stub = await startStub(event.forge)
    const { base, head } = await filesOf(open)
    const { repository, title, author, isDraft } = event
    const ref = await stub.forge.addMergeRequest({ repository, title, author, draft: isDraft, base, head })
    for (const login of new Set([author, ...(event.comment ? [event.comment.author] : [])]))
      stub.forge.setPermission(ref, login, permission)
    const comment = event.comment && (await stub.forge.comment(ref, event.comment.author, event.comment.text))
    await using service = await running({ config, dataDir, environment: { ...stub.environment, databaseUrl: undefined, logLevel } })
    const webhook = redirected(event, ref, comment, stub.secret)
    const response = await fetch(`http://127.0.0.1:${service.port}${webhook.path}`, { method: 'POST', signal, ...webhook })
    const answer = { status: response.status, text: (await response.text()).trim() }
    await idle(service, signal)
    return { answer, state: stub.forge.state(ref), violations: [...stub.forge.violations] }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

interface Stub extends AsyncDisposable {
  forge: StubForge
  environment: Pick<ServiceEnvironment, 'github' | 'gitlab'>
  secret: string
}

async function startStub(name: 'github' | 'gitlab'): Promise<Stub> {
  if (name === 'github') {
    const { startStubGithub } = await import('./simulation/stub-github.ts')
    const forge = await startStubGithub()
    const { appId, privateKey, webhookSecret: secret } = forge.credentials
    const github = { appId: String(appId), privateKey, privateKeyFile: undefined, webhookSecrets: [secret], url: forge.url }
    return { forge, secret, environment: { github, gitlab: undefined }, [Symbol.asyncDispose]: () => forge[Symbol.asyncDispose]() }
  }
  const { startStubGitlab } = await import('./simulation/stub-gitlab.ts')
  const forge = await startStubGitlab()
  const { token, webhookSecret: secret } = forge.credentials
  const gitlab = { token, webhookSecrets: [secret], signingTokens: [], url: forge.url }
  return { forge, secret, environment: { github: undefined, gitlab }, [Symbol.asyncDispose]: () => forge[Symbol.asyncDispose]() }
}

async function running(options: {
  config: ServiceConfig
  dataDir: string
  environment: ServiceEnvironment
}): Promise<Service & AsyncDisposable> {
  const service = await startService({ ...options, port: 0, host: '127.0.0.1', isWeb: true, isWorker: true, logTo: process.stderr })
  return { ...service, [Symbol.asyncDispose]: () => service.stop(1000) }
}

async function idle({ queue }: Service, signal: AbortSignal): Promise<void> {
  const until = performance.now() + LONGEST_MS
  for (;;) {
    const { waiting, running: busy } = await queue.counts()
    if (waiting + busy === 0) return
    if (performance.now() > until) throw new ServiceError('simulation', `it did not end within ${LONGEST_MS / 60_000} minutes`)
    await sleep(LOOK_MS, undefined, { signal })
  }
}

/** Every readable file of the base, and what the head has different; null where it is gone. */
async function filesOf({ baseTree, headTree }: OpenChange): Promise<{ base: Record<string, string>; head: Record<string, string | null> }> {
  const base = baseTree ? await textsOf(baseTree) : {}
  const after = await textsOf(headTree)
  const changed = Object.entries(after).filter(([path, text]) => base[path] !== text)
  const gone = Object.keys(base).filter((path) => after[path] === undefined)
  if (changed.length + gone.length === 0) throw new UserError('Nothing differs from the base here: there is no change to review.')
  return { base, head: Object.fromEntries([...changed, ...gone.map((path) => [path, null] as const)]) }
}

async function textsOf(tree: Tree): Promise<Record<string, string>> {
  const paths = await tree.list()
  if (paths.length > MOST_FILES)
    throw new UserError(`A simulation serves at most ${MOST_FILES} files, and here are ${paths.length}: run it in a smaller repository.`)
  const texts = await Promise.all(paths.map(async (path) => [path, await tree.read(path)] as const))
  return Object.fromEntries(texts.flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])))
}
