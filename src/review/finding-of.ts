import type { Script } from '../extractors/script.ts'
import type { Claim } from '../rules/claim.ts'
import { normaliseStatement } from '../sql/reader/normalise.ts'
import type { Finding } from './finding.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Judgement } from './judge.ts'

/** A claim and its judgement as a finding. `occurrences` counts equal claims of one file, so that each has a fingerprint of its own. */
export function findingOf({ path }: Script, claim: Claim, judgement: Judgement, occurrences: Map<string, number>): Finding {
  const { rule, statement, message, fix } = claim
  const normalised = normaliseStatement(statement.text)
  const key = `${rule.id}\0${path}\0${normalised}`
  const occurrence = occurrences.get(key) ?? 0
  occurrences.set(key, occurrence + 1)
  return {
    fingerprint: fingerprintOf(rule.id, path, normalised, occurrence),
    rule: rule.id,
    title: rule.title,
    severity: rule.severity,
    verdict: judgement.verdict,
    path,
    line: statement.line,
    endLine: statement.endLine,
    startByte: statement.startByte,
    endByte: statement.endByte,
    message,
    explanation: [claim.why, judgement.reason].filter(Boolean).join(' '),
    evidence: judgement.evidence,
    ...(fix && { fix }),
    citations: rule.cite.map(({ title, url, quote }) => ({ title, url, quote: quote ?? null })),
  }
}
