import { z } from 'zod'
import type { StoredReview } from '../store/store.ts'

/** What is read of a stored report, which is of the form of docs/review.schema.json. */
const Finding = z.object({
  fingerprint: z.string(),
  rule: z.string(),
  severity: z.string(),
  verdict: z.string(),
  path: z.string(),
  line: z.number(),
  endLine: z.number(),
  message: z.string(),
  explanation: z.string(),
  evidence: z.array(z.object({ summary: z.string(), reproduce: z.string(), clone: z.string().optional() })),
  fix: z.object({ text: z.string(), replacement: z.string().nullish(), steps: z.array(z.string()).nullish() }).nullish(),
  citations: z.array(z.object({ title: z.string(), url: z.string(), quote: z.string().nullable() })),
})
export type StoredFinding = z.infer<typeof Finding>
const Report = z.object({ findings: z.array(Finding) })

/** The finding that is meant; or a sentence why there is none. `key` is of the inline comment whose thread it is asked in. */
export function findFinding(review: StoredReview | undefined, id: string | undefined, key: string | undefined): StoredFinding | string {
  if (!review) return 'There is no review of this change yet: ask for one with `@pgwitness review`.'
  const wanted = id ?? key
  if (wanted === undefined) return 'Say which finding, by the number it has in the summary: `explain 1a2b3c4d`.'
  const { findings } = Report.parse(review.report)
  const found = findings.filter(({ fingerprint }) => fingerprint.startsWith(wanted))
  const [finding, ...others] = found
  if (!finding) return `The newest review, of ${review.headSha.slice(0, 10)}, has no finding \`${wanted.replaceAll(/[^0-9a-z]/g, '')}\`.`
  if (others.some(({ fingerprint }) => fingerprint !== finding.fingerprint))
    return 'More than one finding begins like that: give more of its number.'
  return finding
}
