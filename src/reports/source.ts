import type { Finding } from '../review/finding.ts'
import type { Review } from '../review/review.ts'

/** A file of the review by its lines, so that byte offsets become lines and columns. */
export interface Source {
  lines: SourceLine[]
}
/** `text` is without its line end and byte order mark; `startByte` is where it begins in the file, `bytes` how long it is there, with a carriage return. */
interface SourceLine {
  text: string
  startByte: number
  bytes: number
  ascii: boolean
}

/** One-based; columns count UTF-16 units, `endColumn` is the one after the last. */
export interface Region {
  startLine: number
  endLine: number
  startColumn?: number
  endColumn?: number
}

/** Looks sources up by path, each split into lines only when it is first asked for. */
export function sourcesOf(review: Review): (path: string) => Source | undefined {
  const texts = new Map(review.scripts.map(({ script }) => [script.path, script.text]))
  const sources = new Map<string, Source>()
  return (path) => {
    const text = texts.get(path)
    // A review read from its report has no texts.
    if (!text) return undefined
    const source = sources.get(path) ?? readSource(text)
    sources.set(path, source)
    return source
  }
}

export function readSource(text: string): Source {
  let at = text.startsWith('\uFEFF') ? 3 : 0
  const lines = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => {
      const startByte = at
      const bytes = Buffer.byteLength(line)
      at += bytes + 1
      return { text: line.endsWith('\r') ? line.slice(0, -1) : line, startByte, bytes, ascii: bytes === line.length }
    })
  return { lines }
}

/** Where a finding stands. Without columns when its file is not one of the scripts, or its bytes are not on its lines. */
export function regionOf(finding: Finding, source: Source | undefined): Region {
  const lines = { startLine: Math.max(1, finding.line), endLine: Math.max(1, finding.line, finding.endLine) }
  const first = source?.lines[lines.startLine - 1]
  const last = source?.lines[lines.endLine - 1]
  if (!first || !last || finding.endByte <= finding.startByte) return lines
  const start = columnAt(first, finding.startByte)
  const end = columnAt(last, finding.endByte)
  return start === undefined || end === undefined ? lines : { ...lines, startColumn: start, endColumn: end }
}

/** The one-based column of a byte offset, or undefined when it is not on the line. */
function columnAt(line: SourceLine, byte: number): number | undefined {
  const offset = byte - line.startByte
  if (offset < 0 || offset > line.bytes) return undefined
  // A line of ASCII can be a dump of megabytes with a thousand findings: it is not copied for each.
  return (line.ascii ? Math.min(offset, line.text.length) : Buffer.from(line.text).subarray(0, offset).toString().length) + 1
}
