import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { orderFindings } from './finding-order.ts'
import { fixInWords } from './fix-in-words.ts'
import { levelOf } from './level.ts'
import { oneLine, printable } from './printable.ts'
import { regionOf, sourcesOf } from './source.ts'
import { remarks } from './untested.ts'

/**
 * Annotations by workflow command, worst first because GitHub shows ten of a level and step; then plain lines for the log.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function renderGithub(review: Review): string {
  const sourceOf = sourcesOf(review)
  const annotations = orderFindings(review.findings).shown.map((finding) => {
    const level = levelOf(finding)
    const { startLine, endLine } = regionOf(finding, sourceOf(finding.path))
    const properties = { file: finding.path, line: startLine, endLine, title: `${finding.rule} (${finding.severity}, ${finding.verdict})` }
    const lines = [
      finding.message,
      ...finding.evidence.map((evidence) => `Seen: ${evidenceInWords(evidence, review)}`),
      ...(finding.fix ? [fixInWords(finding.fix)] : []),
      ...finding.citations.map(({ title, url }) => `${title}: ${url}`),
    ]
    const written = Object.entries(properties)
      .map(([name, value]) => `${name}=${escapeProperty(`${value}`)}`)
      .join(',')
    return `::${level === 'note' ? 'notice' : level} ${written}::${escapeData(lines.join('\n'))}`
  })
  return [...annotations, ...remarks(review).map(oneLine), oneLine(coverageLine(review)), ''].join('\n')
}

/** Only these five are escaped, as GitHub's own toolkit does. */
function escapeData(text: string): string {
  return printable(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
