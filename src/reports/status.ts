import type { Annotation, Status } from '../forges/forge.ts'
import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'
import { SEVERITIES } from '../rules/rule.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { findingCounts, orderFindings } from './finding-order.ts'
import { fixInWords } from './fix-in-words.ts'
import { levelOf } from './level.ts'
import { clip, LIMITS } from './limits.ts'
import { renderMarkdown } from './markdown.ts'
import { oneLine, printable } from './printable.ts'

/** The check run or commit status of a review. Findings from `failOn` on make it a failure, `never` makes none; refuted and muted ones do not count. */
export function statusOf(review: Review, failOn: string): Status {
  const { shown } = orderFindings(review.findings)
  const limit: number = (SEVERITIES as readonly string[]).indexOf(failOn)
  const failing = limit < 0 ? [] : shown.filter(({ severity }) => SEVERITIES.indexOf(severity) >= limit)
  return {
    state: failing.length > 0 ? 'failure' : 'success',
    title: clip(titleOf(review, shown, failing.length > 0 ? `${failing.length} ${failOn} or worse` : undefined), LIMITS.title),
    summary: renderMarkdown(review),
    annotations: shown.map((finding) => annotationOf(finding, review)),
  }
}

function titleOf(review: Review, shown: readonly Finding[], failing: string | undefined): string {
  const found = shown.length === 0 ? 'Nothing found' : findingCounts(shown)
  const isRun = review.clone !== 'none' || review.coverage.statements === 0
  return [found, ...(failing === undefined ? [] : [failing]), ...(isRun ? [] : ['nothing was run'])].join('; ')
}

/** Plain text: forges show it as it is. */
function annotationOf(finding: Finding, review: Review): Annotation {
  const { path, line, endLine, rule, severity, verdict, message, evidence, fix } = finding
  const seen = evidence.map((item) => `Seen: ${oneLine(evidenceInWords(item, review))}`)
  const lines = [oneLine(message), ...seen, ...(fix ? [printable(fixInWords(fix))] : [])]
  const level = { error: 'failure', warning: 'warning', note: 'notice' } as const
  return {
    path,
    line,
    endLine,
    level: level[levelOf(finding)],
    title: oneLine(clip(`${rule} (${severity}, ${verdict})`, LIMITS.cell)),
    message: clip(lines.join('\n'), LIMITS.annotation),
  }
}
