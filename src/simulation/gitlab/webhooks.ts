import { createHmac, randomUUID } from 'node:crypto'
import type { CommentRef } from '../../forges/forge.ts'
import type { StubWebhook, WebhookKind } from '../stub-forge.ts'
import { hookComment, hookPush, hookRequest, hookUser } from './hook-payloads.ts'
import { type Instance, latestVersion, type MergeRequest, type Note, newNote, userOf } from './instance.ts'

/** Events only GitLab has: `updated` is a change of labels, without new code. */
export type GitlabWebhookKind =
  | WebhookKind
  | 'updated'
  | 'approved'
  | 'merged'
  | 'comment-edited'
  | 'system-comment'
  | 'internal-comment'
  | 'commit-comment'

export interface GitlabWebhookDetails {
  comment?: CommentRef
  sender?: string
  delivery?: string
  secret?: string
  sentAt?: number
  /** Which proofs are sent; both when not told. Before GitLab 19 there is only the token. */
  proof?: 'token' | 'signature' | 'both' | 'none'
}

export interface HookSecrets {
  webhookSecret: string
  /** `whsec_` and base64. */
  signingToken: string
}

/** Carries out what the event tells of, and makes the event. docs.gitlab.com: user/project/integrations/webhook_events. */
export function makeWebhook(
  instance: Instance,
  secrets: HookSecrets,
  kind: GitlabWebhookKind,
  request: MergeRequest,
  details: GitlabWebhookDetails,
): StubWebhook {
  const { event, payload } = makeEvent(instance, kind, request, details)
  const body = JSON.stringify(payload)
  return { path: '/api/gitlab/webhooks', headers: makeHeaders(instance, secrets, event, body, details), body }
}

function makeEvent(
  instance: Instance,
  kind: GitlabWebhookKind,
  request: MergeRequest,
  details: GitlabWebhookDetails,
): { event: string; payload: unknown } {
  if (kind === 'rerun') throw new Error('GitLab has no event that asks for another run')
  if (kind === 'unrelated') return { event: 'Push Hook', payload: hookPush(instance, request) }
  if (kind === 'commented' || kind.includes('comment')) {
    const note = noteFor(instance, kind, request, details)
    const user = details.sender === undefined ? note.author : userOf(instance, details.sender)
    const payload = hookComment(instance, request, note, user, kind === 'comment-edited' ? 'update' : 'create', kind === 'commit-comment')
    return { event: note.isInternal ? 'Confidential Note Hook' : 'Note Hook', payload }
  }
  const fields = change(kind as RequestKind, request)
  const user = details.sender === undefined ? request.author : userOf(instance, details.sender)
  return { event: 'Merge Request Hook', payload: { ...hookRequest(instance, request, fields), user: hookUser(user) } }
}

type RequestKind = 'opened' | 'pushed' | 'closed' | 'reopened' | 'ready' | 'draft' | 'updated' | 'approved' | 'merged'

export interface RequestEvent {
  action: string
  changes: Record<string, unknown>
  oldrev?: string
}

function change(kind: RequestKind, request: MergeRequest): RequestEvent {
  const before = request.versions.at(-2) ?? latestVersion(request)
  switch (kind) {
    case 'opened':
      return { action: 'open', changes: {} }
    case 'pushed':
      return { action: 'update', changes: {}, oldrev: request.versions.length > 1 ? before.head : before.base }
    case 'updated':
      return { action: 'update', changes: { labels: { previous: [], current: [{ id: 1, title: 'database', color: '#ff0000' }] } } }
    case 'approved':
      return { action: 'approved', changes: {} }
    case 'ready':
    case 'draft': {
      const [was, is] = [request.isDraft, kind === 'draft']
      request.isDraft = is
      const title = (isDraft: boolean) => `${isDraft ? 'Draft: ' : ''}${request.title}`
      return { action: 'update', changes: { title: { previous: title(was), current: title(is) }, draft: { previous: was, current: is } } }
    }
    case 'closed':
    case 'reopened':
    case 'merged': {
      const previous = request.state
      request.state = ({ closed: 'closed', reopened: 'opened', merged: 'merged' } as const)[kind]
      const action = ({ closed: 'close', reopened: 'reopen', merged: 'merge' } as const)[kind]
      return { action, changes: { state_id: { previous: stateId(previous), current: stateId(request.state) } } }
    }
  }
}

function stateId(state: MergeRequest['state']): number {
  return { opened: 1, closed: 2, merged: 3 }[state]
}

function noteFor(instance: Instance, kind: GitlabWebhookKind, request: MergeRequest, { comment, sender }: GitlabWebhookDetails): Note {
  const notes = request.discussions.flatMap((discussion) => discussion.notes)
  const found = comment
    ? notes.find(({ id }) => id === comment.id)
    : notes.findLast(({ author, isSystem }) => author !== instance.bot && !isSystem)
  const author = userOf(instance, sender ?? request.author.username)
  const note = found ?? newNote(instance, author, 'A comment.')
  if (kind === 'system-comment') return { ...note, isSystem: true, body: 'added 1 commit' }
  return kind === 'internal-comment' ? { ...note, isInternal: true } : note
}

/** What GitLab sends with every event; the signature is that of Standard Webhooks. app/services/web_hook_service.rb. */
function makeHeaders(
  instance: Instance,
  secrets: HookSecrets,
  event: string,
  body: string,
  { delivery = randomUUID(), secret, sentAt = Date.now(), proof = 'both' }: GitlabWebhookDetails,
): Record<string, string> {
  const timestamp = String(Math.floor(sentAt / 1000))
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'User-Agent': 'GitLab/19.0.0',
    'Idempotency-Key': delivery,
    'X-Gitlab-Event': event,
    'X-Gitlab-Webhook-UUID': '6f5ca1c3-9a5b-4d6e-8d2c-0b6a1f0a7e11',
    'X-Gitlab-Instance': instance.url,
    'X-Gitlab-Event-UUID': randomUUID(),
  }
  if (proof === 'token' || proof === 'both') headers['X-Gitlab-Token'] = secret ?? secrets.webhookSecret
  if (proof === 'signature' || proof === 'both') {
    headers['webhook-id'] = delivery
    headers['webhook-timestamp'] = timestamp
    headers['webhook-signature'] = `v1,${signWebhook(secret ?? secrets.signingToken, delivery, timestamp, body)}`
  }
  return headers
}

/** `timestamp` in seconds since 1970. Base64. */
function signWebhook(signingToken: string, id: string, timestamp: string, body: string): string {
  const key = Buffer.from(signingToken.replace(/^whsec_/, ''), 'base64')
  return createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
}
