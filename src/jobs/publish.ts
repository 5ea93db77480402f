import type { Forge, MergeRequest } from '../forges/forge.ts'
import { renderComments } from '../reports/comment.ts'
import type { Review } from '../review/review.ts'

export interface PublishOptions {
  inlineComments: number
  /** Findings from this severity on make the status a failure. */
  failOn: string
  /** `@pgwitness`. */
  mention: string | undefined
}

/** `superseded`: there is a newer commit, whose review is on its way. `quiet`: nothing about Postgres, and nothing was said before. */
export type Published = 'published' | 'quiet' | 'superseded' | 'closed'

/** Says what a review found where the change is reviewed. Done twice it changes nothing; cut off in the middle, the next one ends it. */
export async function publish(
  forge: Forge,
  request: MergeRequest,
  review: Review,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<Published> {
  const now = await forge.fetchMergeRequest(request, signal)
  if (now.headSha !== request.headSha) return 'superseded'
  if (now.state !== 'open') return 'closed'
  const before = await forge.fetchSummary(request, signal)
  const comments = renderComments(review, { ...options, request, maxLength: forge.maxBodyLength, before })
  if (comments.isQuiet) {
    await forge.ensureStatus(request, comments.status, signal)
    return 'quiet'
  }
  // Threads first: what finds no place there belongs into the summary.
  const threads = await forge.ensureThreads(request, comments.inline, comments.told, signal)
  await forge.ensureSummary(request, comments.summary(threads), signal)
  await forge.ensureStatus(request, comments.status, signal)
  return 'published'
}
