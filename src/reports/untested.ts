import { count, shortList } from '../review/lists.ts'
import type { Review, ReviewedStatement } from '../review/review.ts'
import { LIMITS } from './limits.ts'

/** A reason why effects are not or not fully measured, and where it applies (`migrations/7.sql:3`). */
interface Untested {
  reason: string
  places: string[]
}

/** Grouped by reason, the reason with most places first. Without `partly`, only statements of which nothing was seen. */
export function untestedStatements(review: Review, partly = true): Untested[] {
  if (review.clone === 'none') return []
  const byReason = new Map<string, string[]>()
  for (const { script, statements } of review.scripts) {
    for (const reviewed of statements) {
      const reason = partly || !reviewed.measurement?.effects ? whyUntested(reviewed) : undefined
      if (reason !== undefined) byReason.set(reason, [...(byReason.get(reason) ?? []), `${script.path}:${reviewed.statement.line}`])
    }
  }
  return [...byReason].map(([reason, places]) => ({ reason, places })).toSorted((a, b) => b.places.length - a.places.length)
}

/** Undefined when the effects were measured in full. */
export function whyUntested({ statement, measurement }: ReviewedStatement): string | undefined {
  if (measurement === undefined) return statement.syntaxError ? 'cannot be parsed' : 'was not run'
  return measurement.unmeasured ?? (measurement.effects ? undefined : 'its effects could not be observed')
}

/** What the reader should know about the run itself, a sentence each: the notes, then what of the base could not be replayed. */
export function remarks(review: Review): string[] {
  const skipped = review.skippedBase.map(({ path, line, reason }) => `${path}:${line} (${reason})`)
  const notes = review.notes.slice(0, LIMITS.list)
  return [
    ...notes,
    ...(review.notes.length > notes.length ? [`and ${count(review.notes.length - notes.length, 'more note')}`] : []),
    ...(skipped.length > 0 ? [`${count(skipped.length, 'statement')} of the base could not be replayed: ${shortList(skipped)}`] : []),
  ]
}
