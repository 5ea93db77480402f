import type { Evidence } from '../experiments/evidence.ts'
import { effectsInWords } from '../review/effects-in-words.ts'
import type { Review } from '../review/review.ts'
import { cloneName } from './coverage-line.ts'

/** What was seen, in a line: effects in words, anything else by its own summary; then where. */
export function evidenceInWords(evidence: Evidence, review: Review): string {
  const seen = evidence.kind === 'effects' ? effectsInWords(evidence.effects) : evidence.summary
  return `${seen} (${cloneName(review) ?? evidence.clone})`
}
