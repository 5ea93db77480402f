import type { Baseline } from './baseline-file.ts'
import type { Finding } from './finding.ts'

/** The baseline that mutes these findings, in a stable order. Refuted ones need no muting. */
export function baselineOf(findings: readonly Finding[]): Baseline {
  const known = findings.filter(({ verdict, suppressed }) => verdict !== 'refuted' && !suppressed)
  const sorted = known.toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line || a.rule.localeCompare(b.rule))
  return {
    version: 1,
    findings: Object.fromEntries(sorted.map(({ fingerprint, rule, path, line }) => [fingerprint, { rule, path, line }])),
  }
}

/** The findings with the known ones marked as suppressed. */
export function applyBaseline(findings: readonly Finding[], baseline: Baseline | undefined, path: string): Finding[] {
  if (!baseline) return [...findings]
  return findings.map((finding) =>
    finding.suppressed || !Object.hasOwn(baseline.findings, finding.fingerprint)
      ? finding
      : { ...finding, suppressed: { by: path, reason: 'known before', baseline: true } },
  )
}
