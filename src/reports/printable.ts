import { toUSVString } from 'node:util'

/**
 * Text of a change or of Postgres, made safe to print where a terminal or a CI log reads it. Control characters (an escape
 * sequence can retitle a window or hide a line) and those that reorder text become visible: `\x1b`, `\u202e`. Newlines stay, tabs
 * become spaces. Commands to the CI runner that a log line could carry (`::set-output …`, `##[group]`, `##vso[…]`) are broken in the same way.
 */
export function printable(text: string): string {
  return toUSVString(text)
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '  ')
    .replace(UNPRINTABLE, visible)
    .replace(/^(\s*):(?=:)/gm, '$1\\x3a')
    .replace(/#(?=#\w*\[)/g, '\\x23')
}

/** The same on one line: every run of white space is one space. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim())
}

// C0 but the newline, DEL and C1; Arabic letter mark, zero-width space, direction marks, separators, embeddings, isolates, the byte order mark.
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

function visible(character: string): string {
  const code = character.charCodeAt(0)
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
