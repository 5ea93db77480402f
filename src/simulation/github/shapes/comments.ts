import type { IssueComment, Reaction, Review, ReviewComment } from '../state.ts'
import { accountShape, appShape, nodeId, type Place, type Shape } from './account.ts'
import { pullPage, pullUrl } from './pull.ts'

const REACTIONS = ['+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes'] as const

export function commentShape(place: Place, comment: IssueComment): Shape {
  const { author, pull } = comment
  const at = `${place.url}/repos/${pull.repository.names[0]}/issues/comments/${comment.id}`
  return {
    ...commonShape(place, comment, at),
    node_id: nodeId('IC', comment.id),
    html_url: `${pullPage(place, pull)}#issuecomment-${comment.id}`,
    issue_url: `${place.url}/repos/${pull.repository.names[0]}/issues/${pull.number}`,
    performed_via_github_app: author?.type === 'Bot' ? appShape(place, comment.isOfApp) : null,
  }
}

export function reviewCommentShape(place: Place, comment: ReviewComment): Shape {
  const { thread, pull } = comment
  const { current, original } = thread
  const at = `${place.url}/repos/${pull.repository.names[0]}/pulls/comments/${comment.id}`
  const page = `${pullPage(place, pull)}#discussion_r${comment.id}`
  return {
    ...commonShape(place, comment, at),
    node_id: nodeId('PRRC', comment.id),
    html_url: page,
    pull_request_url: pullUrl(place, pull),
    pull_request_review_id: comment.reviewId,
    path: thread.path,
    diff_hunk: thread.hunk,
    subject_type: 'line',
    side: thread.side,
    start_side: thread.startSide ?? null,
    // Null when the line was changed since.
    line: current?.line ?? null,
    start_line: current?.startLine ?? null,
    original_line: original.line,
    original_start_line: original.startLine ?? null,
    commit_id: current?.sha ?? original.sha,
    original_commit_id: original.sha,
    ...(comment.id === thread.rootId ? {} : { in_reply_to_id: thread.rootId }),
    _links: { self: { href: at }, html: { href: page }, pull_request: { href: pullUrl(place, pull) } },
  }
}

function commonShape(place: Place, comment: Omit<IssueComment, 'isOfApp'>, at: string): Shape {
  const { id, body, author, reactions, createdAt, updatedAt } = comment
  const counts = REACTIONS.map((content) => [content, reactions.filter((one) => one.content === content).length])
  return {
    id,
    url: at,
    body,
    user: author && accountShape(place, author),
    author_association: author?.type === 'Bot' ? 'NONE' : 'CONTRIBUTOR',
    reactions: { url: `${at}/reactions`, total_count: reactions.length, ...Object.fromEntries(counts) },
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

export function reviewShape(place: Place, { id, author, body, state, sha, pull, createdAt }: Review): Shape {
  const page = `${pullPage(place, pull)}#pullrequestreview-${id}`
  return {
    id,
    node_id: nodeId('PRR', id),
    user: accountShape(place, author),
    body,
    state,
    commit_id: sha,
    html_url: page,
    pull_request_url: pullUrl(place, pull),
    submitted_at: createdAt,
    author_association: 'CONTRIBUTOR',
    _links: { html: { href: page }, pull_request: { href: pullUrl(place, pull) } },
  }
}

export function reactionShape(place: Place, { id, author, content, createdAt }: Reaction): Shape {
  return { id, node_id: nodeId('REA', id), user: accountShape(place, author), content, created_at: createdAt }
}
