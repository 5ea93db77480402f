import { styleText } from 'node:util'
import type { Finding } from '../review/finding.ts'
import { shortList } from '../review/lists.ts'
import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { excerpt } from './excerpt.ts'
import { orderFindings } from './finding-order.ts'
import { fixSql, leadIn } from './fix-in-words.ts'
import { type Footnote, type Footnotes, newFootnotes } from './footnotes.ts'
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
  const page: Page = {
    review,
    paint: colour ? paint : (_style, text) => text,
    width: Math.max(40, width),
    told: new Set(),
    footnotes: newFootnotes(),
    notes: [],
  }
  const sourceOf = sourcesOf(review)
  const { shown } = orderFindings(review.findings)
  const findings = shown.map((finding) => {
    const { message, why } = withMarks(page, finding)
    return [
      heading(page, finding),
      ...indent(2, wrap(clip(message, LIMITS.paragraph), page.width - 2)),
      ...indent(
        4,
        excerpt(finding, sourceOf(finding.path)).map((line) => page.paint('dim', clip(line, page.width - 4))),
      ),
      ...details(page, finding, why),
      '',
    ].join('\n')
  })
  // A report without findings is short, but what was not seen at all is no clean bill.
  const untested = untestedStatements(review, shown.length > 0).map(
    ({ reason, places }) => `not fully measured at ${shortList(places)}: ${reason}`,
  )
  const notes = [...remarks(review), ...untested].flatMap((note) => wrap(clip(oneLine(note), LIMITS.paragraph), page.width))
  return [
    ...findings,
    ...sources(page),
    ...notes.map((line) => page.paint('dim', line)),
    page.paint('bold', oneLine(coverageLine(review))),
    '',
  ].join('\n')
}

interface Page {
  review: Review
  paint: Paint
  width: number
  /** Explanations already printed: a rule that applies often explains itself once. */
  told: Set<string>
  footnotes: Footnotes
  /** Those cited so far. */
  notes: Footnote[]
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

/** The numbers of the sources stand behind why, or behind the message where there is no more to say. */
function withMarks({ told, footnotes, notes }: Page, { message, explanation, citations }: Finding): { message: string; why: string } {
  const why = oneLine(explanation)
  const key = JSON.stringify([why, citations])
  if (told.has(key)) return { message: oneLine(message), why: '' }
  told.add(key)
  const taken = footnotes.take(citations)
  notes.push(...taken.filter(({ isNew }) => isNew))
  const marks = taken.map(({ number }) => ` [${number}]`).join('')
  return why === ''
    ? { message: `${clip(oneLine(message), LIMITS.paragraph - 50)}${marks}`, why }
    : { message: oneLine(message), why: `${clip(why, LIMITS.paragraph - 50)}${marks}` }
}

/** What the numbers mean, once for all findings. */
function sources({ paint, notes, width }: Page): string[] {
  if (notes.length === 0) return []
  const lines = notes.flatMap(({ number, citation: { title, url, quote } }) => {
    const label = `[${number}] `
    const text = [oneLine(title), oneLine(url), ...(quote === null ? [] : [`\u201c${oneLine(quote)}\u201d`])]
    return indent(
      2,
      wrapLines(
        text.map((line) => clip(line, LIMITS.paragraph)),
        width - 2 - label.length,
      ).map((line, index) => `${index === 0 ? paint('cyan', label) : ' '.repeat(label.length)}${line}`),
    )
  })
  return [paint('bold', 'Sources'), ...lines, '']
}

function wrapLines(lines: readonly string[], width: number): string[] {
  return lines.flatMap((line) => wrap(line, width))
}

function details(page: Page, finding: Finding, why: string): string[] {
  return [
    ...finding.evidence.flatMap((evidence) => labelled(page, 'seen', oneLine(evidenceInWords(evidence, page.review)))),
    ...(why === '' ? [] : labelled(page, 'why', why)),
    ...instead(page, finding),
  ]
}

function instead(page: Page, { fix }: Finding): string[] {
  if (!fix) return []
  const lines = fixSql(fix).flatMap((step) => clip(printable(step), LIMITS.sql).split('\n'))
  return [...labelled(page, 'instead', oneLine(leadIn(fix))), ...indent(4 + LABEL, lines)]
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
