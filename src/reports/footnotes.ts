import type { Citation } from '../review/finding.ts'
import { clip, LIMITS } from './limits.ts'
import { linkMarkdown, proseMarkdown } from './markdown-escape.ts'

/** The sources of one text, numbered as they are first cited: `newFootnotes` for each comment. */
export interface Footnotes {
  /** What a statement cites; the same words of the same page keep their number. */
  take(citations: readonly Citation[]): Footnote[]
}

export interface Footnote {
  number: number
  citation: Citation
  /** Cited for the first time: it is still to be listed. */
  isNew: boolean
}

export function newFootnotes(): Footnotes {
  const numbers = new Map<string, number>()
  return {
    take: (citations) =>
      citations.map((citation) => {
        const key = JSON.stringify([citation.url, citation.quote])
        const known = numbers.get(key)
        const number = known ?? numbers.size + 1
        numbers.set(key, number)
        return { number, citation, isNew: known === undefined }
      }),
  }
}

/**
 * The first paragraph with its numbers behind it, each a link to the source. Footnotes of Markdown (`[^1]`) end up below everything that is folded, on both forges,
 * and their way back leads into what is closed; in mails they are not rendered at all.
 */
export function marked([first, ...more]: readonly string[], notes: readonly Footnote[]): string[] {
  if (first === undefined) return []
  const links = notes.map(({ number, citation }) => linkMarkdown(`${number}`, citation.url, 'markdown'))
  return [links.length > 0 ? `${first} <sup>${links.join(', ')}</sup>` : first, ...more]
}

/** A numbered list of those that are new, as a block of Markdown. */
export function sourcesMarkdown(notes: readonly Footnote[]): string[] {
  const lines = notes
    .filter(({ isNew }) => isNew)
    .map(({ number, citation: { title, url, quote } }) => {
      const link = linkMarkdown(clip(title, LIMITS.cell), url)
      return `${number}. ${link}${quote ? `: \u201c${proseMarkdown(clip(quote, LIMITS.paragraph))}\u201d` : ''}`
    })
  return lines.length > 0 ? [`**${lines.length === 1 ? 'Source' : 'Sources'}:**\n\n${lines.join('\n')}`] : []
}
