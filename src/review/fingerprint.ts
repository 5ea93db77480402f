import { createHash } from 'node:crypto'

/**
 * Names a finding across rebases: rule, path and normalised statement, no line numbers. `occurrence` tells apart
 * equal statements of one file, zero-based.
 */
export function fingerprintOf(rule: string, path: string, normalisedStatement: string, occurrence: number): string {
  const parts = [rule, path, normalisedStatement, ...(occurrence > 0 ? [String(occurrence)] : [])]
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32)
}
