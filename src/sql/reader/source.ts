/** One statement as written, for the words that quote it. */
import type { Offsets } from '../offsets.ts'
import { meaningfulTokens, type Token, wordOf } from './lexer.ts'
import type { Node } from './parser.ts'

export interface Source {
  text: string
  /** Of the text that was parsed, which has the same length. */
  offsets: Offsets
  /** UTF-16 offsets of the statement. */
  start: number
  end: number
  tokens(): Token[]
}

export function sourceOf(text: string, offsets: Offsets, start: number, end: number): Source {
  let tokens: Token[] | undefined
  return { text, offsets, start, end, tokens: () => (tokens ??= meaningfulTokens(text, start, end)) }
}

/** Words that end the expression of a column's DEFAULT, which is followed by other constraints without a comma. */
export const COLUMN_STOPS: ReadonlySet<string> = new Set([
  'not',
  'null',
  'check',
  'unique',
  'primary',
  'references',
  'constraint',
  'generated',
  'collate',
  'deferrable',
  'initially',
  'default',
  'enforced',
  'storage',
  'compression',
])
const NO_STOPS: ReadonlySet<string> = new Set()

/** The expression that follows the last `keyword` before it, up to a comma, a closing parenthesis or a word that stops it. */
export function expressionAfter(source: Source, keyword: string, expression: Node, stops = NO_STOPS): string | undefined {
  const first = firstTokenAfter(source, keyword, expression)
  const tokens = source.tokens()
  if (first === undefined || first >= tokens.length) return undefined
  let depth = 0
  let end = tokens[first]?.end ?? source.end
  for (let index = first; index < tokens.length; index += 1) {
    const token = tokens[index] as Token
    const word = wordOf(source.text, token)
    if (depth === 0 && (word === ')' || word === ',' || word === ';' || (index > first && token.kind === 'word' && stops.has(word)))) break
    depth += depthChange(word)
    end = token.end
  }
  return source.text.slice(tokens[first]?.start, end)
}

/** What stands in the parentheses after the last `keyword` before the expression, without them. */
export function parenthesisedAfter(source: Source, keyword: string, expression: Node): string | undefined {
  const written = expressionAfter(source, keyword, expression)
  if (!written?.startsWith('(')) return written
  let depth = 0
  for (const token of meaningfulTokens(written)) {
    depth += parenthesisChange(wordOf(written, token))
    if (depth === 0) return written.slice(1, token.start).trim()
  }
  return written
}

/** From a byte offset to the closing of the first parenthesis after it: `PARTITION BY RANGE (a)`. */
export function throughParenthesis(source: Source, byte = 0): string | undefined {
  const tokens = source.tokens()
  const first = tokens.findIndex((token) => token.start >= source.offsets.ofByte(byte))
  const last = closingAfter(source, first)
  return last === undefined ? undefined : source.text.slice(tokens[first]?.start, tokens[last]?.end)
}

/** The bounds of a partition as written: `FOR VALUES FROM (1) TO (2)`, `DEFAULT`. The parser points behind FOR VALUES. */
export function boundsAt(source: Source, byte = 0): string | undefined {
  const tokens = source.tokens()
  const at = tokens.findIndex((token) => token.start >= source.offsets.ofByte(byte))
  const word = (index: number) => wordOf(source.text, tokens[index])
  if (word(at) === 'default') return source.text.slice(tokens[at]?.start, tokens[at]?.end)
  const first = word(at - 2) === 'for' ? at - 2 : at
  let last = closingAfter(source, first)
  if (last !== undefined && word(last + 1) === 'to') last = closingAfter(source, last + 1)
  return last === undefined ? undefined : source.text.slice(tokens[first]?.start, tokens[last]?.end)
}

/** Index of the token that closes the first parenthesis opened at or after the token `first`. */
function closingAfter(source: Source, first: number): number | undefined {
  const tokens = source.tokens()
  let depth = 0
  for (let index = Math.max(first, 0); index < tokens.length; index += 1) {
    const change = parenthesisChange(wordOf(source.text, tokens[index]))
    depth += change
    if (change < 0 && depth === 0) return index
  }
  return undefined
}

/** The smallest byte offset any part of the node carries. */
function firstByte(node: unknown): number | undefined {
  let smallest: number | undefined
  const left: unknown[] = [node]
  while (left.length > 0) {
    const next = left.pop()
    if (next === null || typeof next !== 'object') continue
    for (const key in next) {
      const value = (next as Node)[key]
      if (key === 'location') smallest = value >= 0 ? Math.min(smallest ?? value, value) : smallest
      else if (typeof value === 'object') left.push(value)
    }
  }
  // The parser leaves a zero out, and nothing but a whole statement begins there.
  return smallest
}

function firstTokenAfter(source: Source, keyword: string, expression: Node): number | undefined {
  const byte = firstByte(expression)
  if (byte === undefined) return undefined
  const at = source.offsets.ofByte(byte)
  const tokens = source.tokens()
  let index = tokens.findLastIndex((token) => token.start <= at)
  while (index >= 0 && !(tokens[index]?.kind === 'word' && wordOf(source.text, tokens[index]) === keyword)) index -= 1
  return index < 0 ? undefined : index + 1
}

function depthChange(word: string): number {
  if (word === 'case' || word === '[') return 1
  if (word === 'end' || word === ']') return -1
  return parenthesisChange(word)
}

function parenthesisChange(word: string): number {
  return word === '(' ? 1 : word === ')' ? -1 : 0
}
