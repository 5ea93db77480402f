/** Error messages in C of Postgres, and where they are raised. */
import { cleanLine } from '../clean.ts'
import { closing, type Token } from './tokens.ts'

export interface RaisedMessage {
  /** With its placeholders: `relation "%s" does not exist`. */
  text: string
  /** `ERROR`; null where a variable says. */
  level: string | null
  /** `ERRCODE_UNDEFINED_TABLE`, or the function that makes one of `errno`. Several where the code chooses. */
  codes: string[]
  details: string[]
  hints: string[]
  line: number
}

const RAISERS = new Map([
  ['ereport', null],
  ['ereport_domain', null],
  ['elog', null],
  ['errsave', 'ERROR'],
  ['ereturn', 'ERROR'],
  ['pg_fatal', 'error of a program'],
  ['pg_log_error', 'error of a program'],
  ['pg_log_warning', 'warning of a program'],
])
const LEVELS = /^(DEBUG\d?|LOG|LOG_SERVER_ONLY|COMMERROR|INFO|NOTICE|WARNING|WARNING_CLIENT_ONLY|ERROR|FATAL|PANIC)$/
const MESSAGES = /^errmsg(_internal|_plural)?$/
const DETAILS = /^errdetail(_internal|_plural|_log)?$/
const HINTS = /^errhint(_internal|_plural)?$/

/** Those between two tokens, both included, in their order. Messages for developers (`DEBUG1`) are left out. */
export function readMessages(tokens: readonly Token[], from: number, to: number): RaisedMessage[] {
  const found: RaisedMessage[] = []
  for (let at = from; at < to; at++) {
    const token = tokens[at] as Token
    if (token.kind !== 'word' || tokens[at + 1]?.text !== '(' || !RAISERS.has(token.text)) continue
    const end = Math.min(closing(tokens, at + 1), to)
    found.push(...messagesOf(token, tokens.slice(at + 2, end)))
    at = end
  }
  return found
}

/** Messages of a table of them: `{RELKIND_INDEX, ERRCODE_UNDEFINED_OBJECT, gettext_noop("index \"%s\" does not exist")}`. */
export function readMessageTable(tokens: readonly Token[], from: number, to: number): RaisedMessage[] {
  const found: RaisedMessage[] = []
  let code: string | null = null
  for (let at = from; at < to; at++) {
    const token = tokens[at] as Token
    if (token.text === '{' || token.text === '}') code = null
    else if (/^ERRCODE_\w+$/.test(token.text)) code = token.text
    else if (token.text === 'gettext_noop' && code !== null) {
      for (const text of stringsOf(tokens.slice(at + 2, closing(tokens, at + 1)))) {
        if (saysSomething(text)) found.push({ text, level: null, codes: [code], details: [], hints: [], line: token.line })
      }
    }
  }
  return found
}

function messagesOf(raiser: Token, inner: readonly Token[]): RaisedMessage[] {
  const args = argumentsOf(inner)
  const fixed = RAISERS.get(raiser.text) ?? null
  const isProgram = raiser.text.startsWith('pg_')
  const level = fixed ?? args[0]?.find((token) => LEVELS.test(token.text))?.text ?? null
  if (level?.startsWith('DEBUG')) return []
  const calls = (name: RegExp) => callsIn(inner, name).flatMap(([call, within]) => callStrings(call.text, within))
  const isPlain = raiser.text === 'elog' || isProgram
  const plain = args[isProgram ? 0 : 1] ?? []
  const texts = isPlain ? stringsOf(plain) : calls(MESSAGES)
  const codes = callsIn(inner, /^errcode(_for_\w+)?$/).flatMap(([call, within]) =>
    call.text === 'errcode' ? within.filter((token) => /^ERRCODE_\w+$/.test(token.text)).map((token) => token.text) : [call.text],
  )
  const details = calls(DETAILS)
  const hints = calls(HINTS)
  return [...new Set(texts)]
    .filter(saysSomething)
    .map((text) => ({ text, level, codes: [...new Set(codes)], details, hints, line: raiser.line }))
}

function saysSomething(text: string): boolean {
  return /\p{L}{2}/u.test(text.replaceAll(/%[-+ #0-9.*$lhzjt]*[a-zA-Z]/g, ''))
}

function* callsOf(tokens: readonly Token[], name: RegExp): Generator<[Token, Token[]]> {
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'word' && name.test(token.text) && tokens[at + 1]?.text === '(')
      yield [token, tokens.slice(at + 2, closing(tokens, at + 1))]
  }
}

function callsIn(tokens: readonly Token[], name: RegExp): Array<[Token, Token[]]> {
  return [...callsOf(tokens, name)]
}

/** Of the singular and the plural, or of the one format. */
function callStrings(name: string, inner: readonly Token[]): string[] {
  const args = argumentsOf(inner)
  return (name.endsWith('_plural') ? args.slice(0, 2) : args.slice(0, 1)).flatMap(stringsOf)
}

function argumentsOf(tokens: readonly Token[]): Token[][] {
  const args: Token[][] = [[]]
  let depth = 0
  for (const token of tokens) {
    if (token.kind === 'sign' && /[([{]/.test(token.text)) depth++
    else if (token.kind === 'sign' && /[)\]}]/.test(token.text)) depth--
    if (token.text === ',' && token.kind === 'sign' && depth === 0) args.push([])
    else args.at(-1)?.push(token)
  }
  return args
}

/** Strings side by side are one; `?` and `:` between them part them. */
function stringsOf(tokens: readonly Token[]): string[] {
  const strings: string[] = []
  let joined: string | null = null
  for (const token of tokens) {
    if (token.kind === 'comment' || token.kind === 'directive') continue
    const format: string | undefined = token.kind === 'word' && joined !== null ? formatOf(token.text, joined) : undefined
    if (token.kind === 'string') joined = (joined ?? '') + unescapeString(token.text)
    else if (format !== undefined) joined = `${joined}${format}`
    else if (joined !== null) {
      strings.push(joined)
      joined = null
    }
  }
  if (joined !== null) strings.push(joined)
  return strings.map(cleanLine).filter((text) => text !== '')
}

/** Macros for the width of a number stand between the strings of a format. */
function formatOf(name: string, before: string): string | undefined {
  const letter = /^PRI([diouxX])(?:8|16|32|64|PTR|MAX)$/.exec(name)?.[1]
  if (letter !== undefined && before.endsWith('%')) return letter
  return { UINT64_FORMAT: '%llu', INT64_FORMAT: '%lld' }[name]
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: ' ', '\n': '' }

function unescapeString(literal: string): string {
  return literal
    .replace(/^"/, '')
    .replace(/(?<!\\)"$/, '')
    .replaceAll(/\\(\r?\n|[\s\S])/g, (_, character: string) => ESCAPES[character.at(-1) ?? ''] ?? character)
}
