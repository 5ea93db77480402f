/** Slips of the pen: words of a question that nothing stored has, and those it has that they were meant to be. */
import { type Database, SCHEMA } from '../../database/database.ts'
import type { Form } from './question-words.ts'
import { stem } from './stem.ts'

/** Words that nobody else uses may be slips themselves. */
const LEAST_PASSAGES = 3
const MOST_WORDS = 30_000
const KEPT_MS = 600_000
const SHORTEST = 4
const MOST_GUESSES = 3
/** What a stem may have lost. */
const ENDINGS = [
  '',
  's',
  'e',
  'es',
  'ed',
  'ing',
  'ion',
  'ions',
  'y',
  'ies',
  'ation',
  'ations',
  'al',
  'er',
  'ment',
  'able',
  'ly',
  'ity',
  'ive',
  'ance',
  'ence',
]

export interface Spelling {
  /** What a word may have been meant to be, the likeliest first. */
  guess(word: string): Promise<Form[]>
}

interface Known {
  lexeme: string
  passages: number
}

/** The commonest words are kept in memory: a guess reads them all, which takes some milliseconds. */
export function newSpelling(database: Database): Spelling {
  let kept: { byLetter: Map<string, Known[]>; passages: Map<string, number>; at: number } | undefined
  const vocabulary = async () => {
    if (kept && kept.passages.size > 0 && performance.now() - kept.at < KEPT_MS) return kept
    const words = await database.query<Known>(
      `select lexeme, passages::float8 as passages from ${SCHEMA}.words where passages >= $1 order by passages desc, lexeme limit ${MOST_WORDS}`,
      [LEAST_PASSAGES],
    )
    kept = {
      byLetter: Map.groupBy(words, ({ lexeme }) => lexeme.charAt(0)),
      passages: new Map(words.map(({ lexeme, passages }) => [lexeme, passages])),
      at: performance.now(),
    }
    return kept
  }
  return {
    async guess(word) {
      if (word.length < SHORTEST || !/^[a-z][a-z_]*$/.test(word)) return []
      const { byLetter, passages } = await vocabulary()
      const letters = new Set([word.charAt(0), word.charAt(1)])
      const near = [...letters].flatMap((letter) => nearest(word, byLetter.get(letter) ?? []))
      const guesses = near.sort((a, b) => a.distance - b.distance || b.passages - a.passages).slice(0, MOST_GUESSES)
      const forms = guesses.map(({ lexeme, distance }, index) => ({ lexemes: [lexeme], weight: 0.95 - 0.12 * distance - 0.15 * index }))
      return [...twoWords(word, passages), ...forms]
    },
  }
}

/** `primarykey`. */
function twoWords(word: string, passages: ReadonlyMap<string, number>): Form[] {
  for (let at = 3; at <= word.length - 3; at++) {
    const pair = [stem(word.slice(0, at)), stem(word.slice(at))]
    if (pair.every((one) => (passages.get(one) ?? 0) >= 10)) return [{ lexemes: pair, weight: 0.8 }]
  }
  return []
}

function nearest(word: string, known: readonly Known[]): Array<Known & { distance: number }> {
  const most = word.length < 6 ? 1 : word.length < 10 ? 2 : 3
  return known.flatMap((one) => {
    // What follows the stem can only add to what its letters differ.
    if (one.lexeme.length > word.length + most || fromStart(one.lexeme, word, most + 1) > most) return []
    let least = most + 1
    for (const ending of ENDINGS) {
      const whole = one.lexeme + ending
      if (Math.abs(whole.length - word.length) >= least) continue
      const far = distance(whole, word, least)
      if (far < least && (ending === '' || stem(whole) === one.lexeme)) least = far
    }
    return least <= most ? [{ ...one, distance: least }] : []
  })
}

/** The least distance to what the word begins with. */
function fromStart(lexeme: string, word: string, limit: number): number {
  return Math.min(limit, ...rows(lexeme, word.slice(0, lexeme.length + limit), limit))
}

/** Letters to add, leave out, change, or swap with their neighbour; `limit` when it is not less. */
function distance(a: string, b: string, limit: number): number {
  return Math.min(limit, rows(a, b, limit)[b.length] ?? limit)
}

/** From all of `a` to each beginning of `b`; nothing when no beginning is nearer than `limit`. */
function rows(a: string, b: string, limit: number): number[] {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1)
      let value = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + (same ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a.charCodeAt(i - 1) === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      if (isSwap) value = Math.min(value, (before[j - 2] as number) + 1)
      row.push(value)
      least = Math.min(least, value)
    }
    if (least >= limit) return []
    before = last
    last = row
  }
  return last
}
