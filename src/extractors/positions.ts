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

/** What is put in place of a part of a text. */
export interface Replacement extends Span {
  value: string
}

/**
 * The text with parts replaced, each padded with spaces to the length of what stood there. Replacements are in order. One
 * that is longer, or where either is not ASCII, is not made.
 */
export function replaceSpans(text: string, replacements: readonly Replacement[]): string {
  let result = ''
  let at = 0
  for (const { start, end, value } of replacements) {
    const part = text.slice(start, end)
    const fits = start >= at && value.length <= part.length && isAscii(part) && isAscii(value)
    if (!fits) continue
    result += text.slice(at, start) + value.padEnd(part.length)
    at = end
  }
  return result + text.slice(at)
}

/** Is nothing open before this place, so that a statement begins there? Looks back over white space only so far. */
export function statementEndsBefore(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 1000), at).trimEnd()
  return before.endsWith(';') || (before === '' && at <= 1000)
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
  const firstWide = part.search(/[^\x00-\x7f]/)
  let lastWide = part.length - 1
  while (isAscii(part.charAt(lastWide))) lastWide--
  const open = part.slice(0, firstWide).search(/[\x20-\x7e\t]{2}/)
  const close = part.slice(lastWide + 1).search(/[\x20-\x7e\t]{2}/)
  if (open < 0 || close < 0) return undefined
  const end = lastWide + 1 + close
  return `${spaces(part.slice(0, open))}/*${spacesButWide(part.slice(open + 2, end))}*/${spaces(part.slice(end + 2))}`
}
