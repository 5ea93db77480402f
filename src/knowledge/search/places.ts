/** Where the words of a passage are. */
import { eachLexeme, quoteLexeme } from './lexemes.ts'

export interface Places {
  /** Of each lexeme of the text, in order. */
  text: ReadonlyMap<string, number[]>
  name: ReadonlySet<string>
  above: ReadonlySet<string>
}

const SPECIAL = /[\\^$.*+?()[\]{}|/-]/g

/** Finds some lexemes in what Postgres writes of a tsvector: faster by far than reading the text again. */
export function placesOf(wanted: ReadonlySet<string>): (words: string) => Places {
  const written = new Map([...wanted].map((lexeme) => [quoteLexeme(lexeme), lexeme]))
  const each = new RegExp(`(?:^| )(${[...written.keys()].map((quoted) => quoted.replace(SPECIAL, '\\$&')).join('|')}):([0-9A-D,]+)`, 'g')
  return (words) => {
    const text = new Map<string, number[]>()
    const name = new Set<string>()
    const above = new Set<string>()
    for (const [, quoted = '', at = ''] of words.matchAll(each)) {
      const lexeme = written.get(quoted) ?? ''
      for (const place of at.split(',')) {
        if (place.endsWith('A')) name.add(lexeme)
        else if (place.endsWith('B')) above.add(lexeme)
        else {
          const known = text.get(lexeme)
          if (known) known.push(Number(place))
          else text.set(lexeme, [Number(place)])
        }
      }
    }
    return { text, name, above }
  }
}

/** A passage's own name, and those above it. */
export function headings(title: string, breadcrumb: readonly string[], term: string | null): { name: string; above: string } {
  const all = [title, ...breadcrumb, ...(term === null ? [] : [term])]
  return { name: all.at(-1) ?? '', above: all.slice(0, -1).join('\n') }
}

export function positionsOf(text: string): Map<string, number[]> {
  const found = new Map<string, number[]>()
  eachLexeme(text, (lexeme, position) => {
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
