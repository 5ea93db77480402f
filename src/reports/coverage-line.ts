import { count } from '../review/lists.ts'
import type { Review } from '../review/review.ts'
import { orderFindings, verdictCounts } from './finding-order.ts'

/**
 * One line that every report for people ends with: what was looked at, with what, and what came of it.
 * `pgwitness: 3 files, 12 statements, 11 measured on embedded Postgres 18.6, no model; 2 confirmed (1 claim checked and refuted)`.
 */
export function coverageLine(review: Review): string {
  const { files, statements, parsed } = review.coverage
  const looked =
    files === 0
      ? ['no SQL to look at']
      : [count(files, 'file'), count(statements, 'statement'), ...(parsed < statements ? [`${statements - parsed} unreadable`] : [])]
  return `pgwitness: ${[...looked, ...means(review)].join(', ')}; ${outcome(review)}`
}

/** `embedded Postgres 18.6`, or undefined when nothing was run. */
export function cloneName(review: Review): string | undefined {
  if (review.clone === 'none') return undefined
  return [review.clone, 'Postgres', ...(review.cloneVersion?.split(' ').slice(0, 1) ?? [])].join(' ')
}

function means(review: Review): string[] {
  const clone = cloneName(review)
  const model = review.model === null ? ['no model'] : []
  if (clone === undefined) return ['nothing measured', 'no clone', ...model, `for Postgres ${review.postgres}`]
  const otherVersion = Number.parseInt(review.cloneVersion ?? `${review.postgres}`, 10) !== review.postgres
  return [`${review.coverage.measured} measured on ${clone}`, ...model, ...(otherVersion ? [`for Postgres ${review.postgres}`] : [])]
}

function outcome(review: Review): string {
  const { shown, refuted, suppressed } = orderFindings(review.findings)
  const aside = [
    ...(refuted.length > 0 ? [`${count(refuted.length, 'claim')} checked and refuted`] : []),
    ...(suppressed.length > 0 ? [`${suppressed.length} suppressed`] : []),
  ]
  return (verdictCounts(shown) || 'nothing found') + (aside.length > 0 ? ` (${aside.join(', ')})` : '')
}
