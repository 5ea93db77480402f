import { styleText } from 'node:util'

export interface Column {
  head: string
  isNumber?: boolean
}

/** Columns as wide as they have to be, numbers to the right. No line feed at its end. */
export function tableText(columns: readonly Column[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = columns.map(({ head }, at) => Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => (columns[at]?.isNumber ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return [styleText('bold', line(columns.map(({ head }) => head))), ...rows.map(line)].join('\n')
}
