/** The words of a passage that answer, literally. */

import { eachLexeme } from './lexemes.ts'
import { findForm } from './places.ts'
import type { WeighedConcept } from './weigh.ts'

export interface Quote {
  text: string
  /** Of all that was asked, by weight, what the quote says: 0 to 1. */
  share: number
}

export interface Sentence {
  start: number
  end: number
}

/** A word of the question in the text. */
interface Said {
  lexeme: string
  position: number
  start: number
}

/** After a full stop, or between paragraphs. An abbreviation ends none. */
const END = /(?<![\s(](?:e\.g|i\.e|etc|cf|vs|no|approx)|\b[A-Z])[.!?][)"'”]?(?=\s+["'“(]?[A-Z\d])|\n\s*\n|:(?=\s*\n)/g
const MOST_WORDS = 60

/** The sentence that says most of what was asked, with its neighbour when that adds to it. */
export function quoteOf(text: string, concepts: readonly WeighedConcept[], mostWords = MOST_WORDS): Quote {
  const sentences = sentencesOf(text)
  const total = concepts.reduce((sum, { weight }) => sum + weight, 0)
  const spans = sentences.flatMap((first, index) => {
    const next = sentences[index + 1]
    return [first, ...(next ? [{ start: first.start, end: next.end }] : [])]
  })
  const all = wordsSaid(text, concepts)
  let best: { span: Sentence; said: number; value: number } | undefined
  for (const span of spans) {
    const piece = shortened(text, span, all, concepts, mostWords)
    const words = countWords(text.slice(piece.start, piece.end))
    const said = saidIn(piece, all, concepts)
    // A longer quote must say more.
    const value = said * (1 - 0.004 * words) - (words < 4 ? 0.1 * total : 0)
    if (!best || value > best.value) best = { span: piece, said, value }
  }
  if (!best) return { text: '', share: 0 }
  return { text: text.slice(best.span.start, best.span.end), share: total === 0 ? 0 : best.said / total }
}

export function sentencesOf(text: string): Sentence[] {
  const found: Sentence[] = []
  let start = 0
  for (const match of [...text.matchAll(END), undefined]) {
    const end = match ? match.index + (/^\s/.test(match[0]) ? 0 : match[0].length) : text.length
    const piece = text.slice(start, end)
    const trimmed = piece.trim()
    if (trimmed !== '') {
      const from = start + piece.indexOf(trimmed)
      found.push({ start: from, end: from + trimmed.length })
    }
    start = match ? match.index + match[0].length : end
  }
  return found
}

/** Of a long one the part that says most. */
function shortened(text: string, span: Sentence, all: readonly Said[], concepts: readonly WeighedConcept[], most: number): Sentence {
  const words = [...text.slice(span.start, span.end).matchAll(/\S+/g)].map((match) => ({
    start: span.start + match.index,
    end: span.start + match.index + match[0].length,
  }))
  if (words.length <= most) return span
  let best: Sentence = span
  let highest = -1
  const step = Math.max(1, Math.floor(most / 6))
  for (let from = 0; from + most <= words.length + step - 1; from += step) {
    const first = words[Math.min(from, words.length - most)]
    const last = words[Math.min(from + most, words.length) - 1]
    if (!first || !last) break
    const said = saidIn({ start: first.start, end: last.end }, all, concepts)
    if (said > highest) {
      highest = said
      best = { start: first.start, end: last.end }
    }
  }
  return best
}

function wordsSaid(text: string, concepts: readonly WeighedConcept[]): Said[] {
  const wanted = new Set(concepts.flatMap(({ forms }) => forms.flatMap(({ lexemes }) => lexemes)))
  const found: Said[] = []
  eachLexeme(text, (lexeme, position, start) => {
    if (wanted.has(lexeme)) found.push({ lexeme, position, start })
  })
  return found
}

function saidIn({ start, end }: Sentence, all: readonly Said[], concepts: readonly WeighedConcept[]): number {
  const positions = new Map<string, number[]>()
  for (const one of all) {
    if (one.start < start || one.start >= end) continue
    const known = positions.get(one.lexeme)
    if (known) known.push(one.position)
    else positions.set(one.lexeme, [one.position])
  }
  return concepts.reduce(
    (sum, { forms }) => sum + Math.max(0, ...forms.map(({ lexemes, weight }) => (findForm(lexemes, positions).length > 0 ? weight : 0))),
    0,
  )
}

function countWords(text: string): number {
  return text.match(/\S+/g)?.length ?? 0
}
