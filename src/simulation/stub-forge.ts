import type { CommentRef, ForgeName, MergeRequestRef } from '../forges/forge.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import type { Files } from './repository.ts'
import type { LoggedRequest } from './stub-server.ts'

/** A forge to try things on: it keeps state, serves a real git repository over HTTP, is strict about requests, and misbehaves on demand. */
export interface StubForge extends AsyncDisposable {
  readonly name: ForgeName
  /** Base address, without a slash at its end. GitHub: the root of the API; GitLab: of the instance, the API is under `/api/v4`. */
  readonly url: string
  /** A merge request between two trees. The repository is made when there is none of this name. */
  addMergeRequest(options: NewMergeRequest): Promise<StubMergeRequest>
  /** A new commit on the head; `force` replaces the last one. Its id. */
  push(ref: MergeRequestRef, files: Files, options?: { force?: boolean }): Promise<string>
  /** Somebody comments: under the merge request, or in the thread whose id `state()` tells. */
  comment(ref: MergeRequestRef, author: string, text: string, inThread?: string): Promise<CommentRef>
  /** A person with the right to does this to anybody's comment, ours too. */
  editComment(ref: MergeRequestRef, id: number, text: string): void
  deleteComment(ref: MergeRequestRef, id: number): void
  /** A person resolves a thread, or opens it again. */
  resolve(ref: MergeRequestRef, thread: string, by: string, isResolved?: boolean): void
  /** The bot may not see the repository any more, or may again. */
  hide(ref: MergeRequestRef, isHidden?: boolean): void
  setPermission(ref: MergeRequestRef, login: string, permission: 'none' | 'read' | 'write'): void
  /** What a person sees. */
  state(ref: MergeRequestRef): StubState
  /** What the forge would send, signed. It changes the state where the event is a change of it: closed, merged, reopened, draft, ready. */
  webhook(kind: WebhookKind, ref: MergeRequestRef, details?: WebhookDetails): StubWebhook
  misbehave(rule: Misbehaviour): void
  /** This share of all requests fails, in each of the ways that another try helps against. 0 ends it. */
  random(rate: number, seed: number): void
  readonly requests: LoggedRequest[]
  /** What was wrong with requests, by the forge's own description. Tests expect none. */
  readonly violations: string[]
}

export interface NewMergeRequest {
  /** `owner/name`; GitLab allows more parts. */
  repository: string
  base: Files
  /** What differs from the base; null deletes. */
  head: Files
  /** What came to the target branch after the head was made from it. */
  target?: Files
  title?: string
  /** `octocat` when not told. */
  author?: string
  /** From another repository, which the bot may not see. */
  fork?: boolean
  draft?: boolean
}

export type StubMergeRequest = MergeRequestRef & { headSha: string; baseSha: string }

export interface StubState {
  /** Under the merge request, oldest first. Reactions are named as on GitHub: `eyes`, `+1`. */
  comments: StubComment[]
  threads: Array<{ id: string; path: string; line: number; startLine?: number; resolved: boolean; comments: StubComment[] }>
  /** Of all commits, oldest first. */
  statuses: Array<{ name: string; sha: string; state: string; title: string; annotations: number }>
  /** On the merge request itself. */
  reactions: string[]
}

interface StubComment {
  id: number
  author: string
  body: string
  reactions: string[]
}

export type WebhookKind = 'opened' | 'pushed' | 'closed' | 'merged' | 'reopened' | 'ready' | 'draft' | 'commented' | 'rerun' | 'unrelated'

export interface WebhookDetails {
  /** For `commented`: what `comment()` gave. */
  comment?: CommentRef
  /** Who did it; the author of the merge request or of the comment when not told. */
  sender?: string
  /** Id of the delivery; a new one when not told. The same again is a redelivery. */
  delivery?: string
  /** Sign with this instead of the right secret. */
  secret?: string
  /** When it is said to be sent, where the signature covers that. Milliseconds since 1970. */
  sentAt?: number
}

export interface StubWebhook {
  /** Of the service: `/api/github/webhooks`. */
  path: string
  headers: Record<string, string>
  body: string
}
