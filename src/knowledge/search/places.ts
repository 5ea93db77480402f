/** Where the words of a passage are. */
import type { PassageRow } from './find-passages.ts'
import { readWords } from './lexemes.ts'

export interface Places {
  /** Of each lexeme of the text, in order. */
  text: ReadonlyMap<string, number[]>
  name: ReadonlySet<string>
  above: ReadonlySet<string>
}

export function placesOf(row: PassageRow): Places {
  const { name, above } = headings(row.title, row.breadcrumb, row.term)
  return { text: positionsOf(row.text), name: new Set(positionsOf(name).keys()), above: new Set(positionsOf(above).keys()) }
}

/** A passage's own name, and those above it. */
export function headings(title: string, breadcrumb: readonly string[], term: string | null): { name: string; above: string } {
  const all = [title, ...breadcrumb, ...(term === null ? [] : [term])]
  return { name: all.at(-1) ?? '', above: all.slice(0, -1).join('\n') }
}

function positionsOf(text: string): Map<string, number[]> {
  const found = new Map<string, number[]>()
  let position = 0
  const add = (lexeme: string): void => {
    const known = found.get(lexeme)
    if (known) known.push(position)
    else found.set(lexeme, [position])
  }
  for (const { parts, whole } of readWords(text)) {
    if (whole !== null) add(whole)
    if (parts.length === 0) position++
    for (const { stem } of parts) {
      add(stem)
      position++
    }
  }
  return found
}

/** Where a phrase begins. */
export function findForm(lexemes: readonly string[], text: ReadonlyMap<string, number[]>): number[] {
  const [first = '', ...rest] = lexemes
  const starts = text.get(first) ?? []
  return rest.length === 0 ? starts : starts.filter((at) => rest.every((lexeme, index) => text.get(lexeme)?.includes(at + index + 1)))
}
