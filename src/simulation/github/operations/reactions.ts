import { authorOf, type Call, type Operations, page, pullOf } from '../call.ts'
import type { Reaction } from '../state.ts'
import { commentOf } from './comments.ts'
import { reviewCommentOf } from './reviews.ts'

export const REACTIONS: Operations = {
  'reactions/create-for-issue': (call) => react(call, pullOf(call).reactions),
  'reactions/create-for-issue-comment': (call) => react(call, commentOf(call).reactions),
  'reactions/create-for-pull-request-review-comment': (call) => react(call, reviewCommentOf(call).reactions),
  'reactions/list-for-issue': (call) => list(call, pullOf(call).reactions),
  'reactions/list-for-issue-comment': (call) => list(call, commentOf(call).reactions),
  'reactions/list-for-pull-request-review-comment': (call) => list(call, reviewCommentOf(call).reactions),
}

/** The same reaction of the same account again is the one there is: 200 instead of 201. */
function react(call: Call, reactions: Reaction[]): { status: number; body: unknown } {
  const { author } = authorOf(call)
  const { content } = call.body
  const known = reactions.find((one) => one.author === author && one.content === content)
  if (known) return { status: 200, body: call.shapes.reaction(known) }
  const reaction: Reaction = { id: call.state.nextId(), author, content, createdAt: call.state.now() }
  reactions.push(reaction)
  return { status: 201, body: call.shapes.reaction(reaction) }
}

function list(call: Call, reactions: Reaction[]): ReturnType<typeof page> {
  const content = call.query.get('content')
  return page(
    call,
    reactions.filter((one) => content === null || one.content === content),
    call.shapes.reaction,
  )
}
