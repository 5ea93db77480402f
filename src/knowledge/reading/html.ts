/** A page of HTML as blocks: DocBook's, Sphinx's, or anybody's. */
import { BlockList } from './block-list.ts'
import { cleanLine, cleanLines, cleanProse } from './clean.ts'
import { cellElements, entryCell, isLayout, isLookup, readTable, rowElements, type Table, tableText } from './html-table.ts'
import { headingNodes, isBlock, isUnseen, proseOf, textOf } from './html-text.ts'
import {
  anchorOf,
  anchorWithin,
  attribute,
  classes,
  descendants,
  type Element,
  elementsOf,
  find,
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
/** A list of terms in an entry that is shorter than this is part of the entry's text; longer ones have entries of their own. */
const INLINE_LIST_CHARACTERS = 1_200

const BULLET = /^(- |\d+\. $)/

/** Where the reader is. Copied for what is inside something. */
interface Place {
  /** Titles of the table or entry around. */
  within: readonly string[]
  /** The entry whose text this is part of; null when blocks are made. */
  entry: Entry | null
  inList: boolean
}

interface Entry {
  parts: string[]
  /** Its last part is prose, and a list may go on in it. */
  open: boolean
  /** Made after the entry they are in. */
  nested: Array<() => void>
}

export function readBody(root: Parent, options: BodyOptions): BlockList {
  const reader = new BodyReader(options)
  reader.read(root)
  return reader.list
}

class BodyReader {
  readonly list = new BlockList()
  readonly #options: BodyOptions
  readonly #withBlocks = new Set<Node>()
  /** Goes before the next paragraph: `- `, `Note: `. */
  #mark = ''
  /** Anchor of something that began and has said nothing yet. */
  #pending: string | null = null
  #sections = 0

  constructor(options: BodyOptions) {
    this.#options = options
  }

  read(root: Parent): void {
    this.#markBlocks(root)
    this.#children(root, { within: [], entry: null, inList: false })
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

  #children(parent: Parent, place: Place): void {
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
    if (text === '') this.#pending = anchor ?? this.#pending
    else this.#prose(text, anchor ?? this.#take(), place)
  }

  #prose(text: string, anchor: string | null, place: Place): void {
    const tight = BULLET.test(this.#mark)
    const marked = this.#mark + text
    this.#mark = ''
    if (!place.entry) {
      this.list.prose(marked, { anchor, tight, within: place.within })
      return
    }
    const { parts } = place.entry
    if (tight && place.entry.open) parts.push(`${parts.pop()}\n${marked}`)
    else parts.push(marked)
    place.entry.open = true
  }

  /** What stands before something that is no paragraph: a bullet alone says nothing, a term does. */
  #sayMark(place: Place): void {
    const mark = this.#mark.trim()
    this.#mark = ''
    if (!/^(-|\d+\.|)$/.test(mark)) this.#prose(mark, this.#take(), place)
  }

  #take(): string | null {
    const anchor = this.#pending
    this.#pending = null
    return anchor
  }

  #add(kind: 'synopsis' | 'example' | 'table' | 'code', text: string, place: Place): void {
    const clean = cleanLines(text)
    if (clean === '') return
    this.#sayMark(place)
    if (place.entry) {
      place.entry.parts.push(clean)
      place.entry.open = false
    } else this.list.add({ kind, text: clean, anchor: this.#take(), within: place.within })
  }

  #block(element: Element, place: Place): void {
    const names = classes(element)
    const isSection = element.tagName === 'section' || names.some((name) => SECTIONS.test(name))
    if (element.tagName !== 'dl') this.#pending = anchorOf(element, { numbered: isSection }) ?? this.#pending
    if (/^h[1-6]$/.test(element.tagName)) this.#heading(element, place)
    else if (element.tagName === 'pre') this.#add(preKind(names), textOf(element), place)
    else if (element.tagName === 'table') this.#table(element, '', place)
    else if (/^(ul|ol|menu)$/.test(element.tagName)) this.#items(element, place)
    else if (element.tagName === 'dl') this.#entries(element, place)
    else if (names.includes('table') || names.includes('informaltable')) this.#titledTable(element, place)
    else if (names.includes('example')) this.#example(element, place)
    else if (names.includes('cmdsynopsis')) this.#add('synopsis', cleanProse(proseOf(element.childNodes)), place)
    else if (names.includes('admonitionblock')) this.#admonitionTable(element, place)
    else if (names.some((name) => ADMONITIONS.test(name))) this.#admonition(element, place)
    else if (element.tagName !== 'hr' && element.tagName !== 'footer') this.#children(element, place)
  }

  #heading(element: Element, place: Place): void {
    const { line, rest } = headingNodes(element)
    this.#title(element, cleanLine(proseOf(line)), place)
    if (rest.length > 0) this.#children({ ...element, childNodes: rest as Element['childNodes'] }, place)
  }

  #title(element: Element, whole: string, place: Place): void {
    const title = this.#options.heading?.(whole) ?? whole
    const anchor = anchorOf(element, { numbered: true }) ?? anchorWithin(element) ?? this.#take()
    this.#pending = null
    if (title === '') return
    if (place.entry || place.within.length > 0) this.#prose(title, anchor, place)
    else if (this.#sections === 0 && title === this.#options.title) this.list.root(anchor)
    else {
      this.list.section(Number(element.tagName[1]), title, anchor)
      this.#sections++
    }
  }

  /** `Note: …`; its title is no section. */
  #admonition(element: Element, place: Place): void {
    const title = elementsOf(element).find((child) => /^h\d$/.test(child.tagName))
    if (title) {
      this.#mark = `${cleanLine(proseOf(title.childNodes))}: `
      element.childNodes = element.childNodes.filter((child) => child !== title)
    }
    this.#children(element, place)
    this.#mark = ''
  }

  /** AsciiDoc's: the word in one cell, the text in the other. */
  #admonitionTable(element: Element, place: Place): void {
    const [icon, content] = [...descendants(element)].filter((cell) => cell.tagName === 'td')
    if (icon && content) this.#mark = `${cleanLine(proseOf(icon.childNodes))}: `
    this.#children(content ?? element, place)
    this.#mark = ''
  }

  /** Its title and all that is in it stay together. */
  #example(element: Element, place: Place): void {
    const anchor = this.#take()
    const entry: Entry = { parts: [], open: false, nested: [] }
    this.#children(element, { ...place, entry })
    this.#pending = anchor
    this.#add('example', entry.parts.join('\n\n'), place)
    for (const make of entry.nested) make()
  }

  #items(list: Element, place: Place): void {
    const asEntries = this.#options.itemsAreEntries === true && !place.inList && !place.entry && saysSomething(list)
    let next = Number.parseInt(attribute(list, 'start') ?? '1', 10) || 1
    for (const item of elementsOf(list)) {
      if (isUnseen(item)) continue
      this.#sayMark(place)
      if (asEntries && item.tagName === 'li') this.#item(item, place)
      else {
        this.#pending = anchorOf(item) ?? this.#pending
        this.#mark = list.tagName === 'ol' ? `${next++}. ` : '- '
        if (item.tagName === 'li') this.#children(item, { ...place, inList: true })
        else this.#block(item, { ...place, inList: true })
        this.#mark = ''
      }
    }
  }

  #item(item: Element, place: Place): void {
    const entry: Entry = { parts: [], open: false, nested: [] }
    const anchor = anchorWithin(item)
    this.#children(item, { ...place, entry, inList: true })
    this.#pending = null
    this.list.add({ kind: 'entry', text: entry.parts.join('\n\n'), anchor, within: place.within })
    for (const make of entry.nested) make()
  }

  #entries(list: Element, place: Place): void {
    const own = anchorOf(list)
    if (own) this.#pending = own
    for (const { terms, bodies } of groups(list)) {
      if (place.entry && !isBig(list)) this.#inlineEntry(terms, bodies, place)
      else if (place.entry) place.entry.nested.push(() => this.#entry(terms, bodies, { ...place, entry: null }))
      else this.#entry(terms, bodies, place)
    }
  }

  #inlineEntry(terms: Element[], bodies: Element[], place: Place): void {
    this.#sayMark(place)
    this.#mark = terms.length > 0 ? `- ${termText(terms)}: ` : ''
    for (const body of bodies) this.#children(body, place)
    this.#sayMark(place)
  }

  #entry(terms: Element[], bodies: Element[], place: Place): void {
    const text = termText(terms)
    const anchor = terms.map(anchorWithin).find((found) => found !== null) ?? this.#take()
    this.#pending = null
    const term = shortTerm(text)
    const entry: Entry = { parts: text === '' ? [] : [text], open: false, nested: [] }
    // Entries in this one are below its term; the entry itself stands beside it.
    for (const body of bodies) this.#children(body, { ...place, entry, within: text === '' ? place.within : [...place.within, term] })
    const [first = '', ...rest] = entry.parts
    const whole = text === '' ? entry.parts.join('\n\n') : [first, rest.join('\n\n')].join('\n')
    if (text === '') this.list.prose(whole, { anchor, within: place.within })
    else this.list.add({ kind: 'entry', text: whole, anchor, term, within: place.within })
    for (const make of entry.nested) make()
  }

  #titledTable(element: Element, place: Place): void {
    const title = elementsOf(element).find((child) => child.tagName === 'p' && classes(child).includes('title'))
    const caption = title ? cleanLine(proseOf(title.childNodes)) : ''
    if (title) title.childNodes = []
    const anchor = this.#take()
    const table = find(element, (inner) => inner.tagName === 'table')
    if (!table) this.#children(element, place)
    else if (place.entry && anchor !== null)
      place.entry.nested.push(() => this.#anchoredTable(table, caption, anchor, { ...place, entry: null }))
    else this.#anchoredTable(table, caption, anchor, place)
  }

  #anchoredTable(table: Element, caption: string, anchor: string | null, place: Place): void {
    this.#pending = anchor
    this.#table(table, caption, place)
    this.#pending = null
  }

  #table(element: Element, title: string, place: Place): void {
    const footnotes = elementsOf(element).filter((part) => classes(part).includes('footnotes'))
    if (footnotes.length > 0) element.childNodes = element.childNodes.filter((child) => !footnotes.some((part) => part === child))
    const rows = rowElements(element)
    if (classes(element).includes('simplelist')) this.#simpleList(rows, place)
    else if (rows.some((row) => entryCell(row))) this.#entryTable(rows, title, place)
    else if (title === '' && isLayout(element)) {
      for (const cell of rows.flatMap(cellElements)) if (!isGutter(cell)) this.#children(cell, place)
    } else this.#dataTable(readTable(element), title, place)
    for (const part of footnotes) this.#children(part, place)
  }

  #dataTable(table: Table, title: string, place: Place): void {
    const caption = title || table.caption
    const isOneCell = table.rows.length === 1 && table.rows[0]?.cells.length === 1
    if (isLookup(table) && !place.entry) this.#lookup(table, caption, place)
    else if (isOneCell) this.#prose(tableText(table.rows, caption), this.#take(), place)
    else this.#add('table', tableText(table.rows, caption), place)
  }

  /** `simplelist` puts a plain list into columns. */
  #simpleList(rows: Element[], place: Place): void {
    for (const cell of rows.flatMap(cellElements)) {
      const text = cleanProse(proseOf(cell.childNodes))
      if (text === '') continue
      this.#mark = '- '
      this.#prose(text, this.#take(), place)
    }
  }

  /** One entry a row: a function with its description and examples, a column of a catalog. */
  #entryTable(rows: Element[], title: string, place: Place): void {
    const anchor = this.#take()
    let group: string[] = []
    const caption = this.#captionOf(title)
    for (const row of rows) {
      const cell = entryCell(row)
      if (!cell || cell.tagName === 'th') {
        const cells = cellElements(row)
        const name = cleanLine(proseOf(row.childNodes))
        if (cells[0]?.tagName === 'td' && name !== '') {
          if (cells.length === 1) group = [name]
          else this.#prose(name, anchor, { ...place, within: [...place.within, ...caption] })
        }
        continue
      }
      const entry: Entry = { parts: [], open: false, nested: [] }
      const within = [...place.within, ...caption, ...group]
      this.#children(cell, { ...place, entry, within })
      this.#pending = null
      const text = entry.parts.join('\n')
      if (place.entry) place.entry.parts.push(text)
      else this.list.add({ kind: 'entry', text, anchor: anchorOf(row) ?? anchorWithin(cell) ?? anchor, term: signatureTerm(cell), within })
      for (const make of entry.nested) make()
    }
  }

  #lookup(table: Table, title: string, place: Place): void {
    const anchor = this.#take()
    const heads = table.rows.find((row) => row.head)?.cells ?? []
    const caption = this.#captionOf(title)
    let group: string[] = []
    for (const row of table.rows) {
      if (row.head) continue
      if (row.title !== null) group = [row.title]
      else {
        const lines = row.cells.map((cell, column) => (heads[column] ? `${heads[column]}: ${cell}` : cell)).filter((line) => line !== '')
        const term = row.cells[0] ?? ''
        const within = [...place.within, ...caption, ...group]
        this.list.add({ kind: 'entry', text: lines.join('\n'), anchor: anchorWithin(row.element) ?? anchor, term, within })
      }
    }
  }

  #captionOf(title: string): string[] {
    const caption = this.#options.heading?.(title) ?? title
    return caption === '' ? [] : [caption]
  }
}

function preKind(names: string[]): 'synopsis' | 'example' | 'code' {
  if (names.includes('synopsis') || names.includes('funcsynopsisinfo')) return 'synopsis'
  return names.some((name) => /^(programlisting|screen)$/.test(name)) ? 'example' : 'code'
}

/** Terms with their descriptions; several terms may share one, and `<div>` may be around each group. */
function* groups(list: Element): Generator<{ terms: Element[]; bodies: Element[] }> {
  let terms: Element[] = []
  let bodies: Element[] = []
  for (const child of elementsOf(list).flatMap((child) => (child.tagName === 'div' ? elementsOf(child) : [child]))) {
    if (isUnseen(child)) continue
    if (child.tagName === 'dt') {
      if (bodies.length > 0) {
        yield { terms, bodies }
        terms = []
        bodies = []
      }
      terms.push(child)
    } else bodies.push(child)
  }
  if (terms.length + bodies.length > 0) yield { terms, bodies }
}

function termText(terms: Element[]): string {
  const texts = terms.map((term) => cleanLine(proseOf(term.childNodes))).filter((text) => text !== '')
  return texts.join(', ')
}

/** `max_wal_size (integer)` is looked up as `max_wal_size`. */
function shortTerm(text: string): string {
  return /^\w+ \([a-z_ ]+\)$/.test(text) ? text.replace(/ .*$/, '') : text
}

function signatureTerm(cell: Element): string | null {
  const names: string[] = []
  for (const element of descendants(cell)) {
    const isColumn = classes(element).includes('column_definition')
    if (!isColumn && !classes(element).includes('func_signature')) continue
    const name = [...descendants(element)].find((code) => classes(code).includes(isColumn ? 'structfield' : 'function'))
    names.push(cleanLine(name ? textOf(name) : textOf(element)).replace(/ → .*$/, ''))
  }
  return [...new Set(names)].join(', ') || null
}

function isBig(list: Element): boolean {
  if ([...descendants(list)].some((inner) => inner.tagName === 'dt' && anchorOf(inner) !== null)) return true
  return textOf(list).replaceAll(/\s+/g, ' ').length > INLINE_LIST_CHARACTERS
}

/** A list of changes, not one of names. */
function saysSomething(list: Element): boolean {
  return textOf(list).replaceAll(/\s+/g, ' ').length > 60 * elementsOf(list).length
}

function isGutter(cell: Element): boolean {
  return classes(cell).some((name) => /^(linenos|gutter|line-numbers|lineno)$/.test(name))
}
