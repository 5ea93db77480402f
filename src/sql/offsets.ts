/**
 * Positions of one text in the units its readers count in: JavaScript in UTF-16 units, the parser and editors' ranges in
 * UTF-8 bytes, people in lines. Built once a text; each look-up is a binary search and a short walk.
 */
export interface Offsets {
  /** The UTF-16 offset of a byte offset. */
  ofByte(byte: number): number
  /** The byte offset of a UTF-16 offset. */
  toByte(offset: number): number
  /** The one-based line a UTF-16 offset is on. */
  lineOf(offset: number): number
}

/** UTF-16 units between two remembered byte offsets: how far a look-up may have to walk. */
const STEP = 512

export function offsetsOf(text: string): Offsets {
  const marks = Buffer.byteLength(text) === text.length ? undefined : byteMarks(text)
  let newlines: number[] | undefined
  return {
    ofByte: (byte) => (marks ? offsetAt(text, marks, byte) : byte),
    toByte: (offset) => (marks ? byteAt(text, marks, offset) : offset),
    lineOf(offset) {
      newlines ??= newlinesOf(text)
      return lastUpTo(newlines, offset - 1) + 2
    },
  }
}

/** The UTF-16 offset of the `count`th code point: the parser's errors count in those. */
export function offsetOfCodePoint(text: string, count: number): number {
  let offset = 0
  for (let left = count; left > 0 && offset < text.length; left -= 1) offset += widthAt(text, offset)
  return offset
}

/** marks[n] is the byte offset of UTF-16 offset n * STEP, the second half of a pair counting as its first. */
function byteMarks(text: string): number[] {
  const marks: number[] = []
  let bytes = 0
  for (let offset = 0; offset < text.length; offset += 1) {
    if (offset % STEP === 0) marks.push(isSecondHalf(text, offset) ? bytes - 4 : bytes)
    if (!isSecondHalf(text, offset)) bytes += bytesAt(text, offset)
  }
  return marks
}

function byteAt(text: string, marks: number[], offset: number): number {
  const wanted = Math.min(offset, text.length)
  const mark = Math.min(Math.floor(wanted / STEP), marks.length - 1)
  let at = startOf(text, mark)
  let bytes = marks[mark] ?? 0
  while (at < wanted) {
    bytes += bytesAt(text, at)
    at += widthAt(text, at)
  }
  return bytes
}

function offsetAt(text: string, marks: number[], byte: number): number {
  const mark = Math.max(lastUpTo(marks, byte), 0)
  let at = startOf(text, mark)
  let bytes = marks[mark] ?? 0
  while (bytes < byte && at < text.length) {
    bytes += bytesAt(text, at)
    at += widthAt(text, at)
  }
  return at
}

function startOf(text: string, mark: number): number {
  const offset = mark * STEP
  return isSecondHalf(text, offset) ? offset - 1 : offset
}

function bytesAt(text: string, offset: number): number {
  const code = text.charCodeAt(offset)
  if (code < 0x80) return 1
  if (code < 0x800) return 2
  return widthAt(text, offset) === 2 ? 4 : 3
}

function widthAt(text: string, offset: number): number {
  return (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1
}

function isSecondHalf(text: string, offset: number): boolean {
  const code = text.charCodeAt(offset)
  return code >= 0xdc00 && code < 0xe000 && offset > 0 && widthAt(text, offset - 1) === 2
}

function newlinesOf(text: string): number[] {
  const found: number[] = []
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) found.push(at)
  return found
}

/** Index of the last of the ascending numbers that is at most `limit`; -1 when none is. */
function lastUpTo(numbers: number[], limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
