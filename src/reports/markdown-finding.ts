import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { excerpt } from './excerpt.ts'
import { evidenceMarkdown, explanationMarkdown, type FindingDetail, insteadMarkdown, paragraph } from './finding-detail.ts'
import { fixSql } from './fix-in-words.ts'
import { type Footnote, type Footnotes, marked, sourcesMarkdown } from './footnotes.ts'
import { clip, LIMITS } from './limits.ts'
import { codeMarkdown, fencedMarkdown, htmlText, proseMarkdown } from './markdown-escape.ts'
import { shortNumber } from './short-number.ts'
import type { Source } from './source.ts'

/** A finding of a review that was just made, as the parts of a text about it. */
export function detailOf({ explanation, evidence, fix, citations }: Finding, review: Review): FindingDetail {
  return {
    explanation,
    seen: evidence.map((item) => evidenceInWords(item, review)),
    recipes: evidence.map(({ reproduce }) => reproduce),
    fix: fix && { text: fix.text, sql: fixSql(fix) },
    citations,
  }
}

/** Explanations that a comment has given already, by the number of the finding they stand at: a rule that applies often explains itself once. */
export type Explained = Map<string, string>

/** What a text has said already. */
export interface Told {
  explained: Explained
  footnotes: Footnotes
}

/** One finding, folded: the statement, what was seen, why it matters, what to do instead, how to see it again, where it is written. */
export function findingMarkdown(finding: Finding, review: Review, source: Source | undefined, told: Told): string {
  const { severity, verdict, path, line, title } = finding
  const lines = excerpt(finding, source)
  const detail = detailOf(finding, review)
  const { why, notes } = explainedOnce(finding, told, detail)
  const heading = `<code>${shortNumber(finding)}</code> <b>${severity}</b>, ${verdict}: ${htmlText(clip(title, LIMITS.cell))} \u00b7 <code>${htmlText(`${clip(path, LIMITS.cell)}:${line}`)}</code>`
  return [
    `<details><summary>${heading}</summary>`,
    ...(lines.length > 0 ? [fencedMarkdown(lines.join('\n'), 'sql')] : []),
    ...(why.length > 0 ? [paragraph(finding.message), ...marked(why, notes)] : marked([paragraph(finding.message)], notes)),
    ...insteadMarkdown(detail),
    ...evidenceMarkdown(detail),
    ...sourcesMarkdown(notes),
    `Rule: ${codeMarkdown(finding.rule)}`,
    '</details>',
  ].join('\n\n')
}

/** Why, as blocks, and where it is written; of what was said already only where. */
export function explainedOnce(
  finding: Finding,
  { explained, footnotes }: Told,
  detail: FindingDetail,
): { why: string[]; notes: Footnote[] } {
  const why = explanationMarkdown(detail)
  const text = JSON.stringify([why, detail.citations])
  const earlier = explained.get(text)
  if (earlier !== undefined && why.length + detail.citations.length > 0)
    return { why: [`Why, and where it is written: at ${codeMarkdown(earlier)}.`], notes: [] }
  explained.set(text, shortNumber(finding))
  return { why, notes: footnotes.take(detail.citations) }
}

/** One line for a claim that an experiment refuted: the claim, and what was seen instead. */
export function harmlessMarkdown(finding: Finding, review: Review): string {
  const { path, line, rule, message, explanation, evidence } = finding
  const place = codeMarkdown(`${clip(path, LIMITS.cell)}:${line}`)
  const seen = evidence.map((item) => proseMarkdown(clip(evidenceInWords(item, review), LIMITS.cell))).join('; ')
  // An explanation ends with why the verdict is what it is; what was seen is told with where.
  const reason = explanation.split(/(?<=[.!?])\s+(?=[A-Z])/).at(-1) ?? ''
  const why = reason === '' || reason.startsWith('Not so when it ran') ? '' : ` ${proseMarkdown(clip(reason, LIMITS.cell))}`
  return `- ${place} ${codeMarkdown(rule)}: ${proseMarkdown(clip(message, LIMITS.cell))} **Not so.**${why}${seen ? ` Seen: ${seen}` : ''}`
}
