import type { CommentRef, MergeRequestRef } from '../../forges/forge.ts'
import type { StubState } from '../stub-forge.ts'
import type { GithubWebhookKind } from './hook-payloads.ts'
import type { IssueComment, Pull, ReviewComment, State, Thread } from './state.ts'

/** What people do and see in the browser. */
export function findPull(state: State, ref: MergeRequestRef): Pull {
  const found = state.pulls.find(({ repository, number }) => repository.id === ref.repositoryId && number === ref.number)
  if (!found) throw new Error(`There is no pull request ${ref.repository}#${ref.number}`)
  return found
}

/** By what `state()` tells. */
export function findThread(state: State, pull: Pull, id: string): Thread {
  const found = state.threads.find((thread) => thread.pull === pull && String(thread.rootId) === id)
  if (!found) throw new Error(`There is no thread ${id}`)
  return found
}

/** `ghost` is an account that is gone: GitHub says null. */
export function commentAs(state: State, pull: Pull, login: string, body: string, inThread: string | undefined): CommentRef {
  const author = login === 'ghost' ? null : state.account(login)
  const now = state.now()
  const comment = { id: state.nextId(), pull, author, body, reactions: [], createdAt: now, updatedAt: now }
  if (inThread === undefined) {
    state.comments.push({ ...comment, isOfApp: false })
    return { id: comment.id, place: 'conversation' }
  }
  const thread = findThread(state, pull, inThread)
  thread.comments.push({ ...comment, thread, reviewId: state.nextId() })
  return { id: comment.id, place: 'thread', thread: inThread }
}

export function closeOrOpen(pull: Pull, kind: GithubWebhookKind): void {
  if (kind === 'closed' || kind === 'merged') pull.state = 'closed'
  if (kind === 'merged') pull.isMerged = true
  if (kind === 'reopened') pull.state = 'open'
  if (kind === 'ready') pull.isDraft = false
  if (kind === 'draft') pull.isDraft = true
}

export function stateOf(state: State, pull: Pull): StubState {
  const shas = new Set(pull.heads)
  const isHere = ({ repository, sha }: { repository: unknown; sha: string }): boolean => repository === pull.repository && shas.has(sha)
  return {
    comments: state.comments.filter((comment) => comment.pull === pull).map(commentState),
    threads: state.threads.filter((thread) => thread.pull === pull && thread.comments.length > 0).map(threadState),
    statuses: [
      ...state.checkRuns.filter(isHere).map((run) => ({
        name: run.name,
        sha: run.sha,
        state: run.conclusion ?? run.status,
        title: run.title ?? '',
        annotations: run.annotations.length,
      })),
      ...state.statuses.filter(isHere).map(({ context, sha, state: said, description }) => ({
        name: context,
        sha,
        state: said,
        title: description ?? '',
        annotations: 0,
      })),
    ],
    reactions: pull.reactions.map(({ content }) => content),
  }
}

function commentState({ id, author, body, reactions }: IssueComment | ReviewComment): StubState['comments'][number] {
  return { id, author: author?.login ?? 'ghost', body, reactions: reactions.map(({ content }) => content) }
}

function threadState(thread: Thread): StubState['threads'][number] {
  const { line, startLine } = thread.current ?? thread.original
  return {
    id: String(thread.rootId),
    path: thread.path,
    line,
    ...(startLine === undefined ? {} : { startLine }),
    resolved: thread.resolvedBy !== undefined,
    comments: thread.comments.map(commentState),
  }
}
