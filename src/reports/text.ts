import { styleText } from 'node:util'
import type { Finding } from '../review/finding.ts'
import { shortList } from '../review/lists.ts'
import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { excerpt } from './excerpt.ts'
import { orderFindings } from './finding-order.ts'
import { fixSql, leadIn } from './fix-in-words.ts'
import { clip, LIMITS } from './limits.ts'
import { oneLine, printable } from './printable.ts'
import { sourcesOf } from './source.ts'
import { remarks, untestedStatements } from './untested.ts'
import { wrap } from './wrap.ts'

/** `colour` only when the reader is a terminal that wants it; `width` in characters, 100 unless told. */
export interface TextOptions {
  colour?: boolean
  width?: number
}

/** For a person at a terminal: the worst first, refuted claims only counted. */
export function renderText(review: Review, { colour = false, width = 100 }: TextOptions = {}): string {
  const page: Page = { review, paint: colour ? paint : (_style, text) => text, width: Math.max(40, width), told: new Set() }
  const sourceOf = sourcesOf(review)
  const { shown } = orderFindings(review.findings)
  const findings = shown.map((finding) =>
    [
      heading(page, finding),
      ...indent(2, wrap(clip(oneLine(finding.message), LIMITS.paragraph), page.width - 2)),
      ...indent(
        4,
        excerpt(finding, sourceOf(finding.path)).map((line) => page.paint('dim', clip(line, page.width - 4))),
      ),
      ...details(page, finding),
      '',
    ].join('\n'),
  )
  // A report without findings is short, but what was not seen at all is no clean bill.
  const untested = untestedStatements(review, shown.length > 0).map(
    ({ reason, places }) => `not fully measured at ${shortList(places)}: ${reason}`,
  )
  const notes = [...remarks(review), ...untested].flatMap((note) => wrap(clip(oneLine(note), LIMITS.paragraph), page.width))
  return [...findings, ...notes.map((line) => page.paint('dim', line)), page.paint('bold', oneLine(coverageLine(review))), ''].join('\n')
}

interface Page {
  review: Review
  paint: Paint
  width: number
  /** Explanations and sources already printed: a rule that applies often explains itself once. */
  told: Set<string>
}
type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'cyan'
type Paint = (style: Style, text: string) => string

function paint(style: Style, text: string): string {
  return styleText(style, text, { validateStream: false })
}

function heading({ paint }: Page, finding: Finding): string {
  const severity = finding.severity.toUpperCase()
  const loud = finding.severity === 'critical' || finding.severity === 'high'
  const mild = finding.severity === 'medium' ? 'yellow' : 'cyan'
  return [
    paint('bold', `${oneLine(finding.path)}:${finding.line}`),
    paint(loud ? 'red' : mild, severity),
    finding.verdict,
    oneLine(finding.rule),
  ].join('  ')
}

function details(page: Page, finding: Finding): string[] {
  const sources = finding.citations.map(({ title, url }) => `${title}  ${url}`)
  return [
    ...finding.evidence.flatMap((evidence) => labelled(page, 'seen', oneLine(evidenceInWords(evidence, page.review)))),
    ...untold(page, [finding.explanation]).flatMap((text) => labelled(page, 'why', oneLine(text))),
    ...instead(page, finding),
    ...untold(page, sources).flatMap((text) => labelled(page, 'source', printable(text))),
  ]
}

function instead(page: Page, { fix }: Finding): string[] {
  if (!fix) return []
  const lines = fixSql(fix).flatMap((step) => clip(printable(step), LIMITS.sql).split('\n'))
  return [...labelled(page, 'instead', oneLine(leadIn(fix))), ...indent(4 + LABEL, lines)]
}

function untold({ told }: Page, texts: string[]): string[] {
  const fresh = texts.filter((text) => text.trim() !== '' && !told.has(text))
  for (const text of fresh) told.add(text)
  return fresh
}

const LABEL = 10

function labelled({ paint, width }: Page, label: string, text: string): string[] {
  return wrap(clip(text, LIMITS.paragraph), width - 4 - LABEL).map(
    (line, index) => `    ${index === 0 ? paint('cyan', label.padEnd(LABEL)) : ' '.repeat(LABEL)}${line}`,
  )
}

function indent(by: number, lines: string[]): string[] {
  return lines.map((line) => ' '.repeat(by) + line)
}
