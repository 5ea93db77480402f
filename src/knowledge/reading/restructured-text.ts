/**
 * reStructuredText as blocks: what manuals are written with (sections, lists, literal blocks, admonitions, options, tables), not the whole of docutils. A directive
 * it does not know gives its text.
 */
import { BlockList } from './block-list.ts'
import { cleanLine } from './clean.ts'
import type { MarkupText } from './markdown.ts'
import { type Chunk, chunksOf } from './restructured-text-chunks.ts'
import { isTerm, leadingTerm } from './term.ts'

/** The first section's title is the document's. */
export function readRestructuredText(text: string): MarkupText {
  const reader = new Reader()
  reader.read(chunksOf(text.split(/\r\n?|\n/)))
  return { title: reader.title, blocks: reader.list.blocks }
}

class Reader {
  readonly list = new BlockList()
  title: string | null = null
  /** Styles of underlines, in the order in which they came. */
  readonly #styles: string[] = []
  /** Of a `.. _label:` that nothing has followed yet. */
  #pending: string | null = null

  read(chunks: readonly Chunk[]): void {
    for (const [at, chunk] of chunks.entries()) {
      if (chunk.kind === 'section') this.#section(chunk, chunks[at + 1])
      else if (chunk.kind === 'label') this.#pending = idOf(chunk.text)
      else if (chunk.kind === 'list') this.#items(chunk)
      else if (chunk.kind === 'entry') this.#entry(chunk)
      else if (chunk.kind === 'code' || chunk.kind === 'table') this.list.add({ kind: chunk.kind, text: chunk.text, anchor: this.#take() })
      else this.list.prose(inline(chunk.text), { anchor: this.#take() })
    }
  }

  #section({ text, style }: Extract<Chunk, { kind: 'section' }>, next: Chunk | undefined): void {
    const title = cleanLine(inline(text))
    if (!this.#styles.includes(style)) this.#styles.push(style)
    const anchor = this.#take() ?? idOf(title)
    if (this.title === null) {
      this.title = title
      this.list.root(anchor)
    } else this.list.section(this.#styles.indexOf(style), title, anchor)
    if (next?.kind === 'section') this.#pending = null
  }

  #entry({ terms, body }: Extract<Chunk, { kind: 'entry' }>): void {
    const term = cleanLine(inline(terms.join(', ')))
    const anchor = this.#take()
    this.list.add({ kind: 'entry', term, anchor, text: `${term}\n${textOf(body)}` })
  }

  /** Lists of settings have lists of settings in them: each is an entry, those inside below the term of the one outside. */
  #items({ items }: Extract<Chunk, { kind: 'list' }>, within: readonly string[] = []): void {
    const terms = items.map((item) => itemTerm(item.body))
    const isOfTerms = terms.filter((term) => term !== undefined).length >= Math.max(2, items.length * 0.8)
    const isLong = items.reduce((sum, item) => sum + textOf(item.body).length, 0) > 60 * items.length
    for (const [at, { mark, body }] of items.entries()) {
      const term = terms[at]
      if ((isOfTerms && isLong && term) || (within.length > 0 && term)) {
        const inner = body
          .filter((chunk) => chunk.kind === 'list')
          .filter((list) => list.items.some((item) => itemTerm(item.body) !== undefined))
        const text = textOf(body.filter((chunk) => !inner.some((list) => list === chunk)))
        this.list.add({ kind: 'entry', term, text, within })
        for (const list of inner) this.#items(list, [...within, term])
      } else if (within.length > 0) this.list.prose(mark + textOf(body), { within, tight: true })
      else this.#item(body, mark)
    }
  }

  #item(body: readonly Chunk[], mark: string): void {
    let first = mark
    for (const chunk of body) {
      if (chunk.kind === 'paragraph') this.list.prose(first + inline(chunk.text), { anchor: this.#take(), tight: first !== '' })
      else this.read([chunk])
      first = ''
    }
  }

  #take(): string | null {
    const anchor = this.#pending
    this.#pending = null
    return anchor
  }
}

function textOf(chunks: readonly Chunk[]): string {
  const texts = chunks.map((chunk) => {
    if (chunk.kind === 'list') return chunk.items.map(({ mark, body }) => mark + textOf(body)).join('\n')
    if (chunk.kind === 'entry') return `${inline(chunk.terms.join(', '))}\n${textOf(chunk.body)}`
    if (chunk.kind === 'code' || chunk.kind === 'table') return chunk.text
    return chunk.kind === 'label' ? '' : inline(chunk.text)
  })
  return texts.filter((text) => text !== '').join('\n\n')
}

/** `**ttl**: …`, ```ttl`` …`. */
function itemTerm([first]: readonly Chunk[]): string | undefined {
  if (first?.kind !== 'paragraph') return undefined
  const found = /^(?:\*\*([^*\n]{1,80})\*\*|``([^`\n]{1,80})``)(.*)/s.exec(first.text)
  const term = found && leadingTerm(inline((found[1] ?? found[2]) as string), found[3] as string)
  return term && (found?.[1] !== undefined || isTerm(term, { isCode: true })) ? term : undefined
}

/** As docutils makes them, and GitHub too. */
function idOf(text: string): string | null {
  const id = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^[-0-9]+|-+$/g, '')
  return id === '' ? null : id
}

/** Without its marks: ``` ``code`` ```, `**strong**`, `:ref:`text <label>``, `` `text <address>`__ ``. */
function inline(text: string): string {
  return text
    .replaceAll('\n', ' ')
    .replaceAll(
      /``([^`]{1,2000})``|:[\w+.:-]{1,40}:`([^`]{1,1000})`|`([^`]{1,1000})`_{0,2}/g,
      (_, code?: string, role?: string, link?: string) => {
        return code ?? (role ?? link ?? '').replace(/\s*<[^<>]{0,500}>$/, '')
      },
    )
    .replaceAll(/(?<![\w*])\*\*([^\s*][^*]{0,500})\*\*(?![\w*])/g, '$1')
    .replaceAll(/(?<![\w*])\*([^\s*][^*]{0,500})\*(?![\w*])/g, '$1')
    .replaceAll(/\\(\S)/g, '$1')
}
