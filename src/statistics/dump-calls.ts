import { UserError } from '../errors.ts'
import { endOfCopy, endOfLine, endOfStatement, readString, skipBlanks } from './dump-text.ts'

/** A call of a dump that restores statistics. */
export interface DumpCall {
  of: 'relation' | 'attribute'
  /** One-based, of the file. */
  line: number
  /** Counts what the dump connects to: pg_dumpall writes several databases into one file. */
  database: number
  /** Arguments by name, as text; without those that are NULL. */
  given: ReadonlyMap<string, string>
}

interface DumpCalls {
  calls: DumpCall[]
  /** `client_encoding` as the dump sets it. */
  encoding: string | undefined
  /** Whether comments say that a dump begins, and that it ends. */
  begins: boolean
  complete: boolean
}

const CALL = /select\s{1,9}(?:\*\s{1,9}from\s{1,9})?pg_catalog\.pg_restore_(relation|attribute)_stats\s{0,9}\(/iy
const CONNECT = /^\\c(?:onnect)?\s/
const COPY = /\sfrom\s{1,9}stdin\b[^'";]*;$/i
const SETTING = /^set\s+(standard_conforming_strings|client_encoding)\s*(?:=|to)\s*'?(\w+)/i
/** The first and the last words of a statement are within so many characters. */
const WORDS = 200

/** What a dump has set up to a place in it. */
interface Session {
  database: number
  encoding: string | undefined
  /** A server whose standard_conforming_strings is off is dumped in strings whose backslashes are doubled. */
  escapes: boolean
}

const CUT_OFF = 'a statement does not end. The file was cut off: make it again.'

/**
 * The statements of a dump that restore statistics, read as psql would find them and never run. What else there is between them (settings, definitions, rows,
 * commands of psql) is stepped over, and what is in a value or a comment stays there. A UserError says what is not as pg_dump writes it, and never a value.
 */
export function readCalls(text: string, path: string): DumpCalls {
  const calls: DumpCall[] = []
  const said = { begins: false, complete: false }
  const session: Session = { database: 0, encoding: undefined, escapes: false }
  const comment = (line: string): void => {
    said.begins ||= line.trim() === '-- PostgreSQL database dump'
    said.complete ||= line.trim() === '-- PostgreSQL database dump complete'
  }
  const lineAt = lineCounter(text)
  const broken = (at: number, what: string): UserError => new UserError(`${path}, line ${lineAt(at)}: ${what}`)
  for (let at = skipBlanks(text, 0, comment); at < text.length; at = skipBlanks(text, at, comment)) {
    CALL.lastIndex = at
    const [head, of] = CALL.exec(text) ?? []
    if (head === undefined) {
      const end = stepOver(text, at, session)
      if (end === undefined) throw broken(at, CUT_OFF)
      at = end
    } else {
      const read = readArguments(text, at + head.length, session.escapes)
      if ('fault' in read) throw broken(read.at, read.fault)
      calls.push({ of: of?.toLowerCase() as DumpCall['of'], line: lineAt(at), database: session.database, given: read.given })
      at = read.end
    }
  }
  return { calls, encoding: session.encoding, ...said }
}

/** Behind a command of psql, or a statement and its rows; undefined when it does not end. */
function stepOver(text: string, at: number, session: Session): number | undefined {
  if (text[at] === '\\') {
    const end = endOfLine(text, at)
    if (CONNECT.test(text.slice(at, end))) session.database += 1
    return end
  }
  const end = endOfStatement(text, at, session.escapes)
  if (end === undefined) return undefined
  const [, setting, value = ''] = SETTING.exec(text.slice(at, Math.min(end, at + WORDS))) ?? []
  if (setting?.toLowerCase() === 'client_encoding') session.encoding = value
  else if (setting !== undefined) session.escapes = /^off$/i.test(value)
  const copies = /^copy\s/i.test(text.slice(at, at + 5)) && COPY.test(text.slice(Math.max(at, end - WORDS), end))
  return copies ? endOfCopy(text, end) : end
}

const NAME = /'(\w{1,63})'/y
const PLAIN = /null|true|false|-?[\d.]{1,60}(?:e[+-]?\d{1,9})?/iy
const CAST = /::[a-z ]{1,40}(?:\[\])?/iy

interface Fault {
  fault: string
  at: number
}

/** `'name', 'value'::type, …);` */
function readArguments(text: string, start: number, escapes: boolean): { given: Map<string, string>; end: number } | Fault {
  const given = new Map<string, string>()
  for (let at = start; ; at += 1) {
    const argument = readArgument(text, skipBlanks(text, at), escapes)
    if ('fault' in argument) return argument
    if (argument.value !== undefined) given.set(argument.name, argument.value)
    at = skipBlanks(text, argument.end)
    if (text[at] === ',') continue
    if (text[at] !== ')') return fault(text, at, `after '${argument.name}' there is neither a comma nor the end`)
    at = skipBlanks(text, at + 1)
    return text[at] === ';' ? { given, end: at + 1 } : fault(text, at, 'a call does not end with );')
  }
}

/** `'name', 'value'::type`; no value is NULL. */
function readArgument(text: string, start: number, escapes: boolean): { name: string; value: string | undefined; end: number } | Fault {
  const name = take(NAME, text, start)
  if (name === undefined) return fault(text, openEnd(text, start, escapes), 'an argument has no name')
  const comma = skipBlanks(text, start + name.length)
  if (text[comma] !== ',') return fault(text, comma, `${name} has no value`)
  const at = skipBlanks(text, comma + 1)
  const string = readString(text, at, escapes)
  const value = string ? string.value : take(PLAIN, text, at)
  if (value === undefined) return fault(text, string?.end ?? at, `the value of ${name} is no literal`)
  const cast = skipBlanks(text, string?.end ?? at + value.length)
  const end = cast + (take(CAST, text, cast)?.length ?? 0)
  return { name: name.slice(1, -1), value: string || !/^null$/i.test(value) ? value : undefined, end }
}

/** Where it is told that something is wrong: at the end of the file when that is within a string. */
function openEnd(text: string, at: number, escapes: boolean): number {
  const string = readString(text, at, escapes)
  return string && string.value === undefined ? string.end : at
}

function fault(text: string, at: number, what: string): Fault {
  return at >= text.length
    ? { fault: CUT_OFF, at }
    : { fault: `${what}, which pg_dump does not write. Make the file again with pg_dump --statistics-only of Postgres 18.`, at }
}

function take(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** Of positions that only grow. */
function lineCounter(text: string): (at: number) => number {
  let line = 1
  let next = text.indexOf('\n')
  return (at) => {
    for (; next !== -1 && next < at; next = text.indexOf('\n', next + 1)) line += 1
    return line
  }
}
