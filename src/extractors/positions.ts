/** UTF-16 offsets of a part of a text, the end exclusive. */
export interface Span {
  start: number
  end: number
}

/**
 * The text with everything outside the spans blanked, so that what is left stands where it stood: same length in
 * UTF-16 units and in UTF-8 bytes, same lines. Spans are in order and do not overlap.
 */
export function keepOnly(text: string, spans: readonly Span[]): string {
  let result = ''
  let at = 0
  for (const span of spans) {
    result += blank(text.slice(at, span.start), at === 0) + text.slice(span.start, span.end)
    at = span.end
  }
  return result + blank(text.slice(at), at === 0)
}

/** The text with one part replaced by a shorter or equally long ASCII text, padded with spaces. A part that is not ASCII stays. */
export function replaceSpan(text: string, span: Span, replacement: string): string {
  const part = text.slice(span.start, span.end)
  if (replacement.length > part.length || !isAscii(part) || !isAscii(replacement)) return text
  return text.slice(0, span.start) + replacement.padEnd(part.length) + text.slice(span.end)
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text)
}

/**
 * Spaces take one byte, and Postgres takes no other white space, so a character of several bytes cannot be blanked:
 * it is kept, in a comment made of the characters around it.
 */
function blank(part: string, first: boolean): string {
  if (first && part.startsWith('\uFEFF')) return `\uFEFF${blank(part.slice(1), false)}`
  if (isAscii(part)) return spaces(part)
  const lines = part.split(/(?<=\n)/).map((line) => (isAscii(line) ? spaces(line) : asLineComment(line)))
  if (lines.every((line) => line !== undefined)) return lines.join('')
  return asBlockComment(part) ?? part.replace(/[^\r\n]/g, ' ')
}

function spaces(part: string): string {
  return part.replace(/[^\r\n]/g, ' ')
}

function spacesButWide(part: string): string {
  return part.replace(/[\x00-\x09\x0b\x0c\x0e-\x7f]/g, ' ')
}

/** Undefined when the line has no room for the dashes, or when what follows on the line would become a comment too. */
function asLineComment(line: string): string | undefined {
  if (!/^[\x20-\x7e\t]{2}/.test(line) || !line.endsWith('\n')) return undefined
  return `--${spacesButWide(line.slice(2))}`
}

function asBlockComment(part: string): string | undefined {
  const opened = /^[\x00-\x7f]*?[\x20-\x7e\t]{2}/.exec(part)
  const closed = /[\x20-\x7e\t]{2}[\x00-\x7f]*$/.exec(part)
  if (!opened || !closed) return undefined
  const open = opened[0].length - 2
  if (closed.index < open + 2) return undefined
  const inner = spacesButWide(part.slice(open + 2, closed.index))
  return `${spaces(part.slice(0, open))}/*${inner}*/${spaces(part.slice(closed.index + 2))}`
}
