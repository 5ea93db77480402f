import type { Finding, Verdict } from '../review/finding.ts'
import { count } from '../review/lists.ts'
import { SEVERITIES } from '../rules/rule.ts'

/** The findings of a review by what a report does with them, each part worst first. */
export interface OrderedFindings {
  /** Confirmed and suspected: what the reader has to look at. */
  shown: Finding[]
  /** Checked and harmless. */
  refuted: Finding[]
  /** Muted by a comment or the baseline. A refuted one is counted as refuted: nothing was there to mute. */
  suppressed: Finding[]
}

export function orderFindings(findings: readonly Finding[]): OrderedFindings {
  const ordered = findings.toSorted(compareFindings)
  return {
    shown: ordered.filter((finding) => finding.verdict !== 'refuted' && !finding.suppressed),
    refuted: ordered.filter((finding) => finding.verdict === 'refuted'),
    suppressed: ordered.filter((finding) => finding.verdict !== 'refuted' && finding.suppressed),
  }
}

const VERDICTS = ['confirmed', 'suspected', 'refuted'] as const

/** Severe before mild, a suspicion after what is confirmed of the next milder severity, what is refuted last, then by place. Compares code units, so that no locale changes the order. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    weight(b) - weight(a) ||
    VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
    compareText(a.path, b.path) ||
    a.line - b.line ||
    a.startByte - b.startByte ||
    compareText(a.rule, b.rule)
  )
}

function weight({ severity, verdict }: Finding): number {
  return SEVERITIES.indexOf(severity) - MILDER[verdict]
}

const MILDER: Record<Verdict, number> = { confirmed: 0, suspected: 1, refuted: SEVERITIES.length }

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** `2 confirmed, 1 suspected`; empty when there is nothing to show. */
export function verdictCounts(shown: readonly Finding[]): string {
  return VERDICTS.map((verdict) => ({ verdict, number: shown.filter((finding) => finding.verdict === verdict).length }))
    .filter(({ number }) => number > 0)
    .map(({ verdict, number }) => `${number} ${verdict}`)
    .join(', ')
}

/** `31 findings confirmed`, `3 findings: 2 confirmed, 1 suspected`. */
export function findingCounts(shown: readonly Finding[]): string {
  const [first] = shown
  const findings = count(shown.length, 'finding')
  return first && shown.every(({ verdict }) => verdict === first.verdict)
    ? `${findings} ${first.verdict}`
    : `${findings}: ${verdictCounts(shown)}`
}
