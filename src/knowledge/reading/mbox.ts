/** Splits mbox files of any size into messages. */

/** Longer messages are cut: what is behind is attachments, or a file whose separators are broken. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024
/** So far behind a separator its headers are looked at. */
const MAX_HEADER_BYTES = 64 * 1024
const MAX_SEPARATOR_BYTES = 1000

export type MboxItem =
  | { kind: 'message'; message: MboxMessage }
  /** Before the first message: all of it when the file is no mbox. */
  | { kind: 'stray'; bytes: number }

interface MboxMessage {
  /** Headers and body, without the separator; not longer than 8 MB. */
  raw: Buffer
  /** The separator, `From someone@example.org Mon Jan  5 10:00:00 2026`. */
  separator: string
  /** Of the separator in its file. */
  offset: number
  /** Of the whole message, also where `raw` is shorter. */
  bytes: number
}

const DAY_AND_MONTH = /^From \S.{0,900}? {1,8}(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? {1,3}(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) /
/** With this date `git format-patch` begins every patch, and lists are full of them. */
const GIT_PATCH = /^From [0-9a-f]{7,64} Mon Sep 17 00:00:00 2001$/
const HEADER = /^[!-9;-~]{1,100}[ \t]*:/
const KNOWN_HEADER =
  /^(?:from|date|subject|message-id|received|return-path|to|cc|mime-version|content-type|delivered-to|in-reply-to|references|sender|reply-to)[ \t]*:/i

/**
 * A line that begins with `From ` is often a sentence, as nobody is sure to have escaped it. It parts messages only behind an empty line,
 * with a day and a month in it, and with headers behind it. Memory is bounded by the longest message that is kept, 8 MB.
 */
export async function* splitMbox(chunks: AsyncIterable<Buffer>): AsyncGenerator<MboxItem> {
  // As if an empty line were before the first byte.
  let window: Buffer = Buffer.from('\n\n')
  let windowOffset = -window.length
  let current = new Growing(undefined, 0)
  let begun = false
  for await (const chunk of chunks) {
    window = window.length === 0 ? chunk : Buffer.concat([window, chunk])
    if (!begun && window.length > 4) {
      begun = true
      if (window.subarray(2, 5).equals(Buffer.from('\ufeff'))) {
        window = Buffer.concat([Buffer.from('\n\n'), window.subarray(5)])
        windowOffset += 3
      }
    }
    let from = 0
    let at = 0
    for (;;) {
      at = window.indexOf('\nFrom ', at)
      if (at < 0) break
      const separator = separatorAt(window, at + 1, false)
      if (separator === 'unknown') break
      if (separator !== undefined) {
        current.append(window.subarray(from, at + 1))
        yield* current.items()
        current = new Growing(separator.line, windowOffset + at + 1)
        from = separator.end
        at = separator.end - 1
      } else at++
    }
    // What could begin a separator stays; so do the two lines' ends that must be before it.
    const keep = at >= 0 ? Math.max(from, at - 3) : Math.max(from, window.length - 9)
    current.append(window.subarray(from, keep))
    window = Buffer.from(window.subarray(keep))
    windowOffset += keep
  }
  yield* splitRest(window, windowOffset, current)
}

/** What was waiting for more when the file ended. */
function* splitRest(window: Buffer, windowOffset: number, started: Growing): Generator<MboxItem> {
  let current = started
  let from = 0
  for (let at = window.indexOf('\nFrom '); at >= 0; at = window.indexOf('\nFrom ', at + 1)) {
    const separator = separatorAt(window, at + 1, true)
    if (separator === undefined || separator === 'unknown') continue
    current.append(window.subarray(from, at + 1))
    yield* current.items()
    current = new Growing(separator.line, windowOffset + at + 1)
    from = separator.end
    at = separator.end - 2
  }
  current.append(window.subarray(from))
  yield* current.items()
}

/** `end` is behind the separator's line. 'unknown' when what follows is not here yet. */
function separatorAt(window: Buffer, start: number, isLast: boolean): { line: string; end: number } | undefined | 'unknown' {
  if (!isEmptyLineBefore(window, start)) return undefined
  const lineEnd = window.subarray(start, start + MAX_SEPARATOR_BYTES).indexOf(0x0a)
  if (lineEnd < 0) return window.length - start >= MAX_SEPARATOR_BYTES || isLast ? undefined : 'unknown'
  const line = window.toString('latin1', start, start + lineEnd).trimEnd()
  if (!DAY_AND_MONTH.test(line) || GIT_PATCH.test(line)) return undefined
  const end = start + lineEnd + 1
  const block = headerBlock(window.subarray(end, end + MAX_HEADER_BYTES))
  const isWhole = block.isWhole || window.length - end >= MAX_HEADER_BYTES
  if (!isWhole && !isLast) return 'unknown'
  return areHeaders(block.lines, isWhole) ? { line, end } : undefined
}

function isEmptyLineBefore(window: Buffer, start: number): boolean {
  if (window[start - 2] === 0x0a) return true
  return window[start - 2] === 0x0d && window[start - 3] === 0x0a
}

function headerBlock(bytes: Buffer): { lines: string[]; isWhole: boolean } {
  const isEmpty = bytes[0] === 0x0a || (bytes[0] === 0x0d && bytes[1] === 0x0a)
  const end = isEmpty ? 0 : headersEnd(bytes)
  return { lines: bytes.toString('latin1', 0, end ?? bytes.length).split('\n'), isWhole: end !== undefined }
}

/** Where the empty line behind the headers is. Undefined when there is none. */
export function headersEnd(bytes: Buffer): number | undefined {
  const isCrlf = bytes[bytes.indexOf(0x0a) - 1] === 0x0d
  for (const ending of isCrlf ? ['\n\r\n', '\n\n'] : ['\n\n', '\n\r\n']) {
    const at = bytes.indexOf(ending)
    if (at >= 0) return at
  }
  return undefined
}

/** One header that every message has, and nothing but headers; or two, whatever else a broken program wrote between them. */
function areHeaders(lines: readonly string[], isWhole: boolean): boolean {
  const first = lines[0] ?? ''
  if (!HEADER.test(first) && !first.startsWith('>From ')) return !isWhole && first.trim().length < 80 && !/\s\S/.test(first)
  const known = lines.filter((line) => KNOWN_HEADER.test(line)).length
  if (known >= 2) return true
  const areAll = lines.slice(0, isWhole ? undefined : -1).every((line) => HEADER.test(line) || /^[ \t]/.test(line))
  return areAll && (known === 1 || !isWhole)
}

/** A message as it is read; what is over the limit is only counted. */
class Growing {
  #parts: Buffer[] = []
  #kept = 0
  #bytes = 0
  readonly #separator: string | undefined
  readonly #offset: number

  constructor(separator: string | undefined, offset: number) {
    this.#separator = separator
    this.#offset = offset
  }

  append(part: Buffer): void {
    this.#bytes += part.length
    const room = MAX_MESSAGE_BYTES - this.#kept
    if (part.length === 0 || room === 0) return
    // What is before the first message is only counted.
    if (this.#separator === undefined) return
    // A copy, as a small message would hold on to the whole window.
    const kept = Buffer.from(part.subarray(0, room))
    this.#parts.push(kept)
    this.#kept += kept.length
  }

  *items(): Generator<MboxItem> {
    if (this.#separator !== undefined) {
      const raw = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts)
      yield { kind: 'message', message: { raw, separator: this.#separator, offset: this.#offset, bytes: this.#bytes } }
    } else if (this.#bytes > 2) yield { kind: 'stray', bytes: this.#bytes - 2 }
  }
}
