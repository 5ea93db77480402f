import type { Finding } from '../review/finding.ts'
import { count, shortList } from '../review/lists.ts'
import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import type { OrderedFindings } from './finding-order.ts'
import { orderFindings, verdictCounts } from './finding-order.ts'
import { clip, LIMITS } from './limits.ts'
import { cellMarkdown, codeMarkdown, htmlText, proseMarkdown } from './markdown-escape.ts'
import { findingMarkdown, harmlessMarkdown } from './markdown-finding.ts'
import { sourcesOf } from './source.ts'
import { remarks, untestedStatements } from './untested.ts'

/**
 * A comment under a merge request: what is wrong in one sentence and a table, the evidence folded. Everything from the change or from Postgres
 * is escaped. Never longer than LIMITS.markdown; what does not fit is counted.
 */
export function renderMarkdown(review: Review): string {
  const ordered = orderFindings(review.findings)
  const notes = remarks(review).map((note) => `- ${proseMarkdown(clip(note, LIMITS.paragraph))}`)
  const coverage = proseMarkdown(coverageLine(review))
  if (ordered.shown.length === 0) return `${[...(notes.length > 0 ? [notes.join('\n')] : []), coverage].join('\n\n')}\n`
  const opening = [`### pgwitness: ${verdictCounts(ordered.shown)}`, worst(ordered.shown), table(ordered.shown)]
  const closing = [
    ...(ordered.refuted.length > 0 ? [harmless(review, ordered)] : []),
    ...(ordered.suppressed.length > 0 ? [suppressed(ordered)] : []),
    ...untested(review, ordered),
    ...(notes.length > 0 ? [fold('About this run', notes.join('\n'))] : []),
    `<sub>${htmlText(coverageLine(review))}</sub>`,
  ]
  const room = LIMITS.markdown - length(opening) - length(closing) - 200
  return `${[...opening, ...details(review, ordered.shown, room), ...closing].join('\n\n')}\n`
}

/** The first sentence anybody reads. */
function worst(shown: readonly Finding[]): string {
  const [first] = shown
  if (!first) return ''
  const proof = first.verdict === 'confirmed' ? 'confirmed by running it' : 'not confirmed'
  return `**Worst:** ${proseMarkdown(clip(first.message, LIMITS.paragraph))} (${place(first)}, ${first.severity}, ${proof})`
}

function table(shown: readonly Finding[]): string {
  const rows = shown.slice(0, LIMITS.rows).map((finding) => {
    const cells = [
      finding.severity,
      finding.verdict,
      place(finding),
      proseMarkdown(clip(finding.message, LIMITS.cell)),
      codeMarkdown(finding.rule),
    ]
    return `| ${cells.map(cellMarkdown).join(' | ')} |`
  })
  const rest = shown.length - rows.length
  return [
    '| Severity | Verdict | Where | What | Rule |',
    '|---|---|---|---|---|',
    ...rows,
    ...(rest > 0 ? ['', `${count(rest, 'more finding')} not in this table.`] : []),
  ].join('\n')
}

function place({ path, line }: Finding): string {
  return codeMarkdown(`${clip(path, LIMITS.cell)}:${line}`)
}

function details(review: Review, shown: readonly Finding[], room: number): string[] {
  const sourceOf = sourcesOf(review)
  const blocks: string[] = []
  let left = room
  for (const finding of shown) {
    const block = findingMarkdown(finding, review, sourceOf(finding.path))
    left -= block.length + 2
    if (left < 0)
      return [
        ...blocks,
        `Evidence for ${count(shown.length - blocks.length, 'more finding')} did not fit here; the json report holds all of it.`,
      ]
    blocks.push(block)
  }
  return blocks
}

function harmless(review: Review, { refuted }: OrderedFindings): string {
  const rows = refuted.slice(0, LIMITS.rows).map((finding) => harmlessMarkdown(finding, review))
  const rest = refuted.length - rows.length
  return fold(`Checked and harmless: ${count(refuted.length, 'claim')}`, [...rows, ...(rest > 0 ? [`- and ${rest} more`] : [])].join('\n'))
}

function suppressed({ suppressed }: OrderedFindings): string {
  const rows = suppressed
    .slice(0, LIMITS.rows)
    .map(
      (finding) =>
        `- ${place(finding)} ${codeMarkdown(finding.rule)}: ${proseMarkdown(clip(finding.suppressed?.reason ?? '', LIMITS.cell))}`,
    )
  const rest = suppressed.length - rows.length
  return fold(`Suppressed: ${count(suppressed.length, 'finding')}`, [...rows, ...(rest > 0 ? [`- and ${rest} more`] : [])].join('\n'))
}

/** Statements without measured effects; without a clone that is all of them, and one sentence says so. */
function untested(review: Review, { shown }: OrderedFindings): string[] {
  const suspected = shown.filter((finding) => finding.verdict === 'suspected').length
  if (review.clone === 'none')
    return [
      `Nothing was run: there was no clone, so ${suspected > 0 ? 'these are suspicions' : 'effects are predicted'}, not measurements.`,
    ]
  const reasons = untestedStatements(review).map(
    ({ reason, places }) =>
      `- ${proseMarkdown(reason)}: ${shortList(places.slice(0, LIMITS.rows).map((at) => codeMarkdown(clip(at, LIMITS.cell))))}`,
  )
  return reasons.length > 0 ? [fold('Not fully measured, and why', reasons.join('\n'))] : []
}

function fold(summary: string, body: string): string {
  return `<details><summary>${htmlText(summary)}</summary>\n\n${body}\n\n</details>`
}

function length(parts: readonly string[]): number {
  return parts.reduce((sum, part) => sum + part.length + 2, 0)
}
