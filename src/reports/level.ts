import type { Finding } from '../review/finding.ts'

/**
 * How loud a finding is in formats that know three volumes (SARIF, GitHub annotations). A suspicion is one step quieter than
 * the same claim confirmed.
 */
export function levelOf(finding: Finding): 'error' | 'warning' | 'note' {
  const confirmed = finding.verdict === 'confirmed'
  switch (finding.severity) {
    case 'critical':
    case 'high':
      return confirmed ? 'error' : 'warning'
    case 'medium':
      return confirmed ? 'warning' : 'note'
    default:
      return 'note'
  }
}
