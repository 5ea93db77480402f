/** Words as they are indexed: the same for passages and for questions. */
import { stem } from './stem.ts'
import { STOP_WORDS } from './stop-words.ts'

/** A word of a text. One written with marks in it (`max_wal_size`, `read-only`, `AccessShareLock`) has several parts. */
export interface Word {
  /** As written. */
  text: string
  start: number
  end: number
  /** Stems of the parts, in order. */
  parts: Part[]
  /** The whole of several parts, in lower case: `max_wal_size`, `readonly`. What SQL and settings are found by exactly. */
  whole: string | null
}

interface Part {
  stem: string
  /** In lower case. */
  word: string
  isStop: boolean
}

/** Longer ones are no words: encoded data. */
const LONGEST = 80
const WORD =
  /[\p{L}\p{N}_$]+(?:(?:[.'’:/-]|::)[\p{L}\p{N}_$]+)*|(?<![\p{L}\p{N}-])--?[a-z](?:[a-z-]*[a-z])?(?![\p{L}\p{N}])|[-+*<>=~!@#%^&|?]{2,}/giu
/** The same for texts without letters of other scripts, which nearly all are: several times as fast. */
const PLAIN_WORD =
  /[a-zA-Z0-9_$]+(?:(?:[.'’:/-]|::)[a-zA-Z0-9_$]+)*|(?<![a-zA-Z0-9-])--?[a-zA-Z](?:[a-zA-Z-]*[a-zA-Z])?(?![a-zA-Z0-9])|[-+*<>=~!@#%^&|?]{2,}/g
const OTHER_LETTER = /[^ -~\s\xa0\u2000-\u206f]/

function wordsIn(text: string): Iterable<RegExpExecArray> {
  return text.matchAll(OTHER_LETTER.test(text) ? WORD : PLAIN_WORD)
}

const OPERATOR = /^[-+*<>=~!@#%^&|?]+$/
const FILE = /\.(?:conf|sql|html?|[ch]|so|dll|exe|pid|opts|control|csv|gz|auto|backup|history|signal|key|crt|pl|py|md|txt)$/i
/** Qualified names are several; a number or a version is one. */
const BETWEEN_NAMES = /(::|[:/]|(?<=\p{L}|_)\.|\.(?=\p{L}|_))/u
/** Between the parts of camel case: `AccessShareLock`, `WALWriteLock`. */
const HUMP = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/

export function readWords(text: string): Word[] {
  const words: Word[] = []
  for (const match of wordsIn(text)) {
    const [written] = match
    if (written.length > LONGEST) continue
    for (const word of remembered(written)) words.push({ ...word, start: match.index + word.start, end: match.index + word.end })
  }
  return words
}

/** Texts say the same words again and again, and reading one takes a microsecond or three. */
const MOST_REMEMBERED = 50_000
const memory = new Map<string, Word[]>()

function remembered(written: string): Word[] {
  const known = memory.get(written)
  if (known) return known
  const read = pieces(written, 0)
  if (memory.size >= MOST_REMEMBERED) memory.clear()
  memory.set(written, read)
  return read
}

/** Each lexeme of a text with its place among the words, and where the word begins. */
export function eachLexeme(text: string, take: (lexeme: string, position: number, start: number) => void): void {
  let position = 0
  for (const match of wordsIn(text)) {
    const [written] = match
    if (written.length > LONGEST) continue
    for (const { parts, whole, start } of remembered(written)) {
      if (whole !== null) take(whole, position, match.index + start)
      if (parts.length === 0) position++
      for (const part of parts) take(part.stem, position++, match.index + start)
    }
  }
}

/** A path or a qualified name is several words; `postgresql.conf` and `17.2` are one. */
function pieces(written: string, start: number): Word[] {
  if (OPERATOR.test(written)) return /^[-=*#!]{3,}$|^--$|^\*\*$/.test(written) ? [] : [whole(written, start)]
  if (written.startsWith('-')) return [option(written, start)]
  const found: Word[] = []
  let from = 0
  const isFile = FILE.test(written)
  for (const part of written.split(isFile ? /([:/]+)/ : BETWEEN_NAMES)) {
    if (part !== '' && !/^[:/.]/.test(part)) found.push(wordOf(part, start + from))
    from += part.length
  }
  return found
}

function whole(text: string, start: number): Word {
  return { text, start, end: start + text.length, parts: [], whole: text.toLowerCase() }
}

/** `--jobs` of a tool: by its name too. */
function option(text: string, start: number): Word {
  const parts = text
    .replace(/^-+/, '')
    .toLowerCase()
    .split('-')
    .filter((part) => part.length > 1)
  return { text, start, end: start + text.length, parts: parts.map((part) => partOf(part, false)), whole: text }
}

function wordOf(text: string, start: number): Word {
  const bare = text.replace(/['’]s?$/i, '')
  const parts = bare
    .split(/[_.'’$-]+/)
    .flatMap((part) => part.split(HUMP))
    .filter((part) => part !== '')
    .map((part) => part.toLowerCase())
  const end = start + text.length
  if (parts.length < 2) {
    const word = parts[0] ?? bare.toLowerCase()
    return { text, start, end, parts: word === '' ? [] : [partOf(word, true)], whole: null }
  }
  // can't, it's, don't
  if (/^[a-z]+['’][a-z]+$/i.test(bare)) {
    return { text, start, end, parts: [partOf(parts.join(''), true)], whole: null }
  }
  return { text, start, end, parts: parts.map((part) => partOf(part, false)), whole: bare.toLowerCase().replaceAll(/['’-]/g, '') }
}

function partOf(word: string, mayStop: boolean): Part {
  return { stem: stem(word), word, isStop: mayStop && STOP_WORDS.has(word) }
}

/** A lexeme of a passage with its place; weights as in Postgres: A the passage's own name, B what is above it, D its text. */
export interface Placed {
  lexeme: string
  position: number
  weight: 'A' | 'B' | 'D'
}

/** Greatest position a tsvector can hold. */
const LAST_POSITION = 16_383

/** What is searched of a passage. `length` counts the words of its text that say something. */
export function indexWords(passage: { name: string; above: string; text: string }): { placed: Placed[]; length: number } {
  const placed: Placed[] = []
  let position = 1
  const add = (text: string, weight: Placed['weight']): number => {
    let length = 0
    for (const { parts, whole } of readWords(text)) {
      if (whole !== null) placed.push({ lexeme: whole, position, weight })
      if (whole !== null && parts.length === 0) position++
      for (const part of parts) {
        // Stop words of a heading are words of SQL: IF EXISTS, DO, ON CONFLICT.
        if (!part.isStop || weight !== 'D') placed.push({ lexeme: part.stem, position, weight })
        if (!part.isStop) length++
        if (position < LAST_POSITION) position++
      }
    }
    return length
  }
  add(passage.name, 'A')
  add(passage.above, 'B')
  position += 10
  return { placed, length: add(passage.text, 'D') }
}

/** As a literal of the type tsvector. */
export function tsvector(placed: readonly Placed[]): string {
  const places = new Map<string, string[]>()
  for (const { lexeme, position, weight } of placed) {
    const known = places.get(lexeme)
    const place = `${Math.min(position, LAST_POSITION)}${weight === 'D' ? '' : weight}`
    if (known) known.push(place)
    else places.set(lexeme, [place])
  }
  return [...places].map(([lexeme, all]) => `${quoteLexeme(lexeme)}:${all.slice(0, 250).join(',')}`).join(' ')
}

export function quoteLexeme(lexeme: string): string {
  return `'${lexeme.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
