import type { Review } from '../review/review.ts'
import { LIMITS } from './limits.ts'
import { renderSummary } from './summary.ts'

/** The summary of a review without the comments at lines that a forge adds; never longer than LIMITS.markdown. */
export function renderMarkdown(review: Review): string {
  return renderSummary(review, { maxLength: LIMITS.markdown, links: new Map(), gone: new Map(), mention: undefined })
}
