import { accountShape, appShape, type Place, repositoryShape, type Shape } from './shapes/account.ts'
import { checkRunShape, statusShape } from './shapes/checks.ts'
import { commentShape, reactionShape, reviewCommentShape, reviewShape } from './shapes/comments.ts'
import { pullShape } from './shapes/pull.ts'
import type {
  Account,
  CheckRun,
  CommitStatus,
  IssueComment,
  Pull,
  Reaction,
  Review,
  ReviewComment,
  State,
  StubRepository,
} from './state.ts'

/** How state looks in answers and webhooks. What the description demands beside this is filled in by `complete()`. */
export interface Shapes {
  account(account: Account): Shape
  app(): Shape
  repository(repository: StubRepository): Shape
  pull(pull: Pull): Shape
  comment(comment: IssueComment): Shape
  reviewComment(comment: ReviewComment): Shape
  review(review: Review): Shape
  reaction(reaction: Reaction): Shape
  checkRun(run: CheckRun): Shape
  status(status: CommitStatus): Shape
}

export function newShapes(place: Place, state: State): Shapes {
  return {
    account: (account) => accountShape(place, account),
    app: () => appShape(place),
    repository: (repository) => repositoryShape(place, repository),
    pull: (pull) => pullShape(place, pull),
    comment: (comment) => commentShape(place, comment),
    reviewComment: (comment) => reviewCommentShape(place, comment),
    review: (review) => reviewShape(place, review),
    reaction: (reaction) => reactionShape(place, reaction),
    checkRun: (run) => checkRunShape(place, run, state.pulls),
    status: (status) => statusShape(place, status),
  }
}
