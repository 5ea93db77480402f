import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { excerpt } from './excerpt.ts'
import { fixSql } from './fix-in-words.ts'
import { clip, LIMITS } from './limits.ts'
import { codeMarkdown, fencedMarkdown, htmlText, linkMarkdown, proseMarkdown } from './markdown-escape.ts'
import type { Source } from './source.ts'

/** One finding, folded: the statement, what was seen, why it matters, what to do instead, how to see it again, where it is written. */
export function findingMarkdown(finding: Finding, review: Review, source: Source | undefined): string {
  const lines = excerpt(finding, source)
  return [
    `<details><summary><b>${finding.severity}</b> · ${finding.verdict} · <code>${htmlText(`${clip(finding.path, LIMITS.cell)}:${finding.line}`)}</code> · ${htmlText(clip(finding.title, LIMITS.cell))}</summary>`,
    ...(lines.length > 0 ? [fencedMarkdown(lines.join('\n'), 'sql')] : []),
    paragraph(finding.message),
    ...seen(finding, review),
    ...finding.explanation
      .split(/\n\s*\n/)
      .filter((text) => text.trim() !== '')
      .map(paragraph),
    ...instead(finding),
    ...again(finding),
    ...sources(finding),
    '</details>',
  ].join('\n\n')
}

/** One line for a claim that an experiment refuted. */
export function harmlessMarkdown(finding: Finding, review: Review): string {
  const evidence = finding.evidence.map((item) => proseMarkdown(clip(evidenceInWords(item, review), LIMITS.cell))).join('; ')
  const place = codeMarkdown(`${clip(finding.path, LIMITS.cell)}:${finding.line}`)
  return `- ${place} ${codeMarkdown(finding.rule)}: ${proseMarkdown(clip(finding.explanation || finding.message, LIMITS.cell))}${evidence ? ` Seen: ${evidence}` : ''}`
}

function seen({ evidence }: Finding, review: Review): string[] {
  const items = evidence.map((item) => proseMarkdown(clip(evidenceInWords(item, review), LIMITS.paragraph)))
  return items.length > 0 ? [`**Seen:** ${items.join('<br>')}`] : []
}

function instead({ fix }: Finding): string[] {
  if (!fix) return []
  const steps = fixSql(fix)
  const sql = clip(steps.join('\n'), LIMITS.sql)
  const separately = steps.length > 1 ? ' (each in a transaction of its own)' : ''
  return [`**Instead${separately}:** ${paragraph(fix.text)}`, ...(sql === '' ? [] : [fencedMarkdown(sql, 'sql')])]
}

/** Evidence of one finding is mostly one experiment: the same recipe is written once. */
function again({ evidence }: Finding): string[] {
  const recipes = [...new Set(evidence.map((item) => item.reproduce.trim()))].filter((recipe) => recipe !== '')
  return recipes.flatMap((recipe) => ['To see it again:', fencedMarkdown(clip(recipe, LIMITS.sql))])
}

function sources({ citations }: Finding): string[] {
  return citations.map(({ title, url, quote }) => {
    const link = linkMarkdown(clip(title, LIMITS.cell), url)
    return quote ? `${link}: “${proseMarkdown(clip(quote, LIMITS.paragraph))}”` : link
  })
}

function paragraph(text: string): string {
  return proseMarkdown(clip(text, LIMITS.paragraph))
}
