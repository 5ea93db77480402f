/** Puts blocks together in the order of the text: a reader says what comes, this knows the section it is in. */
import type { Block } from '../document.ts'
import { cleanLine, cleanLines, cleanProse } from './clean.ts'
import { MAX_TITLE_CHARACTERS } from './limits.ts'

interface Section {
  level: number
  title: string
  anchor: string | null
  /** Number of blocks there were when it began. */
  at: number
  breadcrumb: string[]
}

export interface Piece {
  kind: Block['kind']
  text: string
  /** Its own; the section's when it has none. */
  anchor?: string | null | undefined
  term?: string | null | undefined
  /** Titles below the section's: of the table a row is in, of the entry an entry is in. */
  within?: readonly string[] | undefined
}

export class BlockList {
  blocks: Block[] = []
  /** All there were. */
  readonly #begun: Section[] = []
  #sections: Section[] = []
  /** Section of the document's own title, which is in no breadcrumb. */
  #rootAnchor: string | null = null

  /** Everything that follows is in the document's own text, until a section begins. */
  root(anchor: string | null): void {
    this.#rootAnchor = anchor
    this.#sections = []
  }

  /** A section begins; those of its level and below end. */
  section(level: number, title: string, anchor: string | null): void {
    while ((this.#sections.at(-1)?.level ?? -1) >= level) this.#sections.pop()
    const short = shortTitle(title)
    const section = {
      level,
      title: short,
      anchor,
      at: this.blocks.length,
      breadcrumb: [...this.#sections.map((outer) => outer.title), short],
    }
    this.#sections.push(section)
    this.#begun.push(section)
  }

  /**
   * A section that says nothing before its first entry or subsection would be no block, and yet people link to it: it becomes one that lists what is in it,
   * a line each.
   */
  addOverviews(): void {
    const anchors = new Set(this.blocks.map((block) => block.anchor))
    const overviews = this.#begun.flatMap((section, index) => {
      if (section.anchor === null || anchors.has(section.anchor)) return []
      const next = this.#begun.findIndex((other, at) => at > index && other.level <= section.level)
      const inner = this.#begun.slice(index + 1, next === -1 ? undefined : next)
      const end = inner[0]?.at ?? this.#begun[next]?.at ?? this.blocks.length
      const entries = this.blocks
        .slice(section.at, end)
        .filter((block) => block.kind === 'entry' && block.breadcrumb.length <= section.breadcrumb.length + 1)
      const closest = Math.min(...inner.map((other) => other.level))
      const titles = inner.filter((other) => other.level === closest).map((other) => other.title)
      const lines = [...entries.map((block) => block.text.split('\n', 1)[0] as string), ...titles]
      const block: Block = { breadcrumb: section.breadcrumb, anchor: section.anchor, kind: 'prose', term: null, text: lines.join('\n') }
      return lines.length > 0 ? [{ at: section.at, block }] : []
    })
    for (const { at, block } of overviews.reverse()) this.blocks.splice(at, 0, block)
  }

  /** Consecutive prose of one place becomes one block. `tight` keeps a line of a list with the line before it. */
  prose(
    text: string,
    { anchor, tight = false, within }: { anchor?: string | null | undefined; tight?: boolean; within?: readonly string[] | undefined } = {},
  ): void {
    const clean = cleanProse(text)
    if (clean === '') return
    const place = this.#place(anchor, within)
    const last = this.blocks.at(-1)
    if (last?.kind === 'prose' && last.anchor === place.anchor && sameTitles(last.breadcrumb, place.breadcrumb)) {
      last.text += (tight ? '\n' : '\n\n') + clean
    } else this.blocks.push({ ...place, kind: 'prose', term: null, text: clean })
  }

  add({ kind, text, anchor, term, within }: Piece): void {
    const clean = cleanLines(text)
    if (clean === '') return
    this.blocks.push({ ...this.#place(anchor, within), kind, term: term ? shortTitle(term) : null, text: clean })
  }

  #place(anchor: string | null | undefined, within: readonly string[] = []): { breadcrumb: string[]; anchor: string | null } {
    const innermost = this.#sections.findLast((section) => section.anchor !== null)
    return {
      breadcrumb: [...this.#sections.map((section) => section.title), ...within.map(shortTitle)].filter((title) => title !== ''),
      anchor: anchor ?? innermost?.anchor ?? this.#rootAnchor,
    }
  }
}

function shortTitle(title: string): string {
  const line = cleanLine(title)
  return line.length > MAX_TITLE_CHARACTERS ? `${line.slice(0, MAX_TITLE_CHARACTERS - 1).toWellFormed()}…` : line
}

function sameTitles(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((title, at) => title === right[at])
}
