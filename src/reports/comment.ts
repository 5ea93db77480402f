import type { Annotation, EnsuredThreads, InlineComment, MergeRequest, Status } from '../forges/forge.ts'
import type { Finding } from '../review/finding.ts'
import { count } from '../review/lists.ts'
import type { Review } from '../review/review.ts'
import { SEVERITIES } from '../rules/rule.ts'
import { coverageLine } from './coverage-line.ts'
import { evidenceInWords } from './evidence-in-words.ts'
import { orderFindings, verdictCounts } from './finding-order.ts'
import { fixInWords } from './fix-in-words.ts'
import { levelOf } from './level.ts'
import { clip, LIMITS } from './limits.ts'
import { renderMarkdown } from './markdown.ts'
import { proseMarkdown } from './markdown-escape.ts'

export interface CommentOptions {
  request: MergeRequest
  /** UTF-16 units of the summary. */
  maxLength: number
  /** Our summary as it stands; undefined when there is none. */
  before: string | undefined
  /** Comments on lines, at most. */
  inlineComments: number
  /** Findings from this severity on make the status a failure; `never` makes none. */
  failOn: string
  /** `@pgwitness`; undefined where nobody answers. */
  mention: string | undefined
}

/** What a review says where the change is reviewed. */
export interface Comments {
  /** Nothing to say, and nothing was said before. */
  isQuiet: boolean
  inline: InlineComment[]
  /** Keys of inline comments that stood when the summary was written last. */
  told: Set<string>
  status: Status
  /** The summary, once it is known where the inline comments are. */
  summary(threads: EnsuredThreads): string
}

export function renderComments(review: Review, options: CommentOptions): Comments {
  const { shown } = orderFindings(review.findings)
  const told = toldIn(options.before)
  return {
    isQuiet: shown.length === 0 && options.before === undefined,
    inline: shown.slice(0, options.inlineComments).map((finding) => inlineComment(finding, review)),
    told,
    status: statusOf(review, shown, options),
    summary: ({ placed }) => `${renderMarkdown(review)}\n${toldLine([...placed.map(({ key }) => key), ...told])}`,
  }
}

const TOLD = /<!-- pgwitness:told((?: [0-9a-f]+)*) -->/

function toldIn(before: string | undefined): Set<string> {
  return new Set((TOLD.exec(before ?? '')?.[1] ?? '').split(' ').filter(Boolean))
}

function toldLine(keys: readonly string[]): string {
  return `<!-- pgwitness:told ${[...new Set(keys)].join(' ')} -->`
}

function inlineComment(finding: Finding, review: Review): InlineComment {
  const { fingerprint, path, line, endLine, message, evidence } = finding
  const seen = evidence.map((item) => proseMarkdown(clip(evidenceInWords(item, review), LIMITS.paragraph)))
  const body = [`**${finding.severity}**, ${finding.verdict}: ${proseMarkdown(clip(message, LIMITS.paragraph))}`, ...seen].join('\n\n')
  return { key: fingerprint, path, line, endLine, body }
}

function statusOf(review: Review, shown: readonly Finding[], { failOn }: CommentOptions): Status {
  const limit = SEVERITIES.findIndex((severity) => severity === failOn)
  const fails = failOn !== 'never' && shown.some(({ severity }) => SEVERITIES.indexOf(severity) >= limit)
  return {
    state: fails ? 'failure' : 'success',
    title: shown.length === 0 ? 'Nothing found' : `${count(shown.length, 'finding')}: ${verdictCounts(shown)}`,
    summary: coverageLine(review),
    annotations: shown.map((finding) => annotationOf(finding, review)),
  }
}

function annotationOf(finding: Finding, review: Review): Annotation {
  const { path, line, endLine, rule, severity, verdict, message, evidence, fix } = finding
  const lines = [message, ...evidence.map((item) => `Seen: ${evidenceInWords(item, review)}`), ...(fix ? [fixInWords(fix)] : [])]
  const level = { error: 'failure', warning: 'warning', note: 'notice' } as const
  return { path, line, endLine, level: level[levelOf(finding)], title: `${rule} (${severity}, ${verdict})`, message: lines.join('\n') }
}
