import type { Finding } from '../review/finding.ts'

/** What a finding is called in conversation: the beginning of its fingerprint. */
export function shortNumber({ fingerprint }: Pick<Finding, 'fingerprint'>): string {
  return fingerprint.slice(0, 8)
}
