/** Reads what can be read of text that does not parse as a whole. */
import { offsetsOf } from '../offsets.ts'
import type { SyntaxProblem } from '../statement.ts'
import { type Located, locatedIn, trimmed } from './located.ts'
import { parseSql } from './parser.ts'
import { type Piece, splitStatements } from './split.ts'
import { type Foreign, tolerate } from './tolerant.ts'

/** Of so many pieces more would help nobody; the last holds the rest of the file. */
const PIECES_LIMIT = 100_000

export function recover(text: string): Located[] {
  const binary = binaryHint(text)
  if (binary)
    return [{ start: 0, end: text.length, problem: { message: 'not text', at: Math.max(text.search(CONTROLS), 0), hint: binary } }]
  const { text: sql, foreign } = tolerate(text)
  const hidden: Located[] = foreign
    .filter((one) => one.hides)
    .map(({ start, end, hint }) => ({
      ...trimmed(text, start, end),
      problem: { message: 'not SQL', at: start, hint },
    }))
  const read =
    (sql === text ? undefined : parsedWhole(sql)) ?? limited(splitStatements(sql)).map((piece) => locatePiece(sql, piece, foreign))
  return [...read, ...hidden].sort((a, b) => a.start - b.start)
}

function parsedWhole(sql: string): Located[] | undefined {
  const parsed = parseSql(sql)
  return 'error' in parsed ? undefined : locatedIn(sql, offsetsOf(sql), parsed.statements)
}

function locatePiece(sql: string, piece: Piece, foreign: Foreign[]): Located {
  const { start, end } = piece
  const written = sql.slice(start, end)
  const parsed = parseSql(written)
  if ('error' in parsed) return { start, end, problem: problemOf(sql, piece, parsed, foreign) }
  const [only] = parsed.statements
  if (!only) return { start, end, problem: problemOf(sql, piece, { error: 'no statement', at: 0 }, foreign) }
  const inner = offsetsOf(written)
  const offsets = { ...inner, ofByte: (byte: number) => start + inner.ofByte(byte) }
  return { start, end, node: only.node, offsets }
}

function problemOf(sql: string, piece: Piece, { error, at }: { error: string; at: number }, foreign: Foreign[]): SyntaxProblem {
  const hint = hintOf(sql, piece, foreign)
  return { message: error, at: piece.start + at, ...(hint && { hint }) }
}

function hintOf(sql: string, { start, end, open }: Piece, foreign: Foreign[]): string | undefined {
  const written = sql.slice(start, end)
  if (written.includes('\0')) return 'a NUL byte, which Postgres cannot store and no parser reads past'
  if (open) return `${openedBy(sql, open.start)} is never closed`
  const inside = firstFrom(foreign, start)
  if (inside && inside.end <= end) return inside.hint
  if (/[\u00a0\u2000-\u200b\u3000\ufeff]/.test(written))
    return 'an invisible character that is no blank to Postgres, such as a non-breaking space'
  return /[\u2018\u2019\u201c\u201d]/.test(written) ? 'typographic quotes, which are letters to Postgres' : undefined
}

/** The first that begins at or after the offset, of a list in order. */
function firstFrom(foreign: Foreign[], offset: number): Foreign | undefined {
  let low = 0
  let high = foreign.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((foreign[middle]?.start ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return foreign[low]
}

function openedBy(sql: string, at: number): string {
  if (sql.startsWith('/*', at)) return 'the comment begun here'
  return sql[at] === '$' ? 'the dollar quote begun here' : 'the quote begun here'
}

// Control characters are what tells a binary file.
const CONTROLS = /[\0-\x08\x0e-\x1a\x1c-\x1f\ufffd]/

/** Many control characters in the first stretch: cutting that into statements helps nobody. */
function binaryHint(text: string): string | undefined {
  const sample = text.slice(0, 8000)
  const controls = [...sample].filter((one) => CONTROLS.test(one)).length
  if (controls <= sample.length / 10) return undefined
  const nuls = sample.split('\0').length - 1
  return nuls > sample.length / 3 ? 'this looks like UTF-16; save it as UTF-8' : 'this is a binary file, not SQL'
}

function limited(pieces: Piece[]): Piece[] {
  const rest = pieces[PIECES_LIMIT - 1]
  const last = pieces.at(-1)
  return rest && last && pieces.length > PIECES_LIMIT
    ? [...pieces.slice(0, PIECES_LIMIT - 1), { start: rest.start, end: last.end }]
    : pieces
}
