import type { InlineComment } from '../forges/forge.ts'
import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'
import { SEVERITIES } from '../rules/rule.ts'
import { evidenceMarkdown, fixSqlMarkdown, paragraph } from './finding-detail.ts'
import { type Footnotes, marked, newFootnotes, sourcesMarkdown } from './footnotes.ts'
import { LIMITS } from './limits.ts'
import { codeMarkdown, fold } from './markdown-escape.ts'
import { detailOf, type Explained, explainedOnce } from './markdown-finding.ts'
import { shortNumber } from './short-number.ts'
import { suggestionFor } from './suggestion.ts'

/** A comment at a statement and the findings it tells of, the worst first. */
export interface StatementComment {
  comment: InlineComment
  findings: readonly Finding[]
}

/**
 * One comment for each statement that something was found at, the worst first, at most `most`. What is only worth knowing (`info`) is left to the summary.
 * The key is the fingerprint of one of the statement's findings: of one that has a comment already (`told`), else of the most severe, whatever its verdict
 * is by now.
 */
export function inlineComments(review: Review, shown: readonly Finding[], told: ReadonlySet<string>, most: number): StatementComment[] {
  const explained: Explained = new Map()
  const keys = new Set<string>()
  const groups = [...Map.groupBy(shown, ({ path, startByte, endByte, line }) => JSON.stringify([path, startByte, endByte, line])).values()]
  return groups
    .filter((findings) => findings.some(({ severity }) => severity !== 'info'))
    .flatMap((findings) => {
      const key = keyOf(findings, told)
      // A statement that stands twice in a file may have findings of one fingerprint.
      return keys.has(key) || !keys.add(key) ? [] : [{ key, findings }]
    })
    .slice(0, most)
    .map(({ key, findings }) => ({ findings, comment: commentOf(key, findings, review, explained) }))
}

function keyOf(findings: readonly Finding[], told: ReadonlySet<string>): string {
  const bySeverity = findings.toSorted(
    (a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || (a.rule < b.rule ? -1 : Number(a.rule > b.rule)),
  )
  return (bySeverity.find(({ fingerprint }) => told.has(fingerprint)) ?? bySeverity[0])?.fingerprint ?? ''
}

function commentOf(key: string, findings: readonly Finding[], review: Review, explained: Explained): InlineComment {
  const [first] = findings
  if (!first) throw new Error('a comment about nothing')
  const { path, line, endLine } = first
  const suggestion = suggestionFor(findings, review)
  const parts = { review, explained, footnotes: newFootnotes(), told: new Set<string>(), isSuggested: suggestion !== undefined }
  const sections = findings.slice(0, LIMITS.together).map((finding) => section(finding, finding === first, parts).join('\n\n'))
  const rest = findings.length - sections.length
  const body = [...sections, ...(rest > 0 ? [`The summary has ${rest} more about this statement.`] : [])].join('\n\n---\n\n')
  return { key, path, line, endLine, body, ...(suggestion !== undefined && { suggestion }) }
}

interface Parts {
  review: Review
  explained: Explained
  footnotes: Footnotes
  /** Recipes that the comment has already. */
  told: Set<string>
  isSuggested: boolean
}

/** What was seen, for the worst of a statement why it matters in a sentence or two, what to do instead; the rest folded. */
function section(finding: Finding, isFirst: boolean, { review, explained, footnotes, told, isSuggested }: Parts): string[] {
  const detail = detailOf(finding, review)
  const { why, more } = isFirst ? inShort(finding.explanation) : { why: '', more: finding.explanation }
  const isSaid = explained.has(why)
  explained.set(why, shortNumber(finding))
  const { why: rest, notes } = explainedOnce(finding, { explained, footnotes }, { ...detail, explanation: more })
  const isShort = why !== '' && !isSaid
  const claim = `**${finding.severity}**, ${finding.verdict}: ${paragraph(finding.message)}`
  const sql = detail.fix && !isSuggested ? fixSqlMarkdown(detail.fix) : []
  const isLong = (detail.fix?.sql ?? []).join('\n').split('\n').length > LIMITS.inlineSqlLines
  const folded = [
    ...(isLong ? sql : []),
    ...(isShort ? rest : marked(rest, notes)),
    ...evidenceMarkdown(detail, told),
    ...sourcesMarkdown(notes),
    `Finding ${codeMarkdown(shortNumber(finding))}, rule ${codeMarkdown(finding.rule)}`,
  ]
  return [
    ...(isShort || rest.length > 0 ? [claim] : marked([claim], notes)),
    ...(isShort ? marked([paragraph(why)], notes) : []),
    ...(finding.fix ? [`**Instead:** ${paragraph(finding.fix.text)}`] : []),
    ...(isLong ? [] : sql),
    fold(isLong && sql.length > 0 ? 'SQL to use instead, evidence, source' : 'Evidence, source', folded.join('\n\n')),
  ]
}

/** The first two sentences of an explanation, and what follows. */
function inShort(explanation: string): { why: string; more: string } {
  const end = /^(?:[\s\S]*?[.!?](?=\s+[A-Z`\u201c"])){2}/.exec(explanation.trim())?.[0].length
  const first = explanation.trim().split(/\n\s*\n/)[0] ?? ''
  const at = Math.min(end ?? first.length, first.length)
  return { why: explanation.trim().slice(0, at), more: explanation.trim().slice(at).trim() }
}
