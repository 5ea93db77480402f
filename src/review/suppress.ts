import type { Script } from '../extractors/script.ts'
import type { Rule } from '../rules/rule.ts'
import { applySuppressions, IGNORE_RULES, type IgnoreProblem, readSuppressions } from '../rules/suppression.ts'
import type { Statement } from '../sql/statement.ts'
import type { Finding } from './finding.ts'
import { fingerprintOf } from './fingerprint.ts'

/** A finding and the statement it is about. */
export interface Placed {
  finding: Finding
  statement: number | undefined
}

/** The findings, those muted by comments marked so, and what is wrong with the comments themselves. */
export function suppress(
  placed: readonly Placed[],
  script: Script,
  statements: readonly Statement[],
  known: readonly Rule[],
  active: readonly Rule[],
): Finding[] {
  const suppressions = readSuppressions(script.text, statements, known, script.sql)
  if (suppressions.length === 0) return placed.map(({ finding }) => finding)
  const mutable = placed.map(({ finding, statement }) => ({ finding, statement, rule: finding.rule }))
  const { muted, problems } = applySuppressions(mutable, suppressions, new Set(active.map(({ id }) => id)))
  const findings = mutable.map((one) => {
    const by = muted.get(one)
    return by
      ? { ...one.finding, suppressed: { by: by.by === 'pgwitness' ? 'comment' : by.by, reason: by.reason || by.comment } }
      : one.finding
  })
  return [...findings, ...problems.map((problem) => problemFinding(problem, script))]
}

function problemFinding({ rule, message, suppression }: IgnoreProblem, { path, text }: Script): Finding {
  const { title, severity, why } = IGNORE_RULES[rule]
  return {
    fingerprint: fingerprintOf(rule, path, suppression.comment, 0),
    rule,
    title,
    severity,
    verdict: 'confirmed',
    path,
    line: suppression.line,
    endLine: suppression.line,
    startByte: Buffer.byteLength(text.slice(0, suppression.start)),
    endByte: Buffer.byteLength(text.slice(0, suppression.end)),
    message,
    explanation: why,
    evidence: [],
    citations: [],
  }
}
