/** Markdown as blocks, with GitHub's tables. */
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table'
import { gfmTable } from 'micromark-extension-gfm-table'
import type { Block } from '../document.ts'
import { BlockList } from './block-list.ts'
import { cleanLine, cleanProse } from './clean.ts'
import { readBody } from './html.ts'
import { tableText } from './html-table.ts'
import { anchorWithin, elementsOf, parseHtml, TooComplex } from './html-tree.ts'
import { MAX_DEPTH } from './limits.ts'
import { isTerm, leadingTerm, slugs } from './term.ts'

type Tree = ReturnType<typeof fromMarkdown>
type Node = Tree['children'][number]
type Kind<Type extends Node['type']> = Extract<Node, { type: Type }>

export interface MarkupText {
  title: string | null
  blocks: Block[]
}

/** The first heading of the first level is the title. Throws TooComplex for HTML in it that is. */
export function readMarkdown(text: string): MarkupText {
  const tree = parse(text)
  const reader = new MarkdownReader()
  reader.read(tree.children)
  return { title: reader.title, blocks: reader.list.blocks }
}

/** Brackets in one paragraph, which take the square of their number to match. The longest lists of links have a few thousand. */
const MAX_BRACKETS = 10_000

/** Nesting nobody writes by hand is made flat, as each level costs time for every line in it. */
function parse(text: string): Tree {
  for (const paragraph of text.split(/\n\s*\n/)) {
    if (paragraph.length > MAX_BRACKETS && paragraph.split('[').length > MAX_BRACKETS)
      throw new TooComplex(`a paragraph has more than ${MAX_BRACKETS} links`)
  }
  if (/^(?:[^|\n]*\|){1000}/m.test(text)) throw new TooComplex('a table has a thousand columns')
  const flat = text.replaceAll(/^[ \t]{120,}/gm, ' '.repeat(120)).replaceAll(/^((?:[ \t]{0,3}>){40})[ \t>]+/gm, '$1 ')
  return fromMarkdown(flat, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] })
}

class MarkdownReader {
  readonly list = new BlockList()
  title: string | null = null
  readonly #slug = slugs()
  /** Of an `<a id="…">` that nothing has followed yet. */
  #pending: string | null = null
  #sections = 0

  read(nodes: readonly Node[]): void {
    for (let at = 0; at < nodes.length; at++) {
      const node = nodes[at] as Node
      const term = node.type === 'heading' ? this.#heading(node) : loneTerm(node)
      if (term !== undefined) {
        const end = nodes.findIndex((next, index) => index > at && (next.type === 'heading' || loneTerm(next) !== undefined))
        const own = nodes.slice(at + 1, end === -1 ? undefined : end)
        const first = node.type === 'list' ? textOfAll(node.children[0]?.children ?? []) : term
        this.list.add({ kind: 'entry', term, text: `${first}\n${textOfAll(own)}` })
        at += own.length
      } else if (node.type !== 'heading') this.#node(node)
    }
  }

  /** The term, where the section is an entry. */
  #heading(node: Kind<'heading'>): string | undefined {
    const { text, id } = withoutId(cleanLine(inline(node.children)))
    const anchor = id ?? this.#pending ?? this.#slug(text)
    this.#pending = null
    if (text === '') return undefined
    if (node.depth === 1 && this.title === null && this.#sections === 0) {
      this.title = text
      this.list.root(anchor)
      return undefined
    }
    this.list.section(node.depth, text, anchor)
    this.#sections++
    return isTerm(text, { isCode: node.children.every((child) => child.type === 'inlineCode') }) ? text : undefined
  }

  #node(node: Node): void {
    if (node.type === 'code') this.list.add({ kind: 'code', text: node.value, anchor: this.#take() })
    else if (node.type === 'table') this.list.add({ kind: 'table', text: textOf(node), anchor: this.#take() })
    else if (node.type === 'blockquote') for (const child of node.children) this.#node(child)
    else if (node.type === 'list') this.#items(node)
    else if (node.type === 'html') this.#html(node.value)
    else if (node.type === 'heading') this.list.prose(textOf(node))
    else if (node.type === 'paragraph' && isImports(textOf(node))) return
    else this.list.prose(textOf(node), { anchor: this.#take() })
  }

  #items(list: Kind<'list'>): void {
    const terms = list.children.map((item) => itemTerm(item))
    const isOfTerms = terms.filter((term) => term !== undefined).length >= Math.max(2, list.children.length * 0.8)
    const isLong = textOf(list).length > 80 * list.children.length
    list.children.forEach((item, at) => {
      const term = terms[at]
      if (isOfTerms && isLong && term) this.list.add({ kind: 'entry', term, text: textOfAll(item.children) })
      else this.#item(item.children, list.ordered ? `${(list.start ?? 1) + at}. ` : '- ')
    })
  }

  /** Examples in an item stay examples. */
  #item(nodes: readonly Node[], mark: string): void {
    let first = mark
    for (const node of nodes) {
      if (node.type === 'paragraph' || (node.type === 'list' && !holdsCode(node))) {
        this.list.prose(first + textOf(node), { anchor: this.#take(), tight: first !== '' || node.type === 'list' })
      } else this.#node(node)
      first = ''
    }
  }

  #html(value: string): void {
    const tree = parseHtml(value)
    const anchor = elementsOf(tree)
      .map(anchorWithin)
      .find((found) => found !== null)
    this.#pending = anchor ?? this.#pending
    for (const { kind, text, term } of readBody(tree, { title: '' }).blocks) {
      if (kind === 'prose') this.list.prose(text, { anchor: this.#take() })
      else this.list.add({ kind, text, term, anchor: this.#take() })
    }
  }

  #take(): string | null {
    const anchor = this.#pending
    this.#pending = null
    return anchor
  }
}

/** `Settings {#settings}`, `Settings {: #settings }`. */
function withoutId(title: string): { text: string; id: string | null } {
  const found = /\s*\{:?\s*#([\w:.-]{1,200})[^}]{0,200}\}$/.exec(title)
  return found ? { text: title.slice(0, found.index), id: found[1] as string } : { text: title, id: null }
}

/** What MDX has between its texts. */
function isImports(text: string): boolean {
  return /^(import|export) (.+ from ['"]|const |\{|['"])|^\{\/\*.*\*\/\}$/.test(text)
}

function itemTerm({ children: [first] }: Kind<'list'>['children'][number]): string | undefined {
  if (first?.type !== 'paragraph') return undefined
  const [start, next] = first.children
  if (start?.type !== 'inlineCode' && start?.type !== 'strong') return undefined
  return leadingTerm(inline([start]), next === undefined ? '' : next.type === 'text' ? next.value : inline([next]))
}

/** A setting alone in a list, with what it does below the list. */
function loneTerm(node: Node): string | undefined {
  if (node.type !== 'list' || node.children.length !== 1) return undefined
  const term = itemTerm(node.children[0] as Kind<'list'>['children'][number])
  return term && /^[A-Z_]{4,}$|_/.test(term) ? term : undefined
}

function holdsCode(list: Kind<'list'>): boolean {
  return list.children.some((item) => item.children.some((node) => node.type !== 'paragraph' && (node.type !== 'list' || holdsCode(node))))
}

function textOfAll(nodes: readonly Node[], depth = 0): string {
  const texts = nodes.map((node) => textOf(node, depth)).filter((text) => text !== '')
  return texts.join('\n\n')
}

/** White space of code as it is; that of prose is cleaned where it is put. */
function textOf(node: Node, depth = 0): string {
  if (depth > MAX_DEPTH) return ''
  switch (node.type) {
    case 'heading':
    case 'paragraph':
      return cleanProse(inline(node.children))
    case 'code':
      return node.value
    case 'html':
      return readBody(parseHtml(node.value), { title: '' })
        .blocks.map((block) => block.text)
        .join('\n\n')
    case 'blockquote':
      return textOfAll(node.children, depth + 1)
    case 'list':
      return node.children
        .map((item, at) => (node.ordered ? `${(node.start ?? 1) + at}. ` : '- ') + textOfAll(item.children, depth + 1))
        .join('\n')
    case 'table':
      return tableText(
        node.children.map((row, at) => ({
          head: at === 0,
          title: null,
          cells: row.children.map((cell) => cleanLine(inline(cell.children))),
        })),
        '',
      )
    default:
      return 'value' in node && node.type !== 'yaml' ? cleanProse(node.value) : ''
  }
}

type Inline = Kind<'paragraph'>['children'][number]

/** Ends of lines in the source are spaces; marks of notes (`:::tip`, `[!WARNING]`) become their words. */
function inline(nodes: readonly Inline[], depth = 0): string {
  if (depth > MAX_DEPTH) return ''
  const parts = nodes.map((node) => {
    if (node.type === 'text') return withoutMarks(node.value)
    if (node.type === 'inlineCode') return node.value.replaceAll('\n', ' ')
    if (node.type === 'break') return '\n'
    if (node.type === 'html') return /^<br\b/i.test(node.value) ? '\n' : ''
    return 'children' in node ? inline(node.children, depth + 1) : ''
  })
  return parts.join('')
}

function withoutMarks(text: string): string {
  return text
    .replaceAll(/(^|\n):{3,} *(\w*)/g, (_, start: string, word: string) => start + named(word))
    .replaceAll(/(^|\n)\[!(\w+)\]/g, (_, start: string, word: string) => start + named(word))
    .replaceAll('\n', ' ')
}

function named(word: string): string {
  return word === '' ? '' : `${word[0]?.toUpperCase()}${word.slice(1).toLowerCase()}: `
}
