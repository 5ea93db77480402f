/**
 * Cuts SQL into tokens without judging it: needed where the parser cannot help, because the text does not parse or
 * because the source as written is wanted. Follows Postgres's lexical rules with standard_conforming_strings on.
 */
export interface Token {
  kind: TokenKind
  /** UTF-16 offsets. */
  start: number
  end: number
  /** A quote or comment that is never closed: it reaches to the end of the text. */
  open?: true
}

type TokenKind =
  | 'space'
  | 'comment'
  | 'word'
  | 'identifier'
  | 'string'
  | 'number'
  | 'parameter'
  | 'punctuation'
  /** `{{ … }}`, `{% … %}`, `${…}`, `#{…}`, `<%= … %>`: not SQL, whatever is inside. */
  | 'template'

const SPACE = /[ \t\n\r\f\v]+/y
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y
const NUMBER = /(?:0[xX][\da-fA-F_]+|\d[\d_]*(?:\.(?!\.)[\d_]*)?(?:[eE][+-]?\d+)?)/y
const PARAMETER = /\$\d+/y
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y
/** UTF-16 units a template may take: searching for its end must not read the whole file each time. */
const TEMPLATE_LIMIT = 2000
const TEMPLATES: Array<[string, string]> = [
  ['{{', '}}'],
  ['{%', '%}'],
  ['{#', '#}'],
  ['${', '}'],
  ['#{', '}'],
  ['<%=', '%>'],
]

/** The token at `at`; undefined at the end of the text. */
export function tokenAt(text: string, at: number): Token | undefined {
  if (at >= text.length) return undefined
  const code = text.charCodeAt(at)
  if (code === 32 || (code >= 9 && code <= 13)) return { kind: 'space', start: at, end: matchEnd(SPACE, text, at) }
  if (isWordStart(code)) return wordAt(text, at)
  if (code >= 48 && code <= 57) return { kind: 'number', start: at, end: matchEnd(NUMBER, text, at) }
  switch (text[at]) {
    case "'":
      return quotedAt(text, at, at, "'", false)
    case '"':
      return { ...quotedAt(text, at, at, '"', false), kind: 'identifier' }
    case '-':
      if (text[at + 1] === '-') return { kind: 'comment', start: at, end: lineEnd(text, at) }
      break
    case '/':
      if (text[at + 1] === '*') return blockCommentAt(text, at)
      break
    case '.':
      if (isDigit(text.charCodeAt(at + 1))) return { kind: 'number', start: at, end: matchEnd(NUMBER, text, at + 1) }
      break
    case '$':
    case '{':
    case '#':
    case '<':
      return templateAt(text, at) ?? dollarAt(text, at) ?? punctuation(at)
  }
  return punctuation(at)
}

/** All tokens that mean something, from `at` on: no blanks, no comments. */
export function meaningfulTokens(text: string, at = 0, end = text.length): Token[] {
  const tokens: Token[] = []
  for (let token = tokenAt(text, at); token && token.start < end; token = tokenAt(text, token.end)) {
    if (token.kind !== 'space' && token.kind !== 'comment') tokens.push(token)
  }
  return tokens
}

/** A word in lower case; the text itself for anything else. */
export function wordOf(text: string, token: Token | undefined): string {
  if (!token) return ''
  const written = text.slice(token.start, token.end)
  return token.kind === 'word' ? written.toLowerCase() : written
}

function wordAt(text: string, at: number): Token {
  const next = text[at + 1]
  if (next === "'") {
    const first = text[at]?.toLowerCase()
    if (first === 'e') return quotedAt(text, at, at + 1, "'", true)
    if (first === 'b' || first === 'x' || first === 'n') return quotedAt(text, at, at + 1, "'", false)
  }
  if (next === '&' && (text[at] === 'u' || text[at] === 'U')) {
    if (text[at + 2] === "'") return quotedAt(text, at, at + 2, "'", false)
    if (text[at + 2] === '"') return { ...quotedAt(text, at, at + 2, '"', false), kind: 'identifier' }
  }
  return { kind: 'word', start: at, end: matchEnd(WORD, text, at) }
}

function quotedAt(text: string, start: number, quote: number, mark: string, escapes: boolean): Token {
  let at = quote + 1
  for (;;) {
    const close = text.indexOf(mark, at)
    if (close < 0) return { kind: 'string', start, end: text.length, open: true }
    if (escapes && isEscaped(text, at, close)) at = close + 1
    else if (text[close + 1] === mark) at = close + 2
    else return { kind: 'string', start, end: close + 1 }
  }
}

function isEscaped(text: string, from: number, at: number): boolean {
  let slashes = 0
  while (at - slashes - 1 >= from && text[at - slashes - 1] === '\\') slashes += 1
  return slashes % 2 === 1
}

function blockCommentAt(text: string, start: number): Token {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  let depth = 0
  for (let match = edge.exec(text); match; match = edge.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return { kind: 'comment', start, end: edge.lastIndex }
  }
  return { kind: 'comment', start, end: text.length, open: true }
}

function templateAt(text: string, start: number): Token | undefined {
  for (const [open, close] of TEMPLATES) {
    if (!text.startsWith(open, start)) continue
    const end = text.slice(start, start + TEMPLATE_LIMIT).indexOf(close, open.length)
    if (end >= 0) return { kind: 'template', start, end: start + end + close.length }
  }
  return undefined
}

function dollarAt(text: string, start: number): Token | undefined {
  if (text[start] !== '$') return undefined
  const parameter = matchEnd(PARAMETER, text, start)
  if (parameter > start) return { kind: 'parameter', start, end: parameter }
  const opened = matchEnd(DOLLAR, text, start)
  if (opened === start) return undefined
  const close = text.indexOf(text.slice(start, opened), opened)
  if (close < 0) return { kind: 'string', start, end: text.length, open: true }
  return { kind: 'string', start, end: close + opened - start }
}

function punctuation(at: number): Token {
  return { kind: 'punctuation', start: at, end: at + 1 }
}

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end < 0 ? text.length : end
}

function isWordStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code >= 128
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}
