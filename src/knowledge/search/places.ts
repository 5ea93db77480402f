/** Where the words of a passage are. */
import type { PassageRow } from './find-passages.ts'
import { eachLexeme } from './lexemes.ts'

export interface Places {
  /** Of each lexeme of the text, in order. */
  text: ReadonlyMap<string, number[]>
  name: ReadonlySet<string>
  above: ReadonlySet<string>
}

export function placesOf(row: PassageRow, wanted: ReadonlySet<string>): Places {
  const { name, above } = headings(row.title, row.breadcrumb, row.term)
  return { text: positionsOf(row.text, wanted), name: new Set(positionsOf(name).keys()), above: new Set(positionsOf(above).keys()) }
}

/** A passage's own name, and those above it. */
export function headings(title: string, breadcrumb: readonly string[], term: string | null): { name: string; above: string } {
  const all = [title, ...breadcrumb, ...(term === null ? [] : [term])]
  return { name: all.at(-1) ?? '', above: all.slice(0, -1).join('\n') }
}

/** Only of the lexemes that are wanted, where there are any. */
export function positionsOf(text: string, wanted?: ReadonlySet<string>): Map<string, number[]> {
  const found = new Map<string, number[]>()
  eachLexeme(text, (lexeme, position) => {
    if (wanted && !wanted.has(lexeme)) return
    const known = found.get(lexeme)
    if (known) known.push(position)
    else found.set(lexeme, [position])
  })
  return found
}

/** Where a phrase begins. */
export function findForm(lexemes: readonly string[], text: ReadonlyMap<string, number[]>): number[] {
  const [first = '', ...rest] = lexemes
  const starts = text.get(first) ?? []
  return rest.length === 0 ? starts : starts.filter((at) => rest.every((lexeme, index) => text.get(lexeme)?.includes(at + index + 1)))
}
