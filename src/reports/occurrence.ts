import type { Finding } from '../review/finding.ts'

/**
 * Numbers findings that share a fingerprint (the same statement twice in a file) from 1 in the order given, because readers of
 * SARIF and Code Quality take equal fingerprints for one problem.
 */
export function numberOccurrences(findings: readonly Finding[]): Map<Finding, number> {
  const seen = new Map<string, number>()
  return new Map(
    findings.map((finding) => {
      const occurrence = (seen.get(finding.fingerprint) ?? 0) + 1
      seen.set(finding.fingerprint, occurrence)
      return [finding, occurrence]
    }),
  )
}
