import type { Finding } from '../review/finding.ts'
import { count } from '../review/lists.ts'
import { clip, LIMITS } from './limits.ts'
import { cellMarkdown, codeMarkdown, fold, linkMarkdown, proseMarkdown } from './markdown-escape.ts'
import type { Room } from './room.ts'
import { shortNumber } from './short-number.ts'

/**
 * A row for each finding, as many as fit; the numbers link to comments at the lines. Where the table would be long, what is mild is folded below it.
 */
export function findingTable(shown: readonly Finding[], links: ReadonlyMap<string, string>, room: Room): string[] {
  const folder = commonFolder(shown.map(({ path }) => path))
  const within = folder === '' ? '' : ` in ${cellMarkdown(codeMarkdown(clip(folder, LIMITS.cell)))}`
  const head = `| Finding | What, and where${within} |\n|---|---|`
  const isLong = shown.length > LIMITS.unfoldedRows
  const [loud = [], mild = []] = [false, true].map((wanted) =>
    shown.filter(({ severity }) => (isLong && (severity === 'low' || severity === 'info')) === wanted),
  )
  const left = (number: number) => (number > 0 ? [`${count(number, 'more finding')} not in this table.`] : [])
  const tableOf = (findings: readonly Finding[], most: number) => {
    if (findings.length === 0 || !room.take(head)) return { blocks: left(findings.length), length: 0 }
    const rows = room.fit(findings.slice(0, most).map((finding) => row(finding, links.get(finding.fingerprint), folder)))
    return { blocks: [[head, ...rows].join('\n'), ...left(findings.length - rows.length)], length: rows.length }
  }
  const first = tableOf(loud, LIMITS.rows)
  if (mild.length === 0) return first.blocks
  const title = `${count(mild.length, 'finding')} of severity low or info`
  room.take(fold(title, ''))
  const second = tableOf(mild, LIMITS.rows - first.length)
  return [...first.blocks, fold(title, second.blocks.join('\n\n'))]
}

function row(finding: Finding, url: string | undefined, folder: string): string {
  const { severity, verdict, path, line, message } = finding
  const number = codeMarkdown(shortNumber(finding))
  const cells = [
    // Few columns, since long names would not fit beside each other.
    `${verdict === 'confirmed' ? severity : `${severity}, ${verdict}`}<br>${url === undefined ? number : linkMarkdown(number, url, 'markdown')}`,
    `${proseMarkdown(clip(message, LIMITS.cell))}<br>${codeMarkdown(`${clip(path.slice(folder.length), LIMITS.cell)}:${line}`)}`,
  ]
  return `| ${cells.map(cellMarkdown).join(' | ')} |`
}

/** `db/migrations/` where all files are there; empty where they have no folder in common. */
function commonFolder(paths: readonly string[]): string {
  const [first = '', ...others] = paths.map((path) => path.slice(0, path.lastIndexOf('/') + 1))
  let folder = first
  while (folder !== '' && others.some((other) => !other.startsWith(folder))) {
    folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1)
  }
  return folder
}
