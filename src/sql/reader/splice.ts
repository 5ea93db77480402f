/** Fixes are spliced into the source, never printed from a tree: whatever the author wrote around them stays. */
import { meaningfulTokens, wordOf } from './lexer.ts'

/**
 * The statement with `words` put in after the first `token`, a keyword in lower case, blanks seen to; a token of several
 * words (`drop index`) stands where they follow each other. undefined when the statement has no such token.
 */
export async function spliceAfter(statement: string, token: string, words: string): Promise<string | undefined> {
  const wanted = token.toLowerCase().split(/\s+/)
  const tokens = meaningfulTokens(statement)
  const first = tokens.findIndex((_, index) => wanted.every((word, offset) => wordOf(statement, tokens[index + offset]) === word))
  const last = tokens[first + wanted.length - 1]
  if (first < 0 || !last) return undefined
  const rest = statement.slice(last.end)
  const gap = rest === '' || /^[\s;,)]/.test(rest) ? '' : ' '
  return `${statement.slice(0, last.end)} ${words}${gap}${rest}`
}
