import type { IncomingHttpHeaders } from 'node:http'
import { UserError } from '../../errors.ts'
import type { ForgeEvent, MergeRequestRef } from '../forge.ts'
import { personOf } from './people.ts'
import { type MergeRequestHook, mergeRequestHook, type NoteHook, noteHook } from './webhook-payload.ts'
import { hasSecretToken, hasSignature, readSigningToken } from './webhook-signature.ts'

export interface GitLabWebhookOptions {
  /** Secret tokens of webhooks, any of which counts. */
  secrets: readonly string[]
  /** Signing tokens, `whsec_…`, any of which counts. Where there is one, requests without a signature are refused, whatever secret they name. */
  signingTokens: readonly string[]
  /** Our user's id, where it is known: its notes are passed over. */
  ownUserId: number | undefined
}

export interface GitLabWebhooks {
  /** Whether GitLab sent it. Looks at headers and bytes only. Headers have lower-case names, as Node gives them. */
  verify(headers: IncomingHttpHeaders, rawBody: Buffer, now: Date): boolean
  /** What a request says that is verified. Throws when it is not what GitLab sends. */
  read(headers: IncomingHttpHeaders, rawBody: Buffer): ForgeEvent[]
}

/** A UserError when there is neither a secret nor a signing token, or one of them cannot be right. */
export function gitlabWebhooks({ secrets, signingTokens, ownUserId }: GitLabWebhookOptions): GitLabWebhooks {
  const keys = signingTokens.map(readSigningToken)
  if (keys.length === 0 && secrets.length === 0) {
    throw new UserError(
      "Set PGWITNESS_GITLAB_SIGNING_TOKEN or PGWITNESS_GITLAB_WEBHOOK_SECRET: without one, anybody could send GitLab's webhooks.",
    )
  }
  if (secrets.some((secret) => secret.trim() === '')) throw new UserError('PGWITNESS_GITLAB_WEBHOOK_SECRET is empty.')
  return {
    verify: (headers, rawBody, now) => (keys.length > 0 ? hasSignature(headers, rawBody, keys, now) : hasSecretToken(headers, secrets)),
    read: (headers, rawBody) => {
      const event = headers['x-gitlab-event']
      if (event === 'Merge Request Hook') return [readMergeRequest(mergeRequestHook.parse(JSON.parse(rawBody.toString())))]
      if (event === 'Note Hook') return [readNote(noteHook.parse(JSON.parse(rawBody.toString())), ownUserId)]
      return [ignored('an event of another kind')]
    },
  }
}

function readMergeRequest({ project, object_attributes: request, changes }: MergeRequestHook): ForgeEvent {
  const ref = refOf(project, request.iid)
  const { action } = request
  if (action === 'close' || action === 'merge') return { kind: 'closed', ref }
  // A push, a rebase or an applied suggestion has `oldrev`; labels, reviewers, titles and approvals are updates too.
  const isReady = changes?.draft?.previous === true && changes.draft.current === false
  const isAnew = action === 'update' && (request.oldrev || isReady || changes?.target_branch?.current)
  if (action !== 'open' && action !== 'reopen' && !isAnew) return ignored(`a merge request's ${action ?? 'event'} that changes no code`)
  if (!request.last_commit) return ignored('a merge request without commits')
  return { kind: 'proposed', ref, headSha: request.last_commit.id, isDraft: request.draft ?? request.work_in_progress ?? false }
}

function readNote(hook: NoteHook, ownUserId: number | undefined): ForgeEvent {
  const { object_attributes: note, merge_request: request, project, user } = hook
  if (note.noteable_type !== 'MergeRequest' || !request) return ignored('a note elsewhere than on a merge request')
  if (note.system) return ignored('a system note')
  // What is said internally is not for an answer in public.
  if (note.internal || hook.event_type === 'confidential_note') return ignored('an internal note')
  if ((note.action ?? 'create') !== 'create') return ignored('an edited note')
  if (note.author_id === ownUserId) return ignored('a note of our own')
  const author = personOf({ id: note.author_id, username: user.username })
  if (author.isBot) return ignored('a note of a bot')
  const place = note.type === 'DiffNote' || note.type === 'DiscussionNote' ? 'thread' : 'conversation'
  const comment = { id: note.id, place, thread: note.discussion_id ?? undefined } as const
  return { kind: 'commented', ref: refOf(project, request.iid), comment, author, text: note.note }
}

function refOf(project: { id: number; path_with_namespace: string }, number: number): MergeRequestRef {
  return { forge: 'gitlab', repository: project.path_with_namespace, repositoryId: project.id, number }
}

function ignored(reason: string): ForgeEvent {
  return { kind: 'ignored', reason }
}
