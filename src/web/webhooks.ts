import type { IncomingHttpHeaders } from 'node:http'
import { matchesGlob } from 'node:path'
import type { ForgeEvent, ForgeName, MergeRequestRef } from '../forges/forge.ts'
import type { Job, Queue } from '../queue/queue.ts'

/** The webhooks of one forge. */
export interface WebhookSource {
  forge: ForgeName
  /** Headers that may hold the delivery's own id, which is the same for every attempt to deliver it: the first that is there counts. */
  deliveryHeaders: readonly string[]
  /** Whether it is signed by a secret of ours, seen before anything of it is parsed. */
  verify(headers: IncomingHttpHeaders, body: Buffer): boolean
  /** Throws when it is not what the forge sends. */
  read(headers: IncomingHttpHeaders, body: Buffer): Promise<ForgeEvent[]>
}

export interface Intake {
  queue: Pick<Queue, 'add'>
  /** Globs of repositories; all when there are none. */
  repositories: readonly string[]
  /** Whether a comment is for us. */
  isMention(text: string, forge: ForgeName): boolean
  /** Shows whoever wrote it that it was read; must not throw or be waited for. */
  acknowledge(job: Job): void
  count(forge: ForgeName, outcome: Outcome): void
  log(fields: Record<string, unknown>, message: string): void
}

export type Outcome = 'queued' | 'duplicate' | 'ignored' | 'unsigned' | 'malformed'

export interface Answer {
  status: number
  text: string
}

/** Signature, then parsing, then the queue: the work itself is somebody else's. */
export async function receiveWebhook(source: WebhookSource, headers: IncomingHttpHeaders, body: Buffer, intake: Intake): Promise<Answer> {
  const end = (outcome: Outcome, status: number, text: string): Answer => {
    intake.count(source.forge, outcome)
    return { status, text }
  }
  if (!/^application\/json\b/i.test(headers['content-type'] ?? '')) return end('malformed', 415, 'Send application/json.')
  if (!source.verify(headers, body)) {
    intake.log({ forge: source.forge, bytes: body.length }, 'webhook refused: no valid signature')
    return end('unsigned', 401, 'The signature is missing or wrong.')
  }
  const delivery = source.deliveryHeaders.map((name) => headers[name]).find((id) => id !== undefined)
  if (typeof delivery !== 'string' || !/^[\w.:=-]{1,200}$/.test(delivery))
    return end('malformed', 400, 'The id of the delivery is missing.')
  const events = await source.read(headers, body).catch((error: unknown) => {
    intake.log({ forge: source.forge, delivery, error: nameOf(error) }, 'webhook refused: not what the forge sends')
    return undefined
  })
  if (!events) return end('malformed', 400, 'This is not an event as the forge sends it.')
  const jobs = events.flatMap((event) => jobsOf(event, delivery, intake))
  const reasons = events.flatMap((event) => (event.kind === 'ignored' ? [event.reason] : []))
  if (jobs.length === 0) {
    intake.log({ forge: source.forge, delivery, reasons }, 'webhook ignored')
    return end('ignored', 202, 'Nothing to do.')
  }
  let isNew = false
  for (const job of jobs) {
    if (!(await intake.queue.add(job))) continue
    isNew = true
    intake.log({ forge: source.forge, delivery, job: job.kind, repository: job.ref.repository, number: job.ref.number }, 'queued')
    intake.acknowledge(job)
  }
  return end(isNew ? 'queued' : 'duplicate', 202, isNew ? 'Queued.' : 'Seen before.')
}

function jobsOf(event: ForgeEvent, delivery: string, { repositories, isMention }: Intake): Job[] {
  if (event.kind === 'ignored' || !isWanted(event.ref, repositories)) return []
  const { ref } = event
  switch (event.kind) {
    case 'proposed':
    case 'rerun':
      return [{ kind: 'review', ref, delivery }]
    case 'closed':
      return [{ kind: 'cancel', ref, delivery }]
    case 'commented':
      return event.author.isBot || !isMention(event.text, ref.forge) ? [] : [{ kind: 'answer', ref, comment: event.comment, delivery }]
  }
}

function isWanted({ repository }: MergeRequestRef, globs: readonly string[]): boolean {
  return globs.length === 0 || globs.some((glob) => matchesGlob(repository, glob))
}

/** The message may quote what was sent. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
