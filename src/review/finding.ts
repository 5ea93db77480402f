import type { Evidence } from '../experiments/evidence.ts'
import type { Severity } from '../rules/rule.ts'

export type Verdict = 'confirmed' | 'refuted' | 'suspected'

/** A claim with its verdict. What reports show. */
export interface Finding {
  /** Hex digest of rule, path and normalised statement: survives a rebase, has no line numbers in it. */
  fingerprint: string
  rule: string
  /** The rule's title: what to do. */
  title: string
  severity: Severity
  verdict: Verdict
  path: string
  /** One-based. */
  line: number
  endLine: number
  startByte: number
  endByte: number
  /** What was seen, in one sentence. */
  message: string
  /** What it costs in production, and why the verdict is what it is. */
  explanation: string
  evidence: Evidence[]
  /** What to do instead. `replacement` stands for the statement's own lines; `steps` run one after another, each in a transaction of its own. */
  fix?: { text: string; replacement?: string; steps?: string[] }
  citations: Citation[]
  /** Set when a comment or the baseline mutes it; reports show it as suppressed. `by` is `comment`, another tool or the baseline's path. */
  suppressed?: { by: string; reason: string; baseline?: true }
}

export interface Citation {
  title: string
  url: string
  quote: string | null
}
