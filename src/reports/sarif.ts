import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { orderFindings } from './finding-order.ts'
import { fixInWords } from './fix-in-words.ts'
import { jsonText } from './json-text.ts'
import { levelOf } from './level.ts'
import { numberOccurrences } from './occurrence.ts'
import { printable } from './printable.ts'
import { sarifNotifications } from './sarif-notifications.ts'
import { sarifRules } from './sarif-rules.ts'
import { sarifLocation, sarifText } from './sarif-text.ts'
import type { Source } from './source.ts'
import { regionOf, sourcesOf } from './source.ts'

/**
 * `version` is pgwitness's own. `problemsOnly` leaves refuted and suppressed findings out, for readers that take every result for
 * a problem, as GitHub's code scanning does whatever its `kind` and `suppressions` say: https://github.com/microsoft/PSRule/issues/955
 */
export interface SarifOptions {
  version?: string
  problemsOnly?: boolean
}

/** SARIF 2.1.0 with one run: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function renderSarif(review: Review, { version, problemsOnly = false }: SarifOptions = {}): string {
  const { shown, suppressed, refuted } = orderFindings(review.findings)
  const findings = problemsOnly ? shown : [...shown, ...suppressed, ...refuted]
  const rules = sarifRules(findings)
  const occurrences = numberOccurrences(findings)
  const sourceOf = sourcesOf(review)
  const results = findings.map((finding) => ({
    ruleIndex: rules.findIndex((rule) => rule.id === finding.rule),
    ...result(finding, review, sourceOf(finding.path)),
    partialFingerprints: {
      'pgwitness/v1': finding.fingerprint,
      // The one name GitHub reads; `:n` tells equal statements of a file apart.
      primaryLocationLineHash: `${finding.fingerprint}:${occurrences.get(finding) ?? 1}`,
    },
  }))
  return jsonText({
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'pgwitness', ...(version === undefined ? {} : { version }), rules } },
        automationDetails: { id: 'pgwitness/' },
        columnKind: 'utf16CodeUnits',
        invocations: [{ executionSuccessful: true, toolExecutionNotifications: sarifNotifications(review, sourceOf) }],
        results,
        properties: {
          coverageLine: coverageLine(review),
          coverage: review.coverage,
          postgres: review.postgres,
          clone: review.clone,
          model: review.model,
        },
      },
    ],
  })
}

function result(finding: Finding, review: Review, source: Source | undefined) {
  const refuted = finding.verdict === 'refuted'
  const paragraphs = [
    finding.message,
    ...finding.evidence.map((evidence) => `Seen: ${evidenceInWords(evidence, review)}`),
    finding.explanation,
    ...(finding.fix ? [fixInWords(finding.fix)] : []),
  ]
  return {
    ruleId: finding.rule,
    kind: refuted ? 'pass' : 'fail',
    level: refuted ? 'none' : levelOf(finding),
    message: { text: sarifText(paragraphs.filter((text) => text !== '').join('\n\n')) },
    locations: [sarifLocation(finding.path, regionOf(finding, source))],
    ...(finding.suppressed && { suppressions: [suppression(finding.suppressed)] }),
    properties: { verdict: finding.verdict, severity: finding.severity },
  }
}

/** A comment in the file mutes `inSource`, the baseline from outside. */
function suppression({ by, reason, baseline }: NonNullable<Finding['suppressed']>) {
  return { kind: baseline ? 'external' : 'inSource', status: 'accepted', justification: printable(`${reason} (${by})`) }
}
