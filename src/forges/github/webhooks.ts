import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { pino } from 'pino'
import { Probot } from 'probot'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { ForgeEvent } from '../forge.ts'
import { readCheckRun, readCheckSuite, readIssueComment, readPullRequest, readReviewComment } from './event.ts'

export interface GithubWebhooksOptions {
  /** All count: while a secret is changed the old and the new one. */
  secrets: readonly string[]
}

export interface GithubWebhooks {
  /** Whether GitHub sent it. To be asked before anything else looks at the body. */
  verify(headers: IncomingHttpHeaders, rawBody: Buffer): boolean
  /** What a verified webhook says; it is never nothing. */
  read(headers: IncomingHttpHeaders, rawBody: Buffer): Promise<ForgeEvent[]>
}

const NAMES = new Set(['pull_request', 'issue_comment', 'pull_request_review_comment', 'check_run', 'check_suite'])

type Payload = { payload: unknown; id: string }

/**
 * Webhooks of the App, read by Probot. It gets only what is verified: of a wrong signature it would log the whole body, and without a secret it would take
 * "development" for one. It asks GitHub nothing, so it has no credentials, and logs nothing.
 */
export function githubWebhooks({ secrets }: GithubWebhooksOptions): GithubWebhooks {
  const keys = secrets.filter((secret) => secret !== '')
  if (keys.length === 0) throw new UserError('GitHub webhooks need a secret: without one anybody could send them.')
  const probot = new Probot({ githubToken: 'none', secret: keys[0], log: pino({ level: 'silent' }) })
  const found = new Map<string, ForgeEvent[]>()
  const app = loadApp(probot, (id, events) => found.get(id)?.push(...events))
  return {
    verify: (headers, rawBody) => isSigned(keys, headers['x-hub-signature-256'], rawBody),
    async read(headers, rawBody) {
      const name = headers['x-github-event']
      const payload = parse(rawBody)
      if (typeof name !== 'string' || name === '') return ignored('it has no X-GitHub-Event')
      if (payload === undefined) return ignored('its body is no JSON object: set the content type of the webhook to application/json')
      // The header is not signed, and Probot looks names up where every object has some.
      if (!NAMES.has(name)) return ignored(`nothing to do for ${wordOf(name)}`)
      await app
      const id = randomUUID()
      found.set(id, [])
      try {
        await probot.receive({ id, name, payload } as unknown as Parameters<Probot['receive']>[0])
        const events = found.get(id) ?? []
        return events.length > 0 ? events : ignored(`nothing to do for ${wordOf(name)}.${wordOf(payload.action)}`)
      } finally {
        found.delete(id)
      }
    },
  }
}

async function loadApp(probot: Probot, tell: (id: string, events: ForgeEvent[]) => void): Promise<void> {
  const telling =
    (read: (payload: unknown) => ForgeEvent[]) =>
    async ({ id, payload }: Payload): Promise<void> =>
      tell(
        id,
        orUnreadable(() => read(payload)),
      )
  await probot.load((app) => {
    app.on(
      [
        'pull_request.opened',
        'pull_request.synchronize',
        'pull_request.reopened',
        'pull_request.ready_for_review',
        'pull_request.converted_to_draft',
        'pull_request.closed',
        'pull_request.edited',
      ],
      telling(readPullRequest),
    )
    app.on('issue_comment.created', telling(readIssueComment))
    app.on('pull_request_review_comment.created', telling(readReviewComment))
    app.on(['check_run.rerequested', 'check_run.requested_action'], telling(readCheckRun))
    app.on('check_suite.rerequested', telling(readCheckSuite))
  })
}

function orUnreadable(read: () => ForgeEvent[]): ForgeEvent[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof z.ZodError) return ignored(`its payload is not as GitHub describes it (at ${error.issues[0]?.path.join('.')})`)
    throw error
  }
}

/** All secrets are tried, whether or not one fits, so that the time tells nothing. */
function isSigned(secrets: readonly string[], signature: string | string[] | undefined, body: Buffer): boolean {
  const [, hex] = /^sha256=([0-9a-f]{64})$/.exec(typeof signature === 'string' ? signature : '') ?? []
  const sent = Buffer.from(hex ?? '0'.repeat(64), 'hex')
  const fitting = secrets.filter((secret) => timingSafeEqual(createHmac('sha256', secret).update(body).digest(), sent))
  return hex !== undefined && fitting.length > 0
}

function parse(body: Buffer): { action?: unknown } | undefined {
  try {
    const payload: unknown = JSON.parse(body.toString('utf8'))
    return typeof payload === 'object' && payload !== null && !Array.isArray(payload) ? payload : undefined
  } catch {
    return undefined
  }
}

function ignored(reason: string): ForgeEvent[] {
  return [{ kind: 'ignored', reason }]
}

function wordOf(text: unknown): string {
  return typeof text === 'string' && /^\w{1,50}$/.test(text) ? text : '-'
}
