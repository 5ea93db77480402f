/** Where changes are proposed: GitHub or GitLab. */
import type { Change, Tree } from './change.ts'
import type { FileDiff } from './diff.ts'

export type ForgeName = 'github' | 'gitlab'

/** Names a pull request of GitHub or a merge request of GitLab. Plain data: it travels through the queue. */
export interface MergeRequestRef {
  forge: ForgeName
  /** `owner/name`, or GitLab's `path_with_namespace`. Names change: only for addresses and readers. */
  repository: string
  /** The forge's own number of the repository or project, which stays. */
  repositoryId: number
  /** Of the pull request; GitLab's `iid`. */
  number: number
  /** The installation of the GitHub App that told of it; undefined with a plain token and on GitLab. */
  installation?: number | undefined
}

export interface MergeRequest extends MergeRequestRef {
  title: string
  url: string
  state: 'open' | 'closed' | 'merged'
  isDraft: boolean
  author: Person
  target: { branch: string; sha: string }
  /** `repositoryId` is undefined when the fork is gone. */
  source: { branch: string; repositoryId: number | undefined }
  /** Commit that is proposed. */
  headSha: string
  /** Commit its changes are counted from: the merge base. */
  baseSha: string
}

export interface Person {
  id: number
  /** GitHub's `login`, GitLab's `username`. */
  login: string
  isBot: boolean
}

/** A comment of somebody else: what is answered and reacted to. Plain data. */
export interface CommentRef {
  /** GitHub's comment id, GitLab's note id. */
  id: number
  /** Under the merge request, or a thread at a line of its diff. */
  place: 'conversation' | 'thread'
  /** GitHub: id of the first comment of the thread; GitLab: id of the discussion. Undefined for a plain comment of GitHub. */
  thread?: string | undefined
}

export interface Comment {
  author: Person
  text: string
  /** Key of the inline comment of ours that its thread began with; undefined elsewhere. */
  key: string | undefined
}

/** A comment on lines of the change. */
export interface InlineComment {
  /** Names it for good: a later call with the same key is about the same comment. Letters, digits, `-` and `:`. */
  key: string
  /** Path at the head. */
  path: string
  /** Lines of the head, one-based, `endLine` included. */
  line: number
  endLine: number
  /** Markdown without a marker: the forge adds its own. */
  body: string
  /** What would stand instead of the lines, for a suggestion that one click applies. */
  suggestion?: string | undefined
}

/** What became of inline comments. */
export interface EnsuredThreads {
  /** Keys of those that are not in the diff, or that the forge did not take: they belong into the summary. */
  unplaced: string[]
  /** Keys of threads that stand, with their addresses. */
  placed: Array<{ key: string; url: string }>
  created: number
  edited: number
  resolved: number
  reopened: number
  /** Why threads could not be resolved or reopened although the rest was done, for the reader: a permission is missing. */
  problem?: string
}

export interface Annotation {
  path: string
  line: number
  endLine: number
  level: 'notice' | 'warning' | 'failure'
  title: string
  message: string
}

/** A check run on GitHub, a commit status on GitLab. */
export interface Status {
  state: 'queued' | 'running' | 'success' | 'failure' | 'neutral' | 'cancelled'
  /** One line. */
  title: string
  /** Markdown; GitLab shows only the title. */
  summary: string
  annotations: readonly Annotation[]
}

/** Both sides of a merge request, fetched. */
export interface OpenMergeRequest {
  change: Change
  baseTree: Tree
  headTree: Tree
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * One forge, as the bot's own identity. Everything that writes is an `ensure`: asked again with the same arguments it changes nothing, also when an
 * earlier call was cut off in the middle. Markers that tell our comments count only in comments of our own identity.
 *
 * Errors: ServiceError for what may work later (network, 5xx, rate limits with `retryAfterMs`), UserError for what its reader has to put right
 * (a missing permission, a token that does not count), Gone for a merge request, repository or comment that is not there any more.
 * All take no longer than a minute; waiting for a rate limit is the caller's.
 */
export interface Forge {
  readonly name: ForgeName
  /** Bytes of a comment that are safe to send, markers left out. */
  readonly maxBodyLength: number
  fetchIdentity(signal: AbortSignal): Promise<Person>
  fetchMergeRequest(ref: MergeRequestRef, signal: AbortSignal): Promise<MergeRequest>
  /** Lines that may be commented, by file. A file whose diff the forge cuts off has no hunks. */
  fetchDiff(request: MergeRequest, signal: AbortSignal): Promise<FileDiff[]>
  /** How git gets the repository; undefined when only the API is open. */
  fetchGitAccess(request: MergeRequestRef, signal: AbortSignal): Promise<GitAccess>
  /** The repository at a commit by the API: slower, for where git is closed. */
  treeByApi(request: MergeRequestRef, sha: string, signal: AbortSignal): Tree
  /** What somebody may do in the repository, asked of the forge. */
  fetchPermission(ref: MergeRequestRef, person: Person, signal: AbortSignal): Promise<'none' | 'read' | 'write'>
  /** A comment as it stands now; undefined when it is gone. */
  fetchComment(ref: MergeRequestRef, comment: CommentRef, signal: AbortSignal): Promise<Comment | undefined>
  /** The body of our summary comment as it stands, without its marker; undefined when there is none. */
  fetchSummary(request: MergeRequestRef, signal: AbortSignal): Promise<string | undefined>
  /** The one summary comment; its address. */
  ensureSummary(request: MergeRequest, body: string, signal: AbortSignal): Promise<string>
  /**
   * Threads of ours: those wanted are there (an edited body is edited; one that we resolved is reopened; one that a person resolved is left alone), others
   * of ours are resolved. `told` are the keys of those that stood before: one of them that is gone was deleted by a person and is not written again.
   */
  ensureThreads(
    request: MergeRequest,
    wanted: readonly InlineComment[],
    told: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<EnsuredThreads>
  ensureStatus(request: MergeRequest, status: Status, signal: AbortSignal): Promise<void>
  /** Eyes, so that whoever wrote it sees that it was read. `comment` undefined: on the merge request itself. */
  ensureReaction(ref: MergeRequestRef, comment: CommentRef | undefined, signal: AbortSignal): Promise<void>
  /** One answer to a comment, in its thread; an edited body is edited. Its address. */
  ensureReply(ref: MergeRequestRef, comment: CommentRef, body: string, signal: AbortSignal): Promise<string>
}

export interface GitAccess {
  /** `https://github.com/owner/name.git`, without credentials. */
  url: string
  /** Value of the Authorization header. A secret. */
  authorization: string | undefined
  /** What to fetch for a merge request's head, also of a fork: `refs/pull/7/head`, `refs/merge-requests/7/head`. */
  headRef(number: number): string
}

/** What an earlier pipeline left behind. Its text is as trustworthy as whoever proposed the change. */
export interface EarlierReport {
  text: string
  /** The commit the pipeline ran for, as the forge tells it. */
  headSha: string
}

/** What a webhook says, in one language. */
export type ForgeEvent =
  | { kind: 'proposed'; ref: MergeRequestRef; headSha: string; isDraft: boolean }
  | { kind: 'closed'; ref: MergeRequestRef }
  | { kind: 'rerun'; ref: MergeRequestRef }
  | { kind: 'commented'; ref: MergeRequestRef; comment: CommentRef; author: Person; text: string }
  /** Nothing for us: why, for the log. */
  | { kind: 'ignored'; reason: string }

/** The merge request, repository or comment is not there any more: a job about it ends without complaint. */
export class Gone extends Error {
  override name = 'Gone'
}
