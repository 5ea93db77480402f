import type { Finding } from '../review/finding.ts'
import type { Review, ReviewedScript, ReviewedStatement } from '../review/review.ts'
import type { Effects } from '../sql/effects.ts'
import { webAddress } from './address.ts'
import { orderFindings } from './finding-order.ts'
import { jsonText } from './json-text.ts'
import { whyUntested } from './untested.ts'

/** The public contract, docs/review.schema.json: everything of the review, findings in the order other reports show them. */
export function renderJson(review: Review): string {
  const { shown, refuted, suppressed } = orderFindings(review.findings)
  return jsonText({
    version: 1,
    postgres: review.postgres,
    clone: review.clone,
    cloneVersion: review.cloneVersion,
    model: review.model,
    coverage: review.coverage,
    summary: {
      confirmed: shown.filter((finding) => finding.verdict === 'confirmed').length,
      suspected: shown.filter((finding) => finding.verdict === 'suspected').length,
      refuted: refuted.length,
      suppressed: suppressed.length,
    },
    scripts: review.scripts.map((script) => scriptData(script, review)),
    findings: [...shown, ...suppressed, ...refuted].map(findingData),
    skippedBase: review.skippedBase.map(({ path, line, statement, reason }) => ({ path, line, statement, reason })),
    notes: review.notes,
    ms: review.ms,
  })
}

function scriptData({ script, statements }: ReviewedScript, review: Review) {
  return {
    path: script.path,
    tool: script.tool,
    direction: script.direction,
    transaction: script.transaction,
    notes: script.notes,
    statements: statements.map((statement) => statementData(statement, review)),
  }
}

/** `measured` is null when effects were not seen; what came of running it stands in `outcome` all the same. */
function statementData(reviewed: ReviewedStatement, review: Review) {
  const { statement, predicted, measurement } = reviewed
  return {
    index: statement.index,
    line: statement.line,
    endLine: statement.endLine,
    startByte: statement.startByte,
    endByte: statement.endByte,
    kind: statement.kind,
    syntaxError: statement.syntaxError ? { message: statement.syntaxError.message, hint: statement.syntaxError.hint ?? null } : null,
    predicted: effectsData(predicted),
    measured: measurement?.effects ? { ...effectsData(measurement.effects), ms: measurement.ms ?? null } : null,
    unmeasured: review.clone === 'none' ? 'there was no clone' : (whyUntested(reviewed) ?? null),
    outcome: measurement
      ? {
          rows: measurement.rows ?? null,
          error: measurement.error
            ? {
                code: measurement.error.code,
                message: measurement.error.message,
                detail: measurement.error.detail ?? null,
                hint: measurement.error.hint ?? null,
              }
            : null,
          blockedBy: measurement.blockedBy ?? null,
          notices: measurement.notices.map(({ severity, code, message }) => ({ severity, code, message })),
          differences: measurement.differences,
        }
      : null,
  }
}

function effectsData(effects: Effects): Effects {
  return {
    locks: effects.locks.map(({ relation, kind, mode, existed }) => ({ relation, kind, mode, existed })),
    rewrites: effects.rewrites,
    scans: effects.scans,
    builds: effects.builds.map(({ index, table, concurrently, constraint, existed }) => ({
      index,
      table,
      concurrently,
      constraint,
      existed,
    })),
  }
}

function findingData(finding: Finding) {
  return {
    fingerprint: finding.fingerprint,
    rule: finding.rule,
    title: finding.title,
    severity: finding.severity,
    verdict: finding.verdict,
    path: finding.path,
    line: finding.line,
    endLine: finding.endLine,
    startByte: finding.startByte,
    endByte: finding.endByte,
    message: finding.message,
    explanation: finding.explanation,
    evidence: finding.evidence.map((evidence) =>
      evidence.kind === 'effects' ? { ...evidence, effects: effectsData(evidence.effects) } : evidence,
    ),
    fix: finding.fix ? { text: finding.fix.text, replacement: finding.fix.replacement ?? null, steps: finding.fix.steps ?? null } : null,
    citations: finding.citations.map(({ title, url, quote }) => ({ title, url: webAddress(url) ?? url, quote })),
    suppressed: finding.suppressed ? { by: finding.suppressed.by, reason: finding.suppressed.reason } : null,
  }
}
