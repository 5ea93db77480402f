/**
 * Turns text that is SQL but for what a client or a template engine would replace into text of the same length that is SQL:
 * psql commands and copied data are blanked, placeholders become names. What stands for something is reported, so that
 * the reader can be told.
 */
import { type Token, tokenAt, wordOf } from './lexer.ts'

export interface Tolerated {
  /** As long as the text given. */
  text: string
  foreign: Foreign[]
}

/** Something that is not SQL, and what it is: `{{ … }} is a template`. */
export interface Foreign {
  start: number
  end: number
  hint: string
  /** It runs SQL or moves data that is not read here: a statement that could not be read. */
  hides?: true
}

/** Commands of psql that bring in what this script does not show. */
const HIDING = new Set(['i', 'ir', 'include', 'include_relative', 'copy', 'gexec', 'lo_import', 'sf', 'e', 'edit', '!'])
/** Templates that steer instead of yielding text. */
const CONTROL = /^(?:\{%|\{#|\{\{-?\s*(?:if|else|elif|end|endif|range|with|define|template|block|for|endfor|each|set|\/\*|#|\/)(?![\w.]))/
const AFTER_VALUE = new Set(['word', 'identifier', 'string', 'number', 'parameter', 'template'])
/** Words after which a value can come. */
const BEFORE_VALUE = new Set([
  'values',
  'and',
  'or',
  'not',
  'where',
  'in',
  'like',
  'ilike',
  'limit',
  'offset',
  'set',
  'then',
  'else',
  'when',
  'by',
  'select',
  'between',
  'returning',
  'any',
  'on',
  'having',
  'interval',
  'default',
  'using',
  'is',
  'from',
  'as',
  'to',
])

export function tolerate(text: string): Tolerated {
  const parts: string[] = []
  const foreign: Foreign[] = []
  const place: Place = { previous: undefined, brackets: 0, statement: '', dataEnds: true }
  let kept = 0
  let at = 0
  for (let token = tokenAt(text, 0); token; token = tokenAt(text, at)) {
    const found = foreignAt(text, token, place)
    at = found?.end ?? token.end
    if (found) {
      parts.push(text.slice(kept, token.start), found.put)
      kept = at
      if (found.hint) foreign.push({ start: token.start, end: at, hint: found.hint, ...(found.hides && { hides: true as const }) })
    }
    follow(place, text, token, found)
  }
  return { text: kept === 0 ? text : parts.join('') + text.slice(kept), foreign }
}

interface Place {
  previous: Token | undefined
  brackets: number
  /** The words of the statement so far, enough of them to know `copy … from stdin`. */
  statement: string
  /** False once a block of data was sought and no end found: there is none further on either. */
  dataEnds: boolean
}

interface Found {
  end: number
  put: string
  hint?: string
  hides?: true
  /** It ends the statement it stands in. */
  ends?: true
  blank?: true
}

function follow(place: Place, text: string, token: Token, found: Found | undefined): void {
  if (token.kind === 'space' || token.kind === 'comment') return
  const word = found ? '' : wordOf(text, token)
  if (word === '[') place.brackets += 1
  if (word === ']') place.brackets -= 1
  if (found?.ends || word === ';') Object.assign(place, { statement: '', brackets: 0, previous: undefined })
  else if (!found?.blank) {
    if (place.statement.length < 2000) place.statement += ` ${word}`
    place.previous = token
  }
}

function foreignAt(text: string, token: Token, place: Place): Found | undefined {
  if (token.kind === 'template') return templateAt(text, token)
  if (token.kind !== 'punctuation') return undefined
  switch (text[token.start]) {
    case '\\':
      return commandAt(text, token, place)
    case ';':
      return dataAt(text, token, place)
    case ':':
      return variableAt(text, token, place)
    case '%':
      return percentAt(text, token, place)
    case '?':
      return isValueExpected(text, place) ? named(text, token.start, token.end, 'a `?` placeholder') : undefined
    case '$':
      return shellVariableAt(text, token)
    default:
      return undefined
  }
}

function templateAt(text: string, token: Token): Found {
  const written = text.slice(token.start, token.end)
  const hint = `\`${shortened(written)}\` is a template; it is read as a name of its own`
  if (CONTROL.test(written))
    return { end: token.end, put: blanked(written), hint: `\`${shortened(written)}\` is a template and is left out`, blank: true }
  return { end: token.end, put: nameFrom(written), hint }
}

/** A psql command reaches to the end of its line; in a statement it ends it, as `\g` does. */
function commandAt(text: string, token: Token, place: Place): Found {
  const rest = lineAt(text, token.start)
  const end = token.start + rest.length
  const name = /^\\(!|[a-z_]*)/i.exec(rest)?.[1] ?? ''
  const inStatement = place.statement !== ''
  const put = (inStatement ? ';' : ' ') + blanked(rest.slice(1))
  const hint = `\`${shortened(rest.trim())}\` is a command of psql, which only psql runs`
  return { end, put, hint, ends: true, ...(HIDING.has(name) && { hides: true as const }) }
}

/** `copy … from stdin;` is followed by data up to a line of `\.`. */
function dataAt(text: string, token: Token, place: Place): Found | undefined {
  if (!place.dataEnds || !/^ copy .* from (?:stdin|pstdin)(?: |$)/s.test(place.statement)) return undefined
  const close = /^\\\.[ \t]*\r?$/gm
  close.lastIndex = token.end
  place.dataEnds = close.test(text)
  if (!place.dataEnds) return undefined
  const end = close.lastIndex
  return { end, put: `;${blanked(text.slice(token.end, end))}`, ends: true }
}

const VARIABLE = /:(?:'[A-Za-z_]\w*'|"[A-Za-z_]\w*"|[A-Za-z_]\w*)/y

function variableAt(text: string, token: Token, place: Place): Found | undefined {
  const before = text[token.start - 1]
  if (before === ':' || text[token.start + 1] === ':' || place.brackets > 0) return undefined
  VARIABLE.lastIndex = token.start
  const written = VARIABLE.exec(text)?.[0]
  if (!written) return undefined
  const end = token.start + written.length
  const hint = `\`${written}\` is a variable`
  return written[1] === "'" || written[1] === '"' ? { end, put: ` ${written.slice(1)}`, hint } : named(text, token.start, end, 'a variable')
}

const PERCENT = /%(?:\([A-Za-z_]\w*\)[a-z]|[sdv](?!\w))/y

function percentAt(text: string, token: Token, place: Place): Found | undefined {
  PERCENT.lastIndex = token.start
  const written = PERCENT.exec(text)?.[0]
  if (!written || (written[1] !== '(' && !isValueExpected(text, place))) return undefined
  return named(text, token.start, token.start + written.length, 'a placeholder')
}

const SHELL = /\$[A-Za-z_]\w*/y

function shellVariableAt(text: string, token: Token): Found | undefined {
  SHELL.lastIndex = token.start
  const written = SHELL.exec(text)?.[0]
  return written ? named(text, token.start, token.start + written.length, 'a variable') : undefined
}

/** `data ? 'key'` is an operator, `= ?` is not. */
function isValueExpected(text: string, { previous }: Place): boolean {
  if (!previous) return false
  const word = wordOf(text, previous)
  if (previous.kind === 'word') return BEFORE_VALUE.has(word)
  return !AFTER_VALUE.has(previous.kind) && word !== ')' && word !== ']'
}

function named(text: string, start: number, end: number, what: string): Found {
  const written = text.slice(start, end)
  return { end, put: nameFrom(written), hint: `\`${written}\` is ${what}; it is read as a name of its own` }
}

/** A name of the same length that keeps what letters there are. */
function nameFrom(written: string): string {
  return written.replace(/[^A-Za-z0-9_]/g, '_').replace(/^[0-9]/, '_')
}

function blanked(text: string): string {
  return text.replace(/[^\r\n]/g, ' ')
}

function lineAt(text: string, at: number): string {
  const end = text.indexOf('\n', at)
  return text.slice(at, end < 0 ? text.length : end)
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
