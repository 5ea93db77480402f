import { maySee } from '../actors.ts'
import type { ReviewComment, Thread } from '../state.ts'
import { FieldFailure, type Node } from './execute.ts'
import { commentNode, threadNode } from './nodes.ts'
import { type Asked, demandWrite, viewerOf } from './viewer.ts'

export function mutationRoot(asked: Asked): Node {
  const set = (isResolved: boolean, payload: string) => {
    return ({ input }: { input: { threadId: string; clientMutationId?: string } }) => {
      const thread = findThread(asked, input.threadId)
      demandWrite(asked, ['pull_requests', 'contents'])
      const [first] = thread.comments
      // Who may write may do this to any thread. Ours are those that we began.
      if (first?.id === thread.rootId && first.author !== viewerOf(asked))
        asked.violations.push(`graphql: thread ${thread.rootId} is somebody else's`)
      thread.resolvedBy = isResolved ? (thread.resolvedBy ?? viewerOf(asked)) : undefined
      return { __typename: payload, clientMutationId: input.clientMutationId, thread: threadNode(asked, thread) }
    }
  }
  return {
    __typename: 'Mutation',
    resolveReviewThread: set(true, 'ResolveReviewThreadPayload'),
    unresolveReviewThread: set(false, 'UnresolveReviewThreadPayload'),
    addPullRequestReviewThreadReply: ({
      input,
    }: {
      input: { pullRequestReviewThreadId: string; body: string; clientMutationId?: string }
    }) => {
      const thread = findThread(asked, input.pullRequestReviewThreadId)
      demandWrite(asked, ['pull_requests'])
      if (input.body.trim() === '') throw new FieldFailure('UNPROCESSABLE', "Body can't be blank")
      const now = asked.state.now()
      const comment: ReviewComment = {
        id: asked.state.nextId(),
        thread,
        pull: thread.pull,
        author: viewerOf(asked),
        body: input.body,
        reviewId: asked.state.nextId(),
        reactions: [],
        createdAt: now,
        updatedAt: now,
      }
      thread.comments.push(comment)
      return {
        __typename: 'AddPullRequestReviewThreadReplyPayload',
        clientMutationId: input.clientMutationId,
        comment: commentNode(asked, comment),
      }
    },
  }
}

function findThread({ state, actor }: Asked, id: string): Thread {
  const thread = state.threads.find((one) => one.nodeId === id && one.comments.length > 0)
  if (!thread || !maySee(actor, thread.pull.repository))
    throw new FieldFailure('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'.`)
  return thread
}
