import type { CommentRef } from '../../forges/forge.ts'
import type { WebhookKind } from '../stub-forge.ts'
import { complete } from './complete.ts'
import { findSchema } from './description.ts'
import type { Shape } from './shapes/account.ts'
import { pullReferenceShape } from './shapes/checks.ts'
import type { Shapes } from './shapes.ts'
import type { Account, CheckRun, Pull, ReviewComment, State } from './state.ts'

/**
 * Events only GitHub has. `edited`: the title; `retargeted`: the target branch; `rerun-all`: all checks of the commit; `issue-commented`: a comment on what
 * is no pull request; `ping`: the webhook was set up.
 */
export type GithubWebhookKind = WebhookKind | 'edited' | 'retargeted' | 'rerun-all' | 'issue-commented' | 'ping'

/** What is in an event beside the repository, the sender and the installation. */
export interface HookPayload {
  event: string
  payload: Shape
  by: Account
}

const ACTIONS: Partial<Record<GithubWebhookKind, string>> = {
  opened: 'opened',
  pushed: 'synchronize',
  closed: 'closed',
  merged: 'closed',
  reopened: 'reopened',
  ready: 'ready_for_review',
  draft: 'converted_to_draft',
  edited: 'edited',
  retargeted: 'edited',
}

export function payloadOf(state: State, shapes: Shapes, kind: GithubWebhookKind, pull: Pull, ref: CommentRef | undefined): HookPayload {
  const by = pull.author
  if (kind === 'commented' || kind === 'issue-commented') return commentPayload(state, shapes, pull, ref, kind === 'issue-commented')
  if (kind === 'rerun') return { event: 'check_run', payload: { action: 'rerequested', check_run: runShape(state, shapes, pull) }, by }
  if (kind === 'rerun-all') return { event: 'check_suite', payload: { action: 'rerequested', check_suite: suiteShape(shapes, pull) }, by }
  if (kind === 'unrelated') return { event: 'star', payload: { action: 'created', starred_at: pull.createdAt }, by }
  if (kind === 'ping')
    return { event: 'ping', payload: { zen: 'Keep it logically awesome.', hook_id: 487_654_321, hook: { type: 'App' } }, by }
  const payload = {
    action: ACTIONS[kind],
    number: pull.number,
    ...changesOf(kind, pull),
    pull_request: full('pull-request', shapes.pull(pull)),
  }
  return { event: 'pull_request', payload, by }
}

function changesOf(kind: GithubWebhookKind, pull: Pull): Shape {
  if (kind === 'pushed') return { before: pull.heads.at(-2) ?? pull.headSha, after: pull.headSha }
  if (kind === 'edited') return { changes: { title: { from: 'Before' } } }
  return kind === 'retargeted' ? { changes: { base: { ref: { from: 'develop' }, sha: { from: pull.mergeBase } } } } : {}
}

function commentPayload(state: State, shapes: Shapes, pull: Pull, ref: CommentRef | undefined, isPlainIssue: boolean): HookPayload {
  if (!ref) throw new Error('Say which comment: the answer of comment()')
  const inThread = state.threads.flatMap(({ comments }) => comments).find(({ id }) => id === ref.id)
  if (inThread) return reviewCommentPayload(shapes, pull, inThread)
  const comment = state.comments.find(({ id }) => id === ref.id)
  if (!comment) throw new Error(`There is no comment ${ref.id}`)
  const { url, html_url, diff_url, patch_url, issue_url, draft, merged_at, ...shape } = shapes.pull(pull)
  const { number, title, user, state: open, locked, author_association, created_at, updated_at, closed_at, body } = shape
  const issue = {
    id: pull.id + 1,
    url: issue_url,
    comments_url: `${issue_url}/comments`,
    ...{ number, title, user: full('simple-user', user), state: open, locked, author_association, created_at, updated_at, closed_at, body },
    html_url: isPlainIssue ? String(html_url).replace('/pull/', '/issues/') : html_url,
    labels: [],
    assignee: null,
    assignees: [],
    milestone: null,
    comments: state.comments.filter((one) => one.pull === pull).length,
    // Only this tells a comment of a pull request from one of an issue.
    ...(isPlainIssue ? {} : { draft, pull_request: { url, html_url, diff_url, patch_url, merged_at } }),
  }
  const payload = { action: 'created', issue, comment: full('issue-comment', shapes.comment(comment)) }
  return { event: 'issue_comment', payload, by: comment.author ?? pull.author }
}

function reviewCommentPayload(shapes: Shapes, pull: Pull, comment: ReviewComment): HookPayload {
  const { merged: _merged, commits: _commits, ...simple } = shapes.pull(pull)
  const shape = full('pull-request-review-comment', shapes.reviewComment(comment))
  const payload = { action: 'created', comment: shape, pull_request: full('pull-request-simple', simple) }
  return { event: 'pull_request_review_comment', payload, by: comment.author ?? pull.author }
}

/** The last run of our app at the head; one that this GitHub was never told of when there is none. */
function runShape(state: State, shapes: Shapes, pull: Pull): Shape {
  const known = state.checkRuns.findLast(
    ({ repository, sha, isOfApp }) => repository === pull.repository && sha === pull.headSha && isOfApp,
  )
  const made: CheckRun = {
    ...{ id: pull.id + 2, repository: pull.repository, name: 'pgwitness', sha: pull.headSha, externalId: '', detailsUrl: undefined },
    ...{ status: 'completed', conclusion: 'neutral', startedAt: pull.createdAt, completedAt: pull.createdAt },
    ...{ title: null, summary: null, text: null, annotations: [], isOfApp: true },
  }
  return { ...full('check-run', shapes.checkRun(known ?? made)), check_suite: suiteShape(shapes, pull) }
}

function suiteShape(shapes: Shapes, pull: Pull): Shape {
  return {
    id: pull.repository.id + 1,
    head_branch: pull.headBranch,
    head_sha: pull.headSha,
    status: 'queued',
    conclusion: null,
    before: pull.heads.at(-2) ?? null,
    after: pull.headSha,
    // Forks are left out.
    pull_requests: pull.fork ? [] : [pullReferenceShape(shapes.pull(pull))],
    app: full('integration', shapes.app()),
    created_at: pull.createdAt,
    updated_at: pull.createdAt,
  }
}

export function full(schema: string, value: unknown): Shape {
  return complete(findSchema(schema), value, []) as Shape
}
