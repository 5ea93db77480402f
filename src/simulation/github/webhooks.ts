import { createHmac, randomUUID } from 'node:crypto'
import type { CommentRef } from '../../forges/forge.ts'
import type { StubWebhook, WebhookDetails, WebhookKind } from '../stub-forge.ts'
import { complete } from './complete.ts'
import { findSchema } from './description.ts'
import type { Shapes } from './shapes.ts'
import type { Account, CheckRun, Pull, State } from './state.ts'

interface Sent {
  state: State
  shapes: Shapes
  secret: string
  url: string
}

const ACTIONS: Partial<Record<WebhookKind, string>> = {
  opened: 'opened',
  pushed: 'synchronize',
  closed: 'closed',
  merged: 'closed',
  reopened: 'reopened',
  ready: 'ready_for_review',
  draft: 'converted_to_draft',
}

/** A delivery as GitHub makes it: what happened, said with the state after it. */
export function makeWebhook(sent: Sent, kind: WebhookKind, pull: Pull, details: WebhookDetails = {}): StubWebhook {
  const { event, payload, by } = payloadOf(sent, kind, pull, details)
  const { installation, owner } = pull.repository
  const sender = details.sender === undefined ? by : sent.state.account(details.sender)
  const body = JSON.stringify({
    ...payload,
    repository: full('repository', sent.shapes.repository(pull.repository)),
    organization: { id: owner.id, login: owner.login },
    sender: full('simple-user', sent.shapes.account(sender)),
    installation: { id: installation.id, node_id: Buffer.from(`Installation${installation.id}`).toString('base64') },
  })
  const sign = (algorithm: string): string =>
    createHmac(algorithm, details.secret ?? sent.secret)
      .update(body)
      .digest('hex')
  return {
    path: '/api/github/webhooks',
    headers: {
      accept: '*/*',
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/4b7c1d2',
      'x-github-delivery': details.delivery ?? randomUUID(),
      'x-github-event': event,
      'x-github-hook-id': '487654321',
      'x-github-hook-installation-target-id': '1234567',
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature': `sha1=${sign('sha1')}`,
      'x-hub-signature-256': `sha256=${sign('sha256')}`,
    },
    body,
  }
}

interface Payload {
  event: string
  payload: Record<string, unknown>
  by: Account
}

function payloadOf({ state, shapes, url }: Sent, kind: WebhookKind, pull: Pull, { comment }: WebhookDetails): Payload {
  const at = `${url}/${pull.repository.names[0]}/pull/${pull.number}`
  if (kind === 'commented') return commentPayload(state, shapes, pull, comment, at)
  if (kind === 'rerun') {
    const run = state.checkRuns.findLast(({ sha, isOfApp }) => sha === pull.headSha && isOfApp) ?? newRun(pull)
    const others = { pull_requests: pull.fork ? [] : [{ id: pull.id, number: pull.number, head: { sha: pull.headSha } }] }
    return {
      event: 'check_run',
      payload: { action: 'rerequested', check_run: { ...full('check-run', shapes.checkRun(run)), ...others } },
      by: pull.author,
    }
  }
  if (kind === 'unrelated') return { event: 'star', payload: { action: 'created', starred_at: pull.createdAt }, by: pull.author }
  const heads = kind === 'pushed' ? { before: pull.heads.at(-2) ?? pull.headSha, after: pull.headSha } : {}
  const payload = { action: ACTIONS[kind], number: pull.number, ...heads, pull_request: full('pull-request', shapes.pull(pull)) }
  return { event: 'pull_request', payload, by: pull.author }
}

function commentPayload(state: State, shapes: Shapes, pull: Pull, ref: CommentRef | undefined, at: string): Payload {
  if (!ref) throw new Error('Say which comment: the answer of comment()')
  const inThread = state.threads.flatMap(({ comments }) => comments).find(({ id }) => id === ref.id)
  if (inThread) {
    const comment = full('pull-request-review-comment', shapes.reviewComment(inThread))
    const { merged: _merged, commits: _commits, ...simple } = shapes.pull(pull)
    const payload = { action: 'created', comment, pull_request: full('pull-request-simple', simple) }
    return { event: 'pull_request_review_comment', payload, by: inThread.author ?? pull.author }
  }
  const plain = state.comments.find(({ id }) => id === ref.id)
  if (!plain) throw new Error(`There is no comment ${ref.id}`)
  const {
    url,
    html_url,
    number,
    state: open,
    title,
    user,
    draft,
    locked,
    author_association,
    created_at,
    updated_at,
  } = shapes.pull(pull) as Record<string, string>
  const issue = {
    id: pull.id + 1,
    url: url?.replace('/pulls/', '/issues/'),
    ...{ html_url, number, title, user: full('simple-user', user), state: open, locked, draft, author_association, created_at, updated_at },
    labels: [],
    assignees: [],
    body: null,
    comments: state.comments.filter((one) => one.pull === pull).length,
    // Only this tells a comment of a pull request from one of an issue.
    pull_request: { url, html_url, diff_url: `${at}.diff`, patch_url: `${at}.patch`, merged_at: null },
  }
  return {
    event: 'issue_comment',
    payload: { action: 'created', issue, comment: full('issue-comment', shapes.comment(plain)) },
    by: plain.author ?? pull.author,
  }
}

function full(schema: string, value: unknown): Record<string, unknown> {
  return complete(findSchema(schema), value, []) as Record<string, unknown>
}

/** A run that this GitHub was never told of, for a re-run out of nothing. */
function newRun(pull: Pull): CheckRun {
  return {
    ...{
      id: pull.id + 2,
      repository: pull.repository,
      name: 'pgwitness',
      sha: pull.headSha,
      externalId: '',
      detailsUrl: undefined,
      status: 'completed',
    },
    ...{
      conclusion: 'neutral',
      startedAt: pull.createdAt,
      completedAt: pull.createdAt,
      title: null,
      summary: null,
      text: null,
      annotations: [],
      isOfApp: true,
    },
  }
}
