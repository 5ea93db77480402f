import { authorOf, type Call, type Operations, page, pullOf, repositoryOf } from '../call.ts'
import { invalid, notFound, Refusal } from '../refusal.ts'
import type { Pull, Review, ReviewComment, Thread } from '../state.ts'
import { checkBody, refuseLocked, refuseOthers } from './comments.ts'
import { checkCommit, filesOf, newThread, placeComment, refusalOfComment, refusalOfReview, type WantedLine } from './lines.ts'

const STATES: Record<string, Review['state']> = { APPROVE: 'APPROVED', REQUEST_CHANGES: 'CHANGES_REQUESTED', COMMENT: 'COMMENTED' }

/** Reviews, and comments at lines of the diff. */
export const REVIEWS: Operations = {
  'pulls/create-review': createReview,
  'pulls/list-reviews': (call) => {
    const pull = pullOf(call)
    return page(
      call,
      call.state.reviews.filter((review) => review.pull === pull),
      call.shapes.review,
    )
  },
  'pulls/list-review-comments': (call) => {
    const pull = pullOf(call)
    const comments = call.state.threads.filter((thread) => thread.pull === pull).flatMap((thread) => thread.comments)
    const field = call.query.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
    const sign = call.query.get('direction') === 'desc' ? -1 : 1
    const since = call.query.get('since') ?? ''
    const sorted = comments.filter(({ updatedAt }) => updatedAt >= since).sort((a, b) => sign * (a[field] < b[field] ? -1 : 1))
    return page(call, sorted, call.shapes.reviewComment)
  },
  'pulls/create-review-comment': createComment,
  'pulls/create-reply-for-review-comment': (call) => {
    const pull = pullOf(call)
    return reply(call, pull, Number(call.path.comment_id))
  },
  'pulls/get-review-comment': (call) => ({ status: 200, body: call.shapes.reviewComment(reviewCommentOf(call)) }),
  'pulls/update-review-comment': (call) => {
    const comment = reviewCommentOf(call)
    refuseOthers(call, comment)
    checkBody('PullRequestReviewComment', call.body.body)
    comment.body = call.body.body
    comment.updatedAt = call.state.now()
    return { status: 200, body: call.shapes.reviewComment(comment) }
  },
  'pulls/delete-review-comment': (call) => {
    const comment = reviewCommentOf(call)
    refuseOthers(call, comment)
    comment.thread.comments = comment.thread.comments.filter((one) => one !== comment)
    return { status: 204 }
  },
}

async function createReview(call: Call): Promise<{ status: number; body: unknown }> {
  const pull = pullOf(call)
  const { author } = authorOf(call)
  const { event, body = '', comments = [], commit_id: sha = pull.headSha } = call.body
  refuseLocked(pull)
  if (event === undefined) call.violations.push('pulls/create-review: without an event a review stays pending and nobody sees it')
  if (event === 'REQUEST_CHANGES' && body === '') throw new Refusal(422, 'Unprocessable Entity', ["Body can't be blank"])
  if (body === '' && comments.length === 0 && event !== 'APPROVE') throw new Refusal(422, 'Unprocessable Entity', ["Body can't be blank"])
  if (event !== 'COMMENT' && author === pull.author)
    throw new Refusal(422, 'Unprocessable Entity', ['Can not approve your own pull request'])
  if (!pull.heads.includes(sha)) throw new Refusal(422, 'Unprocessable Entity', ['No commit found for SHA'])
  if (body !== '') checkBody('PullRequestReview', body)
  const files = await filesOf(pull, sha)
  // All or nothing: one comment that has no place, and none is made.
  const placed = comments.map((comment: WantedLine & { body: string; position?: number }) => {
    if (comment.position !== undefined) call.violations.push('pulls/create-review: position is deprecated')
    if (comment.body.trim() === '') throw new Refusal(422, 'Unprocessable Entity', ["Body can't be blank"])
    if ([...comment.body].length > 65_536)
      throw new Refusal(422, 'Unprocessable Entity', ['Body is too long (maximum is 65536 characters)'])
    const place = comment.line === undefined ? { fault: 'line' as const } : placeComment(files, comment)
    if ('fault' in place) throw refusalOfReview(place.fault)
    return { comment, excerpt: place.excerpt }
  })
  const review = addReview(call, pull, STATES[event] ?? 'PENDING', body, sha)
  for (const { comment, excerpt } of placed)
    addComment(call, await newThread(call.state, pull, comment, sha, excerpt), comment.body, review.id)
  return { status: 200, body: call.shapes.review(review) }
}

async function createComment(call: Call): Promise<{ status: number; body: unknown }> {
  const pull = pullOf(call)
  const { body, commit_id: sha, path, line, side, start_line, start_side, in_reply_to } = call.body
  if (in_reply_to !== undefined) return reply(call, pull, in_reply_to)
  refuseLocked(pull)
  checkBody('PullRequestReviewComment', body)
  checkCommit(pull, sha)
  if (call.body.position !== undefined) call.violations.push('pulls/create-review-comment: position is deprecated')
  // Comments on whole files are nothing that is wanted here.
  if (line === undefined) throw invalid('PullRequestReviewComment', 'line', 'line is missing')
  const wanted: WantedLine = { path, line, side, start_line, start_side }
  const place = placeComment(await filesOf(pull, sha), wanted)
  if ('fault' in place) throw refusalOfComment(place.fault)
  const review = addReview(call, pull, 'COMMENTED', '', sha)
  const comment = addComment(call, await newThread(call.state, pull, wanted, sha, place.excerpt), body, review.id)
  return { status: 201, body: call.shapes.reviewComment(comment) }
}

/** Only the first comment of a thread can be answered; also when it was deleted there is no thread to answer in. */
function reply(call: Call, pull: Pull, id: number): { status: number; body: unknown } {
  refuseLocked(pull)
  const thread = call.state.threads.find((one) => one.pull === pull && one.comments.some((comment) => comment.id === id))
  if (!thread) throw notFound()
  if (thread.rootId !== id) call.violations.push(`${call.id}: comment ${id} is an answer itself; GitHub supports no answers to answers`)
  checkBody('PullRequestReviewComment', call.body.body)
  const review = addReview(call, pull, 'COMMENTED', '', pull.headSha)
  return { status: 201, body: call.shapes.reviewComment(addComment(call, thread, call.body.body, review.id)) }
}

function addReview(call: Call, pull: Pull, state: Review['state'], body: string, sha: string): Review {
  const review: Review = { id: call.state.nextId(), pull, author: authorOf(call).author, body, state, sha, createdAt: call.state.now() }
  call.state.reviews.push(review)
  return review
}

function addComment(call: Call, thread: Thread, body: string, reviewId: number): ReviewComment {
  const now = call.state.now()
  const id = thread.comments.length === 0 ? thread.rootId : call.state.nextId()
  const { author } = authorOf(call)
  const comment: ReviewComment = { id, thread, pull: thread.pull, author, body, reviewId, reactions: [], createdAt: now, updatedAt: now }
  thread.comments.push(comment)
  return comment
}

export function reviewCommentOf(call: Call): ReviewComment {
  const repository = repositoryOf(call)
  const id = Number(call.path.comment_id)
  const found = call.state.threads.flatMap(({ comments }) => comments).find((one) => one.id === id && one.pull.repository === repository)
  if (!found) throw notFound()
  return found
}
