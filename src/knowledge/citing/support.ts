/** How far the words of a passage say what a claim does. */
import { readWords } from '../search/lexemes.ts'
import { findForm, headings, positionsOf } from '../search/places.ts'
import { sentencesOf } from '../search/quote.ts'
import type { Understood } from '../search/understand.ts'
import type { WeighedConcept } from '../search/weigh.ts'
import { MOST_WORDS } from './literal-quote.ts'
import { missingNames } from './names.ts'
import { isContrary, isOpposite, polarityOf } from './polarity.ts'

/** A passage, as far as it supports. */
interface Supporting {
  title: string
  breadcrumb: readonly string[]
  term: string | null
  text: string
}

export interface Support {
  quote: string
  /** How much of the claim it says, and how little else: 0 to 1. */
  score: number
  share: number
  /** It is about the same and says something else: of another setting, with another number, or the contrary. */
  isOther: boolean
}

/** Of what only the names above a passage say: `lock_timeout` of its entry. */
const NAMED = 0.6
/** Of the score, what hangs on how much of the quote is in the claim. */
const DENSITY = 0.5
/** What weighs so much of the heaviest word must not be missing. */
const HEAVY = 0.85
/** In a statement there are words between the keywords and names; a synopsis, an example or a table has hardly any. */
const PLAIN_WORD = /(?<![\w$-])[a-z]+(?![\w$(])/g
const LEAST_PLAIN = 4
const CLAUSE = /(?<=[,;:])\s+|\s+(?=[(\u2014])/

/** Every piece that might do: whole sentences, or whole clauses of a long one. */
export function supportsOf(claim: string, passage: Supporting, { weighed, asked }: Understood): Support[] {
  const { name, above } = headings(passage.title, passage.breadcrumb, passage.term)
  const titles = `${name}\n${above}`
  const named = positionsOf(titles)
  const polarity = polarityOf(claim)
  const heaviest = Math.max(0, ...weighed.map(({ weight }) => weight))
  const known = new Set(weighed.flatMap(({ forms }) => forms.flatMap(({ lexemes }) => lexemes)))
  return piecesOf(passage.text).flatMap(({ quote, sentence }) => {
    if ((quote.match(PLAIN_WORD)?.length ?? 0) < LEAST_PLAIN) return []
    const positions = positionsOf(quote)
    const said = weighed.map((concept) => Math.max(weightIn(concept, positions), NAMED * weightIn(concept, named)))
    const share = said.reduce((sum, weight) => sum + weight, 0) / Math.max(asked, 1e-9)
    const isMissing = weighed.some(({ weight }, index) => weight >= HEAVY * heaviest && said[index] === 0)
    const score = share * (1 - DENSITY + DENSITY * density(quote, known))
    const isOther =
      missingNames(claim, quote, titles).length > 0 || isOpposite(claim, sentence) || isContrary(polarity, polarityOf(sentence))
    return isMissing && !isOther ? [] : [{ quote, score, share, isOther }]
  })
}

/** Of the quote's words that say something, those that the claim has too. */
function density(quote: string, known: ReadonlySet<string>): number {
  const stems = readWords(quote).flatMap(({ parts }) => parts.filter(({ isStop }) => !isStop).map(({ stem }) => stem))
  return stems.filter((stem) => known.has(stem)).length / Math.max(1, stems.length)
}

function weightIn({ forms }: WeighedConcept, positions: ReadonlyMap<string, number[]>): number {
  return Math.max(0, ...forms.map(({ lexemes, weight }) => (findForm(lexemes, positions).length > 0 ? weight : 0)))
}

function piecesOf(text: string): Array<{ quote: string; sentence: string }> {
  return [...allPiecesOf(text)]
}

function* allPiecesOf(text: string): Generator<{ quote: string; sentence: string }> {
  const sentences = sentencesOf(text).flatMap(({ start, end }) => text.slice(start, end).split(/(?<=;)\s+/))
  for (const sentence of sentences) {
    if (wordsIn(sentence) <= MOST_WORDS) {
      yield { quote: sentence, sentence }
      continue
    }
    const clauses = sentence.split(CLAUSE)
    for (const [from] of clauses.entries()) {
      // The longest that fits: `text` keeps its own white space, so it is cut out by places.
      let quote = ''
      for (let to = clauses.length; to > from; to--) {
        quote = clauses.slice(from, to).join(' ')
        if (wordsIn(quote) <= MOST_WORDS) break
      }
      if (wordsIn(quote) >= 6 && wordsIn(quote) <= MOST_WORDS) yield { quote, sentence }
    }
  }
}

function wordsIn(text: string): number {
  return text.trim().split(/\s+/).length
}
