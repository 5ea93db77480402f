/** Tables where they stand in a page: data, entries a row, plain lists, or mere layout. */
import { cleanLine, cleanProse } from './clean.ts'
import { type Body, collect, type Place } from './html-body.ts'
import { cellElements, entryCell, isLayout, isLookup, readTable, rowElements, type Table, tableText } from './html-table.ts'
import { proseOf, textOf } from './html-text.ts'
import { anchorOf, anchorWithin, classes, descendants, type Element, elementsOf, find } from './html-tree.ts'

export function readTitledTable(body: Body, element: Element, place: Place): void {
  const title = elementsOf(element).find((child) => child.tagName === 'p' && classes(child).includes('title'))
  const caption = title ? cleanLine(proseOf(title.childNodes)) : ''
  if (title) title.childNodes = []
  const anchor = body.take()
  const table = find(element, (inner) => inner.tagName === 'table')
  if (!table) body.children(element, place)
  else if (place.entry && anchor !== null)
    place.entry.nested.push(() => anchoredTable(body, table, caption, anchor, { ...place, entry: null }))
  else anchoredTable(body, table, caption, anchor, place)
}

function anchoredTable(body: Body, table: Element, caption: string, anchor: string | null, place: Place): void {
  body.pending = anchor
  readTableElement(body, table, caption, place)
  body.pending = null
}

export function readTableElement(body: Body, element: Element, title: string, place: Place): void {
  const footnotes = elementsOf(element).filter((part) => classes(part).includes('footnotes'))
  if (footnotes.length > 0) element.childNodes = element.childNodes.filter((child) => !footnotes.some((part) => part === child))
  const rows = rowElements(element)
  if (classes(element).includes('simplelist')) simpleList(body, rows, place)
  else if (rows.some((row) => entryCell(row))) entryTable(body, rows, title, place)
  else if (title === '' && isLayout(element)) {
    for (const cell of rows.flatMap(cellElements)) if (!isGutter(cell)) body.children(cell, place)
  } else dataTable(body, readTable(element), title, place)
  for (const part of footnotes) body.children(part, place)
}

function dataTable(body: Body, table: Table, title: string, place: Place): void {
  const caption = title || table.caption
  const isOneCell = table.rows.length === 1 && table.rows[0]?.cells.length === 1
  if (isLookup(table) && !place.entry) lookup(body, table, caption, place)
  else if (isOneCell) body.prose(tableText(table.rows, caption), body.take(), place)
  else body.add('table', tableText(table.rows, caption), place)
}

/** `simplelist` puts a plain list into columns. */
function simpleList(body: Body, rows: Element[], place: Place): void {
  for (const cell of rows.flatMap(cellElements)) {
    const text = cleanProse(proseOf(cell.childNodes))
    if (text === '') continue
    body.mark = '- '
    body.prose(text, body.take(), place)
  }
}

/** One entry a row: a function with its description and examples, a column of a catalog. */
function entryTable(body: Body, rows: Element[], title: string, place: Place): void {
  const anchor = body.take()
  const caption = captionOf(body, title)
  let heads: string[] = []
  let group: string[] = []
  for (const row of rows) {
    const cell = entryCell(row)
    const texts = cellElements(row).map((each) => cleanLine(proseOf(each.childNodes)))
    if (cell?.tagName === 'td')
      entryRow(
        body,
        cell,
        { ...place, within: [...place.within, ...caption, ...group] },
        { anchor: anchorOf(row) ?? anchor, beside: beside(heads, texts) },
      )
    else if (cellElements(row)[0]?.tagName === 'th') heads = texts
    else if (texts.length === 1) group = texts
    else body.prose(texts.join(' | '), anchor, { ...place, within: [...place.within, ...caption] })
  }
}

function entryRow(body: Body, cell: Element, place: Place, { anchor, beside }: { anchor: string | null; beside: string[] }): void {
  const entry = collect(body, [cell], place)
  body.pending = null
  const text = [...entry.parts, ...beside].join('\n')
  if (place.entry) place.entry.parts.push(text)
  else body.list.add({ kind: 'entry', text, anchor: anchorWithin(cell) ?? anchor, term: signatureTerm(cell), within: place.within })
  for (const make of entry.nested) make()
}

/** `Partial Mode: Yes`, of the columns after the first. */
function beside(heads: readonly string[], texts: readonly string[]): string[] {
  return texts.slice(1).flatMap((text, at) => (text === '' ? [] : [heads[at + 1] ? `${heads[at + 1]}: ${text}` : text]))
}

function lookup(body: Body, table: Table, title: string, place: Place): void {
  const anchor = body.take()
  const heads = table.rows.find((row) => row.head)?.cells ?? []
  const caption = captionOf(body, title)
  let group: string[] = []
  for (const row of table.rows) {
    if (row.head) continue
    if (row.title !== null) group = [row.title]
    else {
      const lines = row.cells.map((cell, column) => (heads[column] ? `${heads[column]}: ${cell}` : cell)).filter((line) => line !== '')
      const first = row.cells[0] ?? ''
      const term = /^function$/i.test(heads[0] ?? '') ? (/^[\w.]+/.exec(first)?.[0] ?? first) : first
      const within = [...place.within, ...caption, ...group]
      body.list.add({ kind: 'entry', text: lines.join('\n'), anchor: anchorWithin(row.element) ?? anchor, term, within })
    }
  }
}

function captionOf(body: Body, title: string): string[] {
  const caption = body.heading(title)
  return caption === '' ? [] : [caption]
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

function isGutter(cell: Element): boolean {
  return classes(cell).some((name) => /^(linenos|gutter|line-numbers|lineno)$/.test(name))
}
