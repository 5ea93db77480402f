import type { Citation } from '../review/finding.ts'
import { clip, LIMITS } from './limits.ts'
import { fencedMarkdown, proseMarkdown } from './markdown-escape.ts'

/** What every text about one finding is made of, whether it was just found or read from a stored report. */
export interface FindingDetail {
  explanation: string
  /** What was seen, a line each, with where. */
  seen: readonly string[]
  /** Commands or SQL that show it again. */
  recipes: readonly string[]
  fix: { text: string /** Each to run by itself. */; sql: readonly string[] } | undefined
  citations: readonly Citation[]
}

/** Evidence and how to get it again, as blocks of Markdown. `told` are recipes that the same comment gives already; it grows. */
export function evidenceMarkdown({ seen, recipes }: FindingDetail, told: Set<string> = new Set()): string[] {
  const [only, ...more] = seen.map(paragraph)
  const list = more.length > 0 ? [`**Seen:**\n\n${[only, ...more].map((line) => `- ${line}`).join('\n')}`] : [`**Seen:** ${only}`]
  return [
    ...(only === undefined ? [] : list),
    ...untold(recipes, told).flatMap((recipe) => [
      '**To see it again:**',
      fencedMarkdown(clip(recipe, LIMITS.sql), recipe.startsWith('pgwitness ') ? 'sh' : 'sql'),
    ]),
  ]
}

/** What to do instead: words, then SQL. */
export function insteadMarkdown({ fix }: FindingDetail): string[] {
  return fix ? [`**Instead:** ${paragraph(fix.text)}`, ...fixSqlMarkdown(fix)] : []
}

export function fixSqlMarkdown({ sql }: NonNullable<FindingDetail['fix']>): string[] {
  const lines = clip(sql.join('\n'), LIMITS.sql)
  if (lines === '') return []
  return [...(sql.length > 1 ? ['Each in a transaction of its own:'] : []), fencedMarkdown(lines, 'sql')]
}

/** An explanation by its paragraphs. */
export function explanationMarkdown({ explanation }: Pick<FindingDetail, 'explanation'>): string[] {
  return explanation
    .split(/\n\s*\n/)
    .filter((text) => text.trim() !== '')
    .map(paragraph)
}

export function paragraph(text: string): string {
  return proseMarkdown(clip(text, LIMITS.paragraph))
}

/** Evidence of one statement is mostly one experiment: the same recipe is written once. */
function untold(recipes: readonly string[], told: Set<string>): string[] {
  return recipes.map((recipe) => recipe.trim()).filter((recipe) => recipe !== '' && !told.has(recipe) && told.add(recipe))
}
