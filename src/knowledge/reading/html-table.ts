/** Tables of HTML as rows of text. */
import { cleanLine } from './clean.ts'
import { isUnseen, proseOf } from './html-text.ts'
import { attribute, classes, type Element, elementsOf, find } from './html-tree.ts'
import { MAX_COLUMNS, MAX_ROW_SPAN } from './limits.ts'

export interface Row {
  element: Element
  head: boolean
  /** One text a column; a cell over several rows is repeated in each, one over several columns stands in the first. */
  cells: string[]
  /** A single cell over all columns: it names the rows that follow. */
  title: string | null
}

export interface Table {
  caption: string
  rows: Row[]
}

/** Makes columns for the eye, not for data: headings, code or other tables are in its cells. */
export function isLayout(table: Element): boolean {
  if (attribute(table, 'role') === 'presentation') return true
  return find(table, (inner) => /^(h[1-6]|table|pre|dl)$/.test(inner.tagName)) !== undefined
}

export function rowElements(table: Element): Element[] {
  return elementsOf(table).flatMap((part) => {
    if (part.tagName === 'tr') return [part]
    return /^(thead|tbody|tfoot)$/.test(part.tagName) ? elementsOf(part).filter((row) => row.tagName === 'tr') : []
  })
}

export function cellElements(row: Element): Element[] {
  return elementsOf(row).filter((cell) => /^t[dh]$/.test(cell.tagName) && !isUnseen(cell))
}

export function readTable(table: Element): Table {
  const caption = elementsOf(table).find((part) => part.tagName === 'caption')
  const rows: Row[] = []
  /** By column: a text that reaches down into the next rows. */
  let hanging: Array<{ text: string; rows: number } | undefined> = []
  for (const element of rowElements(table)) {
    const { cells, next, title } = readRow(element, hanging)
    hanging = next
    if (cells.every((cell) => cell === '')) continue
    rows.push({ element, head: isHead(element), cells, title })
  }
  return { caption: caption ? cleanLine(proseOf(caption.childNodes)) : '', rows: withTitles(rows) }
}

function readRow(row: Element, hanging: Array<{ text: string; rows: number } | undefined>) {
  const cells: string[] = []
  const next: typeof hanging = []
  const fill = () => {
    for (let above = hanging[cells.length]; above && cells.length < MAX_COLUMNS; above = hanging[cells.length]) {
      if (above.rows > 1) next[cells.length] = { text: above.text, rows: above.rows - 1 }
      cells.push(above.text)
    }
  }
  const elements = cellElements(row)
  for (const cell of elements) {
    fill()
    const text = cleanLine(proseOf(cell.childNodes))
    const rows = Math.min(number(cell, 'rowspan'), MAX_ROW_SPAN)
    const columns = Math.min(number(cell, 'colspan'), MAX_COLUMNS - cells.length)
    for (let column = 0; column < columns; column++) {
      const shown = column === 0 ? text : ''
      if (rows > 1) next[cells.length] = { text: shown, rows: rows - 1 }
      cells.push(shown)
    }
  }
  fill()
  const only = elements.length === 1 ? elements[0] : undefined
  return { cells, next, title: only && number(only, 'colspan') > 1 ? (cells.find((cell) => cell !== '') ?? null) : null }
}

/** A title is one only where it spans the table's whole width. */
function withTitles(rows: Row[]): Row[] {
  const width = rows.reduce((widest, row) => Math.max(widest, row.cells.length), 0)
  return rows.map((row) => (row.title !== null && row.cells.length < width ? { ...row, title: null } : row))
}

function isHead(row: Element): boolean {
  const parent = row.parentNode
  if (parent && 'tagName' in parent && parent.tagName === 'thead') return true
  const cells = cellElements(row)
  return cells.length > 0 && cells.every((cell) => cell.tagName === 'th')
}

function number(cell: Element, name: string): number {
  const value = Number.parseInt(attribute(cell, name) ?? '1', 10)
  return Math.max(value, 1)
}

/** Lines of text, the head parted from the rows by `--- | ---`, which is how a splitter knows what to repeat. */
export function tableText(rows: ReadonlyArray<Pick<Row, 'head' | 'cells' | 'title'>>, caption: string): string {
  const head = rows.findIndex((row) => !row.head)
  const headRows = head === -1 ? 0 : head
  const lines = rows.map((row) => row.title ?? row.cells.join(' | ').replace(/[ |]+$/, ''))
  if (headRows > 0) lines.splice(headRows, 0, (rows[0]?.cells ?? []).map(() => '---').join(' | '))
  return [caption, ...lines].filter((line) => line !== '').join('\n')
}

/**
 * Tables whose rows are looked up one by one, by the head of their first column: error codes, wait events, roles, and functions as the manuals up to 12 have them.
 */
export function isLookup({ rows }: Table): boolean {
  const head = rows.find((row) => row.head)?.cells[0] ?? ''
  if (/^(error code|function|role|(\w+ )?wait event)$/i.test(head)) return true
  const body = rows.filter((row) => !row.head && row.title === null)
  const states = body.filter((row) => /^[0-9A-Z]{5}$/.test(row.cells[0] ?? '') && /\d/.test(row.cells[0] ?? ''))
  return body.length >= 3 && states.length > body.length * 0.8
}

/** A cell that is a whole entry by itself, since Postgres 13: signature, description and examples one below the other. Cells beside it say a word about it. */
export function entryCell(row: Element): Element | undefined {
  const [cell] = cellElements(row)
  return cell && classes(cell).some((name) => /^(func|catalog)_table_entry$/.test(name)) ? cell : undefined
}
