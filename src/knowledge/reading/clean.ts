/** White space and characters nobody sees. */

/**
 * Characters that hide in a text and keep it from being found or quoted: zero-width spaces, soft hyphens, byte order marks, marks that turn the direction of
 * reading (a page in Arabic or Hebrew is in the order of reading anyway) and control characters, which Postgres does not store or a terminal obeys.
 */
const HIDDEN = /[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g
/** Joiners are letters' own in Persian, Hindi and emoji; beside ASCII they only hide. */
const JOINERS = /(?<=[\x20-\x7e]|^)[\u200c\u200d]+|[\u200c\u200d]+(?=[\x20-\x7e]|$)/g
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g

/** Text whose white space counts: examples, code, tables. Lines end in `\n`; no white space at their ends, no empty lines around. */
export function cleanLines(text: string): string {
  const lines = visible(text).split('\n')
  const trimmed = lines.map((line) => line.trimEnd()).join('\n')
  return trimmed
    .replaceAll(/\n{4,}/g, '\n\n\n')
    .replace(/^\n+/, '')
    .trimEnd()
}

/** One line. */
export function cleanLine(text: string): string {
  return visible(text).replaceAll(/\s+/g, ' ').trim()
}

/** Prose: paragraphs stay apart, and lines that a writer ended on purpose (`<br>`) stay lines. */
export function cleanProse(text: string): string {
  return visible(text)
    .replaceAll(/[^\S\n]+/g, ' ')
    .replaceAll(/ ?\n ?/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\u2028\u2029\f\v]/g, '\n')
    .replaceAll(SPACES, ' ')
    .replaceAll(HIDDEN, '')
    .replaceAll(JOINERS, '')
}
