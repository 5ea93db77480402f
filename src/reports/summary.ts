import type { Finding } from '../review/finding.ts'
import { count, shortList } from '../review/lists.ts'
import type { Review } from '../review/review.ts'
import { coverageLine } from './coverage-line.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { paragraph } from './finding-detail.ts'
import { findingCounts, type OrderedFindings, orderFindings } from './finding-order.ts'
import { newFootnotes } from './footnotes.ts'
import { clip, LIMITS } from './limits.ts'
import { codeMarkdown, fold, proseMarkdown } from './markdown-escape.ts'
import { findingMarkdown, harmlessMarkdown, type Told } from './markdown-finding.ts'
import { Room } from './room.ts'
import { shortNumber } from './short-number.ts'
import { sourcesOf } from './source.ts'
import { findingTable } from './summary-table.ts'
import { remarks, untestedStatements } from './untested.ts'

export interface SummaryOptions {
  /** Bytes. */
  maxLength: number
  /** Where a comment at the line tells of a finding already: its address, by the fingerprint. */
  links: ReadonlyMap<string, string>
  /** Rules of earlier findings that are not there any more, by their short numbers. */
  gone: ReadonlyMap<string, string>
  /** `@pgwitness`; undefined where nobody answers. */
  mention: string | undefined
  /** The command that makes the same review again. */
  command?: string | undefined
  /** What the reader should know beside the review's own remarks. */
  problem?: string | undefined
}

/**
 * What a review found, for whoever proposed the change: what is wrong in one sentence and a table, the evidence folded. Everything from the change or from
 * Postgres is escaped. What does not fit is left out and counted: details first, rows of the table last.
 */
export function renderSummary(review: Review, options: SummaryOptions): string {
  const ordered = orderFindings(review.findings)
  const { shown } = ordered
  const foot = [`<sub>${proseMarkdown(coverageLine(review))}${asking(options)}</sub>`]
  const head = opening(shown, options)
  const room = new Room(options.maxLength - 10)
  for (const part of [...head, ...foot]) room.take(part)
  const table = shown.length > 0 ? findingTable(shown, options.links, room) : []
  // Room goes to what was not looked at first, to details last; written in another order.
  const open = [...untested(review, shown), ...list('About this run', notes(review, options), room)]
  const settled = [
    ...list(
      `Checked and harmless: ${count(ordered.refuted.length, 'claim')}`,
      ordered.refuted.map((finding) => harmlessMarkdown(finding, review)),
      room,
    ),
    ...list(`Muted: ${count(ordered.suppressed.length, 'finding')}`, ordered.suppressed.map(mutedMarkdown), room),
  ]
  const seen = list(
    'What was seen when it ran',
    shown.filter(({ fingerprint }) => options.links.has(fingerprint)).map((finding) => seenMarkdown(finding, review)),
    room,
  )
  return `${[...head, ...table, ...seen, ...details(review, shown, options, room), ...settled, ...open, ...foot].join('\n\n')}\n`

  /** Nothing was run at all, or what was not run in full. */
  function untested(of: Review, findings: OrderedFindings['shown']): string[] {
    if (of.clone === 'none') return findings.length > 0 ? take(NOTHING_RUN) : []
    const reasons = untestedStatements(of).map(
      ({ reason, places }) =>
        `- ${paragraph(reason)}: ${shortList(places.slice(0, LIMITS.rows).map((at) => codeMarkdown(clip(at, LIMITS.cell))))}`,
    )
    return list('Not tested in full, and why', reasons, room)
  }

  function take(part: string): string[] {
    return room.take(part) ? [part] : []
  }
}

const NOTHING_RUN = 'Nothing was run: there was no clone, so these are suspicions, not measurements.'

/** The first lines anybody reads. */
function opening(shown: readonly Finding[], { gone }: SummaryOptions): string[] {
  const [first] = shown
  const numbers = [...gone].map(([number, rule]) => `${codeMarkdown(number)} ${proseMarkdown(rule)}`)
  if (!first) {
    const before = `None of the earlier findings is left: ${shortList(numbers, LIMITS.gone)}.`
    return numbers.length > 0 ? ['### pgwitness: clean again', before] : []
  }
  return [
    `### pgwitness: ${findingCounts(shown)}`,
    worst(first),
    ...(numbers.length > 0 ? [`**No longer found:** ${shortList(numbers, LIMITS.gone)}.`] : []),
  ]
}

function worst(finding: Finding): string {
  const { path, line, severity, verdict, message } = finding
  const proof = verdict === 'confirmed' ? 'confirmed by running it' : 'not confirmed'
  const at = codeMarkdown(`${clip(path, LIMITS.cell)}:${line}`)
  return `**Worst:** ${paragraph(message)} (${severity}, ${proof}, ${at})`
}

function asking({ mention, command }: SummaryOptions): string {
  const lines = [
    ...(command === undefined ? [] : [`To run all of it again: ${codeMarkdown(command)}`]),
    ...(mention === undefined ? [] : [`To ask about a finding, or for another look: ${codeMarkdown(`${mention} help`)}`]),
  ]
  return lines.map((line) => `<br>${line}`).join('')
}

/** What was seen of the findings whose details stand at the lines, a line each. */
function seenMarkdown({ fingerprint, evidence }: Finding, review: Review): string {
  const seen = evidence.map((item) => proseMarkdown(clip(evidenceInWords(item, review), LIMITS.cell)))
  return `- ${codeMarkdown(shortNumber({ fingerprint }))}: ${seen.length > 0 ? seen.join('; ') : 'not tested'}`
}

/** What the comments at the lines do not tell. */
function details(review: Review, shown: readonly Finding[], { links }: SummaryOptions, room: Room): string[] {
  const sourceOf = sourcesOf(review)
  const told: Told = { explained: new Map(), footnotes: newFootnotes() }
  const left = shown.filter(({ fingerprint }) => !links.has(fingerprint))
  const blocks: string[] = []
  for (const finding of left) {
    // Rendered one by one, since thousands may not fit.
    const [block] = room.fit([findingMarkdown(finding, review, sourceOf(finding.path), told)])
    if (block === undefined) break
    blocks.push(block)
  }
  const more = left.length - blocks.length
  const rest = more > 0 ? [`Details of ${count(more, 'more finding')} did not fit here.`] : []
  if (blocks.length <= LIMITS.unfolded) return [...blocks, ...rest]
  const which = links.size > 0 ? ' without a comment at their lines' : ''
  return [fold(`Details of ${count(blocks.length, 'finding')}${which}`, [...blocks, ...rest].join('\n\n'))]
}

function notes(review: Review, { problem }: SummaryOptions): string[] {
  return [...(problem === undefined ? [] : [problem]), ...remarks(review)].map((note) => `- ${paragraph(note)}`)
}

function mutedMarkdown({ path, line, rule, suppressed }: Finding): string {
  const by = suppressed?.by === undefined || suppressed.by === 'comment' ? '' : ` (${proseMarkdown(clip(suppressed.by, LIMITS.cell))})`
  const place = codeMarkdown(`${clip(path, LIMITS.cell)}:${line}`)
  return `- ${place} ${codeMarkdown(rule)}: ${proseMarkdown(clip(suppressed?.reason ?? '', LIMITS.cell))}${by}`
}

/** A folded list of what fits, of at most `LIMITS.rows`. */
function list(title: string, items: readonly string[], room: Room): string[] {
  const frame = fold(title, '')
  if (items.length === 0 || !room.take(frame)) return []
  const taken = room.fit(items.slice(0, LIMITS.rows))
  const rest = items.length - taken.length
  return [fold(title, [...taken, ...(rest > 0 ? [`- and ${rest} more`] : [])].join('\n'))]
}
