import { evidenceMarkdown, explanationMarkdown, type FindingDetail, insteadMarkdown, paragraph } from '../reports/finding-detail.ts'
import { fixSql } from '../reports/fix-in-words.ts'
import { marked, newFootnotes, sourcesMarkdown } from '../reports/footnotes.ts'
import { clip, LIMITS } from '../reports/limits.ts'
import { codeMarkdown } from '../reports/markdown-escape.ts'
import type { StoredFinding } from './stored-finding.ts'

/** Everything that is known of a finding; Markdown. */
export function explainFinding(finding: StoredFinding): string {
  const { rule, severity, verdict, path, line, message } = finding
  const detail = detailOf(finding)
  const notes = newFootnotes().take(detail.citations)
  return [
    `**${severity}**, ${verdict}: ${paragraph(message)} (${codeMarkdown(rule)}, ${codeMarkdown(clip(`${path}:${line}`, LIMITS.cell))})`,
    ...marked(explanationMarkdown(detail), notes),
    ...insteadMarkdown(detail),
    ...evidenceMarkdown(detail),
    ...sourcesMarkdown(notes),
  ].join('\n\n')
}

function detailOf({ explanation, evidence, fix, citations }: StoredFinding): FindingDetail {
  const { text, replacement, steps } = fix ?? {}
  return {
    explanation,
    seen: evidence.map(({ summary, clone }) => (clone === undefined ? summary : `${summary} (${clone})`)),
    recipes: evidence.map(({ reproduce }) => reproduce),
    fix: text === undefined ? undefined : { text, sql: fixSql({ text, ...(replacement && { replacement }), ...(steps && { steps }) }) },
    citations,
  }
}
