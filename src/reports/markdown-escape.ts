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
  return oneLine(text).replace(/[&<>"']|[@#!~%$](?=[\w"[])/g, (sign) =>
    '&<>"\''.includes(sign) ? `&#${sign.charCodeAt(0)};` : `${sign}&#8203;`,
  )
}

const SPECIAL = /[\\`*[\]|~<>&$]|[@#!%](?=[\w"[])|(?<!\w)_|_(?!\w)|:(?=\/\/)|(?<=\bwww)\./gi
const SIGILS = '@#!%~&$'

function escapePlain(text: string): string {
  return text.replace(SPECIAL, (sign: string, at: number) => {
    const reference = SIGILS.includes(sign) && /[\w"[]/.test(text[at + 1] ?? '')
    return (ENTITIES[sign] ?? `\\${sign}`) + (reference ? '&#8203;' : '')
  })
}

const ENTITIES: Record<string, string> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  $: '&#36;',
  ':': '&#58;',
  '.': '&#46;',
  '|': '&#124;',
  '@': '@',
  '#': '#',
  '!': '!',
  '%': '%',
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))
}
