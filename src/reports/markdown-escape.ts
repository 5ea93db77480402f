import { webAddress } from './address.ts'
import { oneLine, printable } from './printable.ts'

/**
 * Text of the change or of Postgres as one line of markdown that shows exactly that text on GitHub and GitLab: no markup, HTML, link,
 * image, mention or reference comes out of it. `code between backticks` stays code. Escaping is not enough against mentions, which are found after
 * rendering; a zero-width space after the sign is what both forges leave alone.
 */
export function proseMarkdown(text: string): string {
  return oneLine(text)
    .split(/(`[^`]+`)/)
    .map((part, index) => (index % 2 === 1 ? codeMarkdown(part.slice(1, -1)) : escapePlain(part)))
    .join('')
    .replace(/^(\d+)(?=[.)])/, '$1\\')
    .replace(/^(?=[-+=#/:])/, '\\')
}

/** A code span, whatever backticks are in the text. */
export function codeMarkdown(text: string): string {
  const line = oneLine(text)
  if (line === '') return ''
  const fence = '`'.repeat(longestRun(line) + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

/** Markdown of one line for a cell of a table. */
export function cellMarkdown(markdown: string): string {
  return markdown.replaceAll('|', '\\|')
}

/**
 * A fenced block no line of which can end it. GitLab looks for quick actions (`/merge`) in the source, and its search for code blocks knows
 * only some fences, so such a line gets a space before it.
 */
export function fencedMarkdown(text: string, language = ''): string {
  const lines = printable(text).replace(/^(?=\/\w)/gm, ' ')
  const fence = '`'.repeat(Math.max(3, longestRun(lines) + 1))
  return `${fence}${language}\n${lines}\n${fence}`
}

/** A link, or only its title when the address is not one of the web. The title is text of anybody, or Markdown of ours. */
export function linkMarkdown(title: string, url: string, written: 'prose' | 'markdown' = 'prose'): string {
  const address = webAddress(url)
  const text = written === 'markdown' ? title : proseMarkdown(title)
  return address === undefined ? text : `[${text}](<${address.replace(/[<>\\]/g, encodeURIComponent)}>)`
}

/** Markdown behind a heading that opens it. */
export function fold(heading: string, body: string): string {
  return `<details><summary>${htmlText(heading)}</summary>\n\n${body}\n\n</details>`
}

/** Text inside HTML, such as a `<summary>`, on one line. */
export function htmlText(text: string): string {
  return oneLine(text).replace(HTML_MARKUP, (sign: string, later: string | undefined) => {
    const plain = HTML_SIGNS.includes(sign) ? `&#${sign.charCodeAt(0)};` : sign
    return later === undefined ? plain : broken(plain, sign)
  })
}

/**
 * What both forges look for after rendering, where no escape counts any more: mentions, references (`#1`, `!1`, `GH-1`, `[vulnerability:1]`, commits),
 * emoji (`:boom:`), addresses (`irc://`), marks of additions (`{+ +}`). A zero-width space after the matched sign breaks them, within a commit one after every sixth.
 */
const FOUND_LATER =
  /[@#!%~&$](?=[\w"[])|\[(?=[\w-]+:|_*TOC_*\]|\[|[+-]\s)|\{(?=[+-])|:(?=[\w+-]+:|\/\/)|(?<=\bwww)\.|\bGH(?=-\d)|\b(?=\d*[a-f])[0-9a-f]{7,40}\b/
const READ_BY_MARKDOWN = /[\\`*[\]|~<>&$]|(?<!\w)_|_(?!\w)/
const MARKUP = new RegExp(`(?<later>${FOUND_LATER.source})|${READ_BY_MARKDOWN.source}`, 'gi')
const HTML_MARKUP = new RegExp(`(?<later>${FOUND_LATER.source})|[&<>"']`, 'gi')
const HTML_SIGNS = '&<>"\''

function escapePlain(text: string): string {
  return text.replace(MARKUP, (sign: string, later: string | undefined) => {
    const plain = ENTITIES[sign] ?? (/^[a-z\d]/i.test(sign) ? sign : `\\${sign}`)
    return later === undefined ? plain : broken(plain, sign)
  })
}

function broken(plain: string, sign: string): string {
  return sign.length < 7 ? `${plain}&#8203;` : sign.replace(/.{6}/g, '$&&#8203;')
}

const ENTITIES: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  $: '&#36;',
  ':': '&#58;',
  '.': '&#46;',
  '|': '&#124;',
  '{': '{',
  '@': '@',
  '#': '#',
  '!': '!',
  '%': '%',
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}
