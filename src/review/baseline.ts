import { z } from 'zod'
import { UserError } from '../errors.ts'
import type { Finding } from './finding.ts'

/** Known findings by fingerprint; what is written beside it is for the reader. */
const BaselineFile = z.strictObject({
  version: z.literal(1),
  findings: z.record(z.string(), z.strictObject({ rule: z.string(), path: z.string(), line: z.int() })),
})
export type Baseline = z.infer<typeof BaselineFile>

/** Throws a UserError for a file that is no baseline. */
export function parseBaseline(text: string, path: string): Baseline {
  const result = BaselineFile.safeParse(parseJson(text, path))
  if (!result.success)
    throw new UserError(
      `${path} is not a baseline; write it anew with \`pgwitness audit --write-baseline\`:\n${z.prettifyError(result.error)}`,
    )
  return result.data
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new UserError(`${path} is not JSON: ${(error as Error).message}`)
  }
}

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
