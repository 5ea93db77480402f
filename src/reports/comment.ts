import type { EnsuredThreads, InlineComment, MergeRequest, Status } from '../forges/forge.ts'
import type { Review } from '../review/review.ts'
import { orderFindings } from './finding-order.ts'
import { inlineComments } from './inline-comments.ts'
import { shortNumber } from './short-number.ts'
import { statusOf } from './status.ts'
import { renderSummary } from './summary.ts'
import { readTold, toldLines } from './told.ts'

export interface CommentOptions {
  request: MergeRequest
  /** Bytes of the summary. */
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
  told: ReadonlySet<string>
  status: Status
  /** The summary, once it is known where the inline comments are. */
  summary(threads: EnsuredThreads): string
}

export function renderComments(review: Review, options: CommentOptions): Comments {
  const { shown } = orderFindings(review.findings)
  const told = readTold(options.before)
  const comments = inlineComments(review, shown, told.keys, options.inlineComments)
  // What is muted now was not resolved, and what was only seen by running it may still be there.
  const left = new Set(review.findings.filter(({ verdict }) => verdict !== 'refuted').map(shortNumber))
  const gone = new Map([...told.findings].filter(([number]) => !left.has(number) && review.clone !== 'none'))
  return {
    isQuiet: shown.length === 0 && options.before === undefined,
    inline: comments.map(({ comment }) => comment),
    told: told.keys,
    status: statusOf(review, options.failOn),
    summary({ placed, problem }) {
      const urls = new Map(placed.map(({ key, url }) => [key, url]))
      const links = new Map(
        comments.flatMap(({ comment, findings }) => {
          const url = urls.get(comment.key)
          return url === undefined ? [] : findings.map(({ fingerprint }): [string, string] => [fingerprint, url])
        }),
      )
      const hidden = toldLines(
        told,
        placed.map(({ key }) => key),
        shown,
        options.maxLength,
      )
      const maxLength = options.maxLength - Buffer.byteLength(hidden) - 2
      return `${hidden}\n\n${renderSummary(review, { maxLength, links, gone, mention: options.mention, problem, command: commandOf(review, options.request) })}`
    },
  }
}

/** Makes the same review in a checkout of the change. */
function commandOf({ clone, postgres }: Review, { baseSha }: MergeRequest): string {
  return `npx pgwitness review --base ${baseSha.slice(0, 12)} --postgres ${postgres} --clone ${clone === 'url' ? 'postgres://\u2026' : clone}`
}
