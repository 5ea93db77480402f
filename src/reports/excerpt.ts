import type { Finding } from '../review/finding.ts'
import { clip, LIMITS } from './limits.ts'
import { printable } from './printable.ts'
import type { Source } from './source.ts'
import { regionOf } from './source.ts'

/**
 * The lines of the statement a finding is about, numbered: `  7 | alter table orders`. Printable. Of a long statement the first lines, of
 * a long line the part where the statement begins. Empty when the file is not at hand.
 */
export function excerpt(finding: Finding, source: Source | undefined): string[] {
  if (!source) return []
  const { startLine, endLine, startColumn = 1 } = regionOf(finding, source)
  const lines = source.lines.slice(startLine - 1, Math.min(endLine, startLine - 1 + LIMITS.excerptLines))
  const width = `${startLine - 1 + lines.length}`.length
  const numbered = lines.map((line, index) => {
    const text = index === 0 && line.text.length > LIMITS.excerptColumns ? fromColumn(line.text, startColumn) : line.text
    return `${`${startLine + index}`.padStart(width)} | ${clip(printable(clip(text, LIMITS.excerptColumns + 1)), LIMITS.excerptColumns)}`.trimEnd()
  })
  const hidden = endLine - startLine + 1 - lines.length
  return hidden > 0 && lines.length > 0 ? [...numbered, `${' '.repeat(width)} | … ${hidden} more`] : numbered
}

function fromColumn(text: string, column: number): string {
  return column > LIMITS.excerptColumns / 2 ? `…${text.slice(column - 1, column + LIMITS.excerptColumns)}` : text
}
