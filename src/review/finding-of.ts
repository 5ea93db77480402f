import type { Script } from '../extractors/script.ts'
import type { Claim } from '../rules/claim.ts'
import { sourcesFor } from '../rules/sources.ts'
import { normaliseStatement } from '../sql/reader/normalise.ts'
import type { Finding } from './finding.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Judgement } from './judge.ts'

/** What a finding is written for. */
export interface Audience {
  /** Counts equal claims of one file, so that each has a fingerprint of its own. */
  occurrences: Map<string, number>
  /** Major version of the reader's server: the manual cited is that one. */
  postgres: number
}

/** A claim and its judgement as a finding. */
export function findingOf({ path }: Script, claim: Claim, judgement: Judgement, { occurrences, postgres }: Audience): Finding {
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
    citations: sourcesFor(rule, postgres),
  }
}
