import { LISTED } from '../review/lists.ts'

/** How much of a review the reports for people show before they count instead. The data formats leave nothing out. */
export const LIMITS = {
  /** Lines of a statement, and UTF-16 units of each. */
  excerptLines: 8,
  excerptColumns: 160,
  /** UTF-16 units of one paragraph, one piece of SQL, one cell of a table. */
  paragraph: 1500,
  sql: 3000,
  cell: 240,
  /** Findings in the markdown table. */
  rows: 50,
  /** Findings from which on the table shows the mild ones folded. */
  unfoldedRows: 12,
  /** Lines of SQL that an inline comment shows unfolded; findings that it tells of. */
  inlineSqlLines: 6,
  together: 5,
  /** Findings whose details are folded each by itself, not together once more. */
  unfolded: 3,
  /** Earlier findings that a summary names when they are gone. */
  gone: 8,
  /** UTF-16 units of the title and of an annotation of a status. */
  title: 140,
  annotation: 8000,
  /** Entries of a short list: notes, files not replayed, places of a reason, tables of an effect. */
  list: LISTED,
  /** Bytes of a markdown report. GitHub refuses a comment over 65,536 characters. */
  markdown: 60_000,
} as const

/** The text, cut where it is longer than `length`, with an ellipsis in its place. */
export function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}
