/** A page of HTML as blocks: DocBook's, Sphinx's, or anybody's. */
import { BlockList } from './block-list.ts'
import { cleanLine, cleanLines, cleanProse } from './clean.ts'
import { type Body, collect, type Place } from './html-body.ts'
import { readEntries } from './html-entries.ts'
import { readTableElement, readTitledTable } from './html-tables.ts'
import { headingNodes, isBlock, isUnseen, proseOf, textOf } from './html-text.ts'
import {
  anchorOf,
  anchorWithin,
  attribute,
  classes,
  descendants,
  type Element,
  elementsOf,
  isElement,
  type Node,
  type Parent,
} from './html-tree.ts'

export interface BodyOptions {
  /** The heading that says this begins no section. */
  title: string
  /** Numbers and the like are taken off headings and captions. */
  heading?: ((text: string) => string) | undefined
  /** Each item of the outermost lists is an entry of its own. */
  itemsAreEntries?: boolean | undefined
}

const SECTIONS =
  /^(sect\d|refsect\d|refentry|chapter|appendix|part|partintro|preface|reference|book|simplesect|section|bibliodiv|glossdiv|legalnotice)$/
const ADMONITIONS = /^(note|tip|warning|caution|important)$/
const BULLET = /^(- |\d+\. $)/

export function readBody(root: Parent, options: BodyOptions): BlockList {
  const reader = new BodyReader(options)
  reader.read(root)
  return reader.list
}

class BodyReader implements Body {
  readonly list = new BlockList()
  readonly #options: BodyOptions
  readonly #withBlocks = new Set<Node>()
  mark = ''
  pending: string | null = null
  #sections = 0

  constructor(options: BodyOptions) {
    this.#options = options
  }

  read(root: Parent): void {
    this.#markBlocks(root)
    this.children(root, { within: [], entry: null, inList: false })
  }

  #markBlocks(parent: Parent): boolean {
    let found = false
    for (const child of parent.childNodes) {
      if (!isElement(child)) continue
      const inside = this.#markBlocks(child)
      if (inside) this.#withBlocks.add(child)
      found ||= inside || isBlock(child)
    }
    return found
  }

  children(parent: Parent, place: Place): void {
    let run: Node[] = []
    const flush = () => {
      if (run.length > 0) this.#paragraph(run, place)
      run = []
    }
    for (const child of parent.childNodes) {
      if (isElement(child) && (isBlock(child) || this.#withBlocks.has(child))) {
        flush()
        if (!isUnseen(child)) this.#block(child, place)
      } else run.push(child)
    }
    flush()
  }

  #paragraph(nodes: readonly Node[], place: Place): void {
    const text = cleanProse(proseOf(nodes))
    const anchor =
      nodes
        .filter(isElement)
        .map(anchorWithin)
        .find((found) => found !== null) ?? null
    if (text === '') this.pending = anchor ?? this.pending
    else this.prose(text, anchor ?? this.take(), place)
  }

  prose(text: string, anchor: string | null, place: Place): void {
    const tight = BULLET.test(this.mark)
    const marked = this.mark + text
    this.mark = ''
    if (!place.entry) {
      this.list.prose(marked, { anchor, tight, within: place.within })
      return
    }
    const { parts } = place.entry
    if (tight && place.entry.open) parts.push(`${parts.pop()}\n${marked}`)
    else parts.push(marked)
    place.entry.open = true
  }

  sayMark(place: Place): void {
    const mark = this.mark.trim()
    this.mark = ''
    if (!/^(-|\d+\.|)$/.test(mark)) this.prose(mark, this.take(), place)
  }

  take(): string | null {
    const anchor = this.pending
    this.pending = null
    return anchor
  }

  add(kind: 'synopsis' | 'example' | 'table' | 'code', text: string, place: Place): void {
    const clean = cleanLines(text)
    if (clean === '') return
    this.sayMark(place)
    if (place.entry) {
      place.entry.parts.push(clean)
      place.entry.open = false
    } else this.list.add({ kind, text: clean, anchor: this.take(), within: place.within })
  }

  #block(element: Element, place: Place): void {
    const names = classes(element)
    const isSection = element.tagName === 'section' || names.some((name) => SECTIONS.test(name))
    if (element.tagName !== 'dl') this.pending = anchorOf(element, { numbered: isSection }) ?? this.pending
    if (levelOf(element) !== undefined) this.#heading(element, place)
    else if (element.tagName === 'pre') this.add(preKind(names), textOf(element), place)
    else if (element.tagName === 'table') readTableElement(this, element, '', place)
    else if (/^(ul|ol|menu)$/.test(element.tagName)) this.#items(element, place)
    else if (element.tagName === 'dl') readEntries(this, element, place)
    else if (names.includes('table') || names.includes('informaltable')) readTitledTable(this, element, place)
    else if (names.includes('example')) this.#example(element, place)
    else if (names.includes('cmdsynopsis')) this.add('synopsis', cleanProse(proseOf(element.childNodes)), place)
    else if (names.includes('admonitionblock')) this.#admonitionTable(element, place)
    else if (names.some((name) => ADMONITIONS.test(name))) this.#admonition(element, place)
    else if (element.tagName !== 'hr' && element.tagName !== 'footer') this.children(element, place)
  }

  #heading(element: Element, place: Place): void {
    const { line, rest } = headingNodes(element)
    this.#title(element, cleanLine(proseOf(line)), place)
    if (rest.length > 0) this.children({ ...element, childNodes: rest as Element['childNodes'] }, place)
  }

  #title(element: Element, whole: string, place: Place): void {
    const title = this.heading(whole)
    const anchor = anchorOf(element, { numbered: true }) ?? anchorWithin(element) ?? this.take()
    this.pending = null
    if (title === '') return
    if (place.entry || place.within.length > 0) this.prose(title, anchor, place)
    else if (this.#sections === 0 && title === this.#options.title) this.list.root(anchor)
    else {
      this.list.section(levelOf(element) ?? 1, title, anchor)
      this.#sections++
    }
  }

  heading(text: string): string {
    return this.#options.heading?.(text) ?? text
  }

  strayText(parent: Element, place: Place): void {
    const text = cleanProse(proseOf(parent.childNodes.filter((child) => !isElement(child))))
    if (text !== '') this.prose(text, this.take(), place)
  }

  /** `Note: …`; its title is no section. */
  #admonition(element: Element, place: Place): void {
    const title = elementsOf(element).find((child) => /^h\d$/.test(child.tagName))
    if (title) {
      this.mark = `${cleanLine(proseOf(title.childNodes))}: `
      element.childNodes = element.childNodes.filter((child) => child !== title)
    }
    this.children(element, place)
    this.mark = ''
  }

  /** AsciiDoc's: the word in one cell, the text in the other. */
  #admonitionTable(element: Element, place: Place): void {
    const [icon, content] = [...descendants(element)].filter((cell) => cell.tagName === 'td')
    if (icon && content) this.mark = `${cleanLine(proseOf(icon.childNodes))}: `
    this.children(content ?? element, place)
    this.mark = ''
  }

  /** Its title and all that is in it stay together. */
  #example(element: Element, place: Place): void {
    const anchor = this.take()
    const entry = collect(this, [element], place)
    this.pending = anchor
    this.add('example', entry.parts.join('\n\n'), place)
    for (const make of entry.nested) make()
  }

  #items(list: Element, place: Place): void {
    const asEntries = this.#options.itemsAreEntries === true && !place.inList && !place.entry && saysSomething(list)
    this.strayText(list, place)
    let next = Number.parseInt(attribute(list, 'start') ?? '1', 10) || 1
    for (const item of elementsOf(list)) {
      if (isUnseen(item)) continue
      this.sayMark(place)
      if (asEntries && item.tagName === 'li') this.#item(item, place)
      else {
        this.pending = anchorOf(item) ?? this.pending
        this.mark = list.tagName === 'ol' ? `${next++}. ` : '- '
        if (item.tagName === 'li') this.children(item, { ...place, inList: true })
        else this.#block(item, { ...place, inList: true })
        this.mark = ''
      }
    }
  }

  #item(item: Element, place: Place): void {
    const anchor = anchorWithin(item)
    const entry = collect(this, [item], { ...place, inList: true })
    this.pending = null
    this.list.add({ kind: 'entry', text: entry.parts.join('\n\n'), anchor, within: place.within })
    for (const make of entry.nested) make()
  }
}

function preKind(names: string[]): 'synopsis' | 'example' | 'code' {
  if (names.includes('synopsis') || names.includes('funcsynopsisinfo')) return 'synopsis'
  return names.some((name) => /^(programlisting|screen)$/.test(name)) ? 'example' : 'code'
}

/** Of a heading, and of what pgBackRest's manual has in place of one: `<div class="section2-title">`. */
function levelOf(element: Element): number | undefined {
  if (/^h[1-6]$/.test(element.tagName)) return Number(element.tagName[1])
  const name = element.tagName === 'div' ? classes(element).find((name) => /^section[1-5]-title$/.test(name)) : undefined
  return name && elementsOf(element).every((child) => !isBlock(child)) ? Number(name[7]) + 1 : undefined
}

/** A list of changes, not one of names. */
function saysSomething(list: Element): boolean {
  return textOf(list).replaceAll(/\s+/g, ' ').length > 60 * elementsOf(list).length
}
