import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'
import type { Severity } from '../rules/rule.ts'
import { orderFindings } from './finding-order.ts'
import { jsonText } from './json-text.ts'
import { numberOccurrences } from './occurrence.ts'
import { oneLine } from './printable.ts'

/**
 * GitLab's Code Quality report, a bare array, so it is the one report without a coverage line:
 * https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
 */
export function renderCodeQuality(review: Review): string {
  const { shown } = orderFindings(review.findings)
  const occurrences = numberOccurrences(shown)
  const issues = shown.map((finding) => {
    const occurrence = occurrences.get(finding) ?? 1
    return {
      description: `${oneLine(finding.message)} (${finding.verdict})`,
      check_name: finding.rule,
      fingerprint: occurrence === 1 ? finding.fingerprint : `${finding.fingerprint}-${occurrence}`,
      severity: severityOf(finding),
      location: { path: finding.path.replace(/^\.\//, ''), lines: { begin: Math.max(1, finding.line) } },
    }
  })
  return jsonText(issues)
}

const NAMES = ['info', 'minor', 'major', 'critical', 'blocker'] as const
const RANKS: Record<Severity, number> = { info: 0, low: 1, medium: 2, high: 3, critical: 4 }

/** GitLab's five names stand for ours one by one; a suspicion is one step milder. */
function severityOf(finding: Finding): (typeof NAMES)[number] {
  const rank = RANKS[finding.severity] - (finding.verdict === 'confirmed' ? 0 : 1)
  return NAMES[Math.max(0, rank)] ?? 'info'
}
