/** C as a list of words, strings and comments: as much as it takes to find comments, declarations and messages. */

export interface Token {
  kind: 'comment' | 'string' | 'word' | 'directive' | 'sign'
  /** As written; of a sign one character. */
  text: string
  /** Offset in the file. */
  at: number
  /** One-based. */
  line: number
  /** Zero-based. */
  column: number
}

/**
 * White space, directive (to its end, or to a comment in it), string, character, word or number, sign. Comments are found otherwise, as
 * they are long.
 */
const PIECE =
  /(\s+)|(#[^\n\\/]*(?:(?:\\\r?\n?|\/(?![*/]))[^\n\\/]*)*)|("[^"\\\n]*(?:\\[\s\S][^"\\\n]*)*"?)|'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*'?|(\w+)|[\s\S]/y

export function readTokens(text: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  let isLineBegin = true
  for (let at = 0; at < text.length; ) {
    const piece = pieceAt(text, at, isLineBegin)
    if (piece.kind !== 'blank') tokens.push({ kind: piece.kind, text: piece.text, at, line, column: at - lineStart })
    for (let next = piece.text.indexOf('\n'); next >= 0; next = piece.text.indexOf('\n', next + 1)) {
      line++
      lineStart = at + next + 1
    }
    if (piece.kind === 'blank') isLineBegin ||= piece.text.includes('\n')
    else if (piece.kind !== 'comment') isLineBegin = false
    at += piece.text.length
  }
  return tokens
}

/** `#` begins a directive only at the beginning of its line; elsewhere it is a sign. */
function pieceAt(text: string, at: number, isLineBegin: boolean): { kind: Token['kind'] | 'blank'; text: string } {
  const end = commentEnd(text, at)
  if (end !== undefined) return { kind: 'comment', text: text.slice(at, end) }
  PIECE.lastIndex = at
  const [piece = '', blank, directive, string, word] = PIECE.exec(text) ?? []
  if (blank !== undefined) return { kind: 'blank', text: piece }
  if (directive !== undefined) return isLineBegin ? { kind: 'directive', text: piece } : { kind: 'sign', text: '#' }
  if (string !== undefined) return { kind: 'string', text: piece }
  // A character is of no interest, and no sign either.
  return { kind: word !== undefined || piece.length > 1 ? 'word' : 'sign', text: piece }
}

/** Undefined where no comment begins. One that nobody closed goes to the end of the file. */
function commentEnd(text: string, at: number): number | undefined {
  if (text[at] !== '/') return undefined
  const [mark, width] = text[at + 1] === '*' ? ['*/', 2] : text[at + 1] === '/' ? ['\n', 0] : []
  if (mark === undefined) return undefined
  const end = text.indexOf(mark, at + 2)
  return end < 0 ? text.length : end + (width ?? 0)
}

/** Index of what closes the bracket at `open`, or the end of the list where nothing does. */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let at = open; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token
    if (kind !== 'sign') continue
    if (text === '(' || text === '[' || text === '{') depth++
    else if (text === ')' || text === ']' || text === '}') depth--
    if (depth === 0) return at
  }
  return tokens.length
}
