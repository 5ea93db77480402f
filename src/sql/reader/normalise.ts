/** A statement reduced to what it says, for fingerprints that survive a reformatting. */
import { type Token, tokenAt } from './lexer.ts'

/**
 * The text with words in lower case, comments dropped and each run of blanks made one; blanks beside punctuation go, quoted
 * text stays. Works on text that does not parse as well, and says nothing about where it stood.
 */
export function normaliseStatement(text: string): string {
  const parts: string[] = []
  let previous: Token | undefined
  let apart = false
  for (let token = tokenAt(text, 0); token; token = tokenAt(text, token.end)) {
    if (token.kind === 'space' || token.kind === 'comment') {
      apart = true
      continue
    }
    if (previous && apart && !(standsAlone(text, previous) || standsAlone(text, token))) parts.push(' ')
    const written = text.slice(token.start, token.end)
    parts.push(token.kind === 'word' ? written.toLowerCase() : written)
    previous = token
    apart = false
  }
  const whole = parts.join('')
  return whole.replace(/;+$/, '')
}

/** Punctuation a blank beside which means nothing; between the characters of operators it does. */
function standsAlone(text: string, token: Token): boolean {
  return token.kind === 'punctuation' && '(),;[]=.'.includes(text[token.start] ?? '')
}
