/** What a sentence denies. Words alone do not tell `locks out reads` from `does not lock out reads`. */
import { readWords } from '../search/lexemes.ts'

/** NOT VALID, IF NOT EXISTS and the like are names, so only what is not in capitals denies. */
const DENIES =
  /^(?:not|no|never|none|neither|nor|without|cannot|unable|avoids?|avoiding|skips?|skipped|prevents?|unlike|different|\w+n['’]t)$/
/** Words that what is denied comes after: `not considered equal`, `not automatically create`. */
const LIGHT = /ly$|^considered$|^from$/
/** How far a denial reaches, in words that say something; it ends at a comma, at `but` and the like. */
const REACH = 3
const BOUNDARY = /[,;:.()]|\b(?:but|and|unless|until|because|since|which|that|while|when|if|although)\b/

export interface Polarity {
  /** Stems right after a denial: of `does not require a rewrite` the first. */
  denied: ReadonlySet<string>
  /** Those within its reach: of the same also the last. */
  reached: ReadonlySet<string>
  /** All stems, denied or not. */
  said: ReadonlySet<string>
  /** Ends in a denial of what was said before: `…, but CREATE INDEX CONCURRENTLY cannot`. */
  isDeniedAtEnd: boolean
}

export function polarityOf(text: string): Polarity {
  const denied = new Set<string>()
  const reached = new Set<string>()
  const said = new Set<string>()
  let left = 0
  let taken = 0
  let before = 0
  for (const word of readWords(text)) {
    if (left > 0 && taken > 0 && BOUNDARY.test(text.slice(before, word.start))) left = 0
    before = word.end
    if (DENIES.test(word.text)) {
      left = REACH
      taken = 0
      continue
    }
    if (left > 0 && taken > 0 && BOUNDARY.test(word.text)) left = 0
    for (const { stem, word: written, isStop } of word.parts) {
      if (isStop) continue
      said.add(stem)
      if (left === 0) continue
      if (taken === 0) denied.add(stem)
      reached.add(stem)
      if (LIGHT.test(written)) continue
      left--
      taken++
    }
  }
  return { denied, reached, said, isDeniedAtEnd: left > 0 && taken === 0 }
}

/** One says of something what the other denies. */
export function isContrary(claim: Polarity, quote: Polarity): boolean {
  if (quote.isDeniedAtEnd && claim.denied.size === 0) return true
  if (quote.isDeniedAtEnd || claim.isDeniedAtEnd) return false
  return oneSided(claim, quote) || oneSided(quote, claim)
}

function oneSided(one: Polarity, other: Polarity): boolean {
  return [...one.denied].some((stem) => other.said.has(stem) && !other.reached.has(stem))
}

/** Words of which a sentence says the one or the other. */
const OPPOSITES = [
  ['concurrently', 'standard'],
  ['concurrently', 'regular'],
  ['concurrently', 'normal'],
  ['constant', 'volatile'],
  ['hard', 'soft'],
  ['before', 'after'],
  ['minimum', 'maximum'],
  ['least', 'most'],
  ['increases', 'decreases'],
  ['enables', 'disables'],
  ['enabled', 'disabled'],
  ['allowed', 'forbidden'],
  ['faster', 'slower'],
  ['larger', 'smaller'],
  ['stronger', 'weaker'],
  ['same', 'different'],
  ['always', 'never'],
  ['only', 'all'],
  ['only', 'any'],
  ['bypass', 'apply'],
  ['bypasses', 'applies'],
  ['primary', 'standby'],
  ['blocks', 'allows'],
  ['succeeds', 'fails'],
  ['releases', 'holds'],
  ['released', 'held'],
] as const

/** One has a word and the other its opposite, and neither has both. */
export function isOpposite(claim: string, quote: string): boolean {
  const [a, b] = [wordsOf(claim), wordsOf(quote)]
  return OPPOSITES.some(([x, y]) =>
    [
      [x, y],
      [y, x],
    ].some(([one = '', other = '']) => a.has(one) && !a.has(other) && b.has(other) && !b.has(one)),
  )
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/[a-z]+/g))
}
