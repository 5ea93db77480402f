import { clip, LIMITS } from '../reports/limits.ts'
import { codeMarkdown, fencedMarkdown, linkMarkdown, proseMarkdown } from '../reports/markdown-escape.ts'
import type { StoredFinding } from './stored-finding.ts'

/** Everything that is known of a finding; Markdown. */
export function explainFinding(finding: StoredFinding): string {
  const { rule, severity, verdict, path, line, message, explanation, evidence, fix, citations } = finding
  const recipes = [...new Set(evidence.map(({ reproduce }) => reproduce.trim()))].filter((recipe) => recipe !== '')
  const sql = (fix?.steps ?? (fix?.replacement ? [fix.replacement] : [])).join('\n')
  return [
    `**${prose(message)}** (${codeMarkdown(rule)}, ${severity}, ${verdict}, ${codeMarkdown(clip(`${path}:${line}`, LIMITS.cell))})`,
    ...(evidence.length > 0 ? [`**Seen:** ${evidence.map(({ summary }) => prose(summary)).join('<br>')}`] : []),
    ...explanation
      .split(/\n\s*\n/)
      .filter((text) => text.trim() !== '')
      .map(prose),
    ...(fix ? [`**Instead:** ${prose(fix.text)}`] : []),
    ...(sql === '' ? [] : [fencedMarkdown(clip(sql, LIMITS.sql), 'sql')]),
    ...recipes.flatMap((recipe) => ['To see it again:', fencedMarkdown(clip(recipe, LIMITS.sql))]),
    ...citations.map(({ title, url, quote }) => {
      const link = linkMarkdown(clip(title, LIMITS.cell), url)
      return quote ? `${link}: \u201C${prose(quote)}\u201D` : link
    }),
  ].join('\n\n')
}

function prose(text: string): string {
  return proseMarkdown(clip(text, LIMITS.paragraph))
}
