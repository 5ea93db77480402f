/** The text of a comment of C, without its frame. */
import { cleanLines } from '../clean.ts'

const FRAME = /^[\s*/=_#~-]*$/
/** What every file says. */
const BOILERPLATE = /^\s*(Portions )?Copyright \(c\)|^\s*(\$PostgreSQL\$?:|\$Header:|\$Id\$?:)/i

export function commentText(comment: string): string {
  const inner = comment.startsWith('//') ? comment.slice(2) : comment.replace(/^\/\*+/, '').replace(/\*+\/$/, '')
  const lines = inner.split(/\r?\n/).map((line, at) => (at === 0 ? line : line.replace(/^[ \t]*\*?(?!\/)/, '')))
  const texts = lines.map((line) => (line.trim() !== '' && FRAME.test(line) ? '' : expandTabs(line).replace(/^ /, '')))
  return cleanLines(unindent(texts).join('\n')).replaceAll(/\n{3,}/g, '\n\n')
}

/** Of the comment a file begins with: what it is for, without names, years and its own path. */
export function headerText(comment: string, path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1)
  const kept: string[] = []
  let before = ''
  for (const line of commentText(comment).split('\n')) {
    const bare = line.trim()
    const isOwnName = bare === file || (bare.endsWith(`/${file}`) && !bare.includes(' ')) || before === 'IDENTIFICATION'
    if (bare !== '') before = bare
    if (!isOwnName && bare !== 'IDENTIFICATION' && !BOILERPLATE.test(line)) kept.push(line)
  }
  return cleanLines(unindent(kept).join('\n'))
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

/** Postgres's own width. */
function expandTabs(line: string): string {
  // Behind ` *`.
  let column = 2
  let expanded = ''
  for (const character of line) {
    const width = character === '\t' ? 4 - (column % 4) : 1
    expanded += character === '\t' ? ' '.repeat(width) : character
    column += width
  }
  return expanded
}

function unindent(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  // The first line of `/* text` has an indent of its own.
  const least = indents.reduce((left, right) => Math.min(left, right), Number.POSITIVE_INFINITY)
  return lines.map((line) => line.slice(Math.min(least, line.length - line.trimStart().length)))
}
