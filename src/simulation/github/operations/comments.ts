import { authorOf, type Call, type Operations, page, pullOf, repositoryOf } from '../call.ts'
import { invalid, notFound, Refusal } from '../refusal.ts'
import type { IssueComment, Pull } from '../state.ts'

/** Characters of a comment; one more is refused. */
const MAX_BODY = 65_536

/** Comments under a pull request, which GitHub calls comments of its issue. */
export const COMMENTS: Operations = {
  'issues/list-comments': (call) => {
    const pull = pullOf(call)
    const since = call.query.get('since') ?? ''
    const comments = call.state.comments.filter((comment) => comment.pull === pull && comment.updatedAt >= since)
    return page(call, comments, call.shapes.comment)
  },
  'issues/create-comment': (call) => {
    const pull = pullOf(call)
    refuseLocked(pull)
    checkBody('IssueComment', call.body.body)
    const { author, isOfApp } = authorOf(call)
    const now = call.state.now()
    const comment: IssueComment = {
      id: call.state.nextId(),
      pull,
      author,
      isOfApp,
      body: call.body.body,
      reactions: [],
      createdAt: now,
      updatedAt: now,
    }
    call.state.comments.push(comment)
    return { status: 201, body: call.shapes.comment(comment) }
  },
  'issues/get-comment': (call) => ({ status: 200, body: call.shapes.comment(commentOf(call)) }),
  'issues/update-comment': (call) => {
    const comment = commentOf(call)
    refuseOthers(call, comment)
    checkBody('IssueComment', call.body.body)
    comment.body = call.body.body
    comment.updatedAt = call.state.now()
    return { status: 200, body: call.shapes.comment(comment) }
  },
  'issues/delete-comment': (call) => {
    const comment = commentOf(call)
    refuseOthers(call, comment)
    call.state.comments = call.state.comments.filter((one) => one !== comment)
    return { status: 204 }
  },
}

export function commentOf(call: Call): IssueComment {
  const repository = repositoryOf(call)
  const found = call.state.comments.find(({ id, pull }) => id === Number(call.path.comment_id) && pull.repository === repository)
  if (!found) throw notFound()
  return found
}

export function checkBody(resource: string, body: string): void {
  if (body.trim() === '') throw invalid(resource, 'body', "body can't be blank")
  if ([...body].length > MAX_BODY) {
    const message = `body is too long (maximum is ${MAX_BODY} characters)`
    throw new Refusal(422, 'Validation Failed', [{ resource, code: 'unprocessable', field: 'data', message }])
  }
}

export function refuseLocked(pull: Pull): void {
  if (pull.repository.isArchived) throw new Refusal(403, 'Repository was archived so is read-only.')
  if (pull.isLocked) throw new Refusal(403, 'Unable to create comment because issue is locked.')
}

/** An app may change its own comments; with the right to write, those of others too, which ours must never do. */
export function refuseOthers(call: Call, comment: { author: IssueComment['author']; id: number }): void {
  if (comment.author !== authorOf(call).author) call.violations.push(`${call.id}: comment ${comment.id} is somebody else's`)
}
