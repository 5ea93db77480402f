/** Statements found in a text, before they are read. */
import type { Offsets } from '../offsets.ts'
import type { SyntaxProblem } from '../statement.ts'
import { tokenAt } from './lexer.ts'
import type { Node, RawStatement } from './parser.ts'

/** Where a statement stands, and its tree or why there is none. */
export type Located = { start: number; end: number } & (
  | { node: Node /** Of the text parsed. */; offsets: Offsets }
  | { problem: SyntaxProblem }
)

/** The statements of a text that was parsed as a whole. */
export function locatedIn(text: string, offsets: Offsets, statements: RawStatement[]): Located[] {
  return statements.map(({ node, startByte, endByte }) => {
    const end = endByte === undefined ? text.length : offsets.ofByte(endByte)
    return { node, offsets, ...trimmed(text, offsets.ofByte(startByte), end) }
  })
}

/** Without blanks, comments and semicolons before it, nor blanks and comments after. */
export function trimmed(text: string, from: number, to: number): { start: number; end: number } {
  let start = from
  for (let token = tokenAt(text, start); token && token.end <= to; token = tokenAt(text, start)) {
    if (token.kind !== 'space' && token.kind !== 'comment' && text[token.start] !== ';') break
    start = token.end
  }
  const written = text.slice(start, to)
  if (!written.includes('--') && !written.includes('/*')) return { start, end: start + written.trimEnd().length }
  let end = start
  for (let token = tokenAt(text, start); token && token.start < to; token = tokenAt(text, token.end)) {
    if (token.kind !== 'space' && token.kind !== 'comment' && text[token.start] !== ';') end = token.end
  }
  return { start, end }
}
