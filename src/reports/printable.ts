import { toUSVString } from 'node:util'

/**
 * Text of a change or of Postgres, made safe to print where a terminal or a CI log reads it. Control characters (an escape
 * sequence can retitle a window or hide a line), those that reorder text and those nobody sees become visible: `\x1b`, `\u202e`. Newlines stay, tabs
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

// C0 but the newline, DEL and C1; what is not seen (soft hyphen, fillers, zero-width signs, joiners but within an emoji, tags); direction marks, embeddings,
// isolates; separators; the byte order mark.
const UNPRINTABLE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e00ff}]|\u00ad|\u034f|\u17b4|\u17b5|(?<!\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})\u200d/gu

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code > 0xffff) return `\\u{${code.toString(16)}}`
  return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
