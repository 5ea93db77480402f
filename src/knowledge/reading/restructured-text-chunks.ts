/** Lines of reStructuredText, taken apart by their indentation. */
import { tableText } from './html-table.ts'

export type Chunk =
  | { kind: 'paragraph' | 'code' | 'table' | 'label'; text: string }
  | { kind: 'section'; text: string; style: string }
  | { kind: 'list'; items: Array<{ mark: string; body: Chunk[] }> }
  | { kind: 'entry'; terms: string[]; body: Chunk[] }

const UNDERLINE = /^([!-/:-@[-`{-~])\1{2,}\s*$/
const ITEM = /^(?:([-*+•])|(?:(\d{1,4}|#)[.)])) +(?=\S)/
const CODE = /^(code|code-block|sourcecode|parsed-literal|highlight|literal|prompt)$/
const SKIPPED =
  /^(toctree|contents|image|figure|include|literalinclude|raw|index|meta|highlight|only|tags|currentmodule|module|program|default-domain)$/
const NOTES = /^(note|warning|tip|important|caution|danger|attention|hint|seealso|admonition|deprecated|versionadded|versionchanged)$/
const ENTRIES = /^(option|confval|envvar|setting|cmdoption|describe|object|data|function|c:function|py:\w+|sql:\w+)$/
const MAX_NESTING = 40

/** In the order of the text. */
export function chunksOf(lines: readonly string[], depth = 0): Chunk[] {
  const chunks: Chunk[] = []
  let at = 0
  while (at < lines.length) {
    const line = lines[at] as string
    if (line.trim() === '') {
      at++
      continue
    }
    const taken =
      depth > MAX_NESTING ? undefined : (section(lines, at) ?? explicit(lines, at, depth) ?? table(lines, at) ?? list(lines, at, depth))
    const { chunks: found, next } = taken ?? definition(lines, at, depth) ?? paragraph(lines, at, depth)
    chunks.push(...found)
    at = next
  }
  return chunks
}

interface Taken {
  chunks: Chunk[]
  next: number
}

function section(lines: readonly string[], at: number): Taken | undefined {
  const [first = '', second = '', third = ''] = lines.slice(at, at + 3)
  if (UNDERLINE.test(first) && second.trim() !== '' && third.trim() === first.trim()) {
    return { chunks: [{ kind: 'section', text: second.trim(), style: `${first[0]}over` }], next: at + 3 }
  }
  if (/^\S/.test(first) && !UNDERLINE.test(first) && UNDERLINE.test(second) && second.trim().length >= Math.min(first.trim().length, 4)) {
    return { chunks: [{ kind: 'section', text: first.trim(), style: second[0] as string }], next: at + 2 }
  }
  return UNDERLINE.test(first) && second.trim() === '' ? { chunks: [], next: at + 1 } : undefined
}

/** Labels, directives and comments: all that begins with two dots. */
function explicit(lines: readonly string[], at: number, depth: number): Taken | undefined {
  const line = lines[at] as string
  if (!/^\.\.(\s|$)/.test(line)) return undefined
  const label = /^\.\. _`?([^`:]+)`?:\s*$/.exec(line)
  if (label) return { chunks: [{ kind: 'label', text: label[1] as string }], next: at + 1 }
  const { body, next } = indented(lines, at + 1)
  const directive = /^\.\. (?:\|[^|]+\| )?([\w:+.-]+)::\s*(.*)$/.exec(line)
  if (!directive) return { chunks: [], next }
  const [, name = '', argument = ''] = directive
  return { chunks: directiveChunks(name.toLowerCase(), argument.trim(), body, depth), next }
}

function directiveChunks(name: string, argument: string, body: string[], depth: number): Chunk[] {
  const options = body.findIndex((line) => line.trim() !== '' && !/^:[\w-]+:/.test(line))
  const content = options === -1 ? [] : body.slice(options)
  if (CODE.test(name)) return [{ kind: 'code', text: content.join('\n') }]
  if (SKIPPED.test(name)) return []
  if (/^(csv|list)-table$/.test(name)) return [{ kind: 'table', text: [argument, ...content].filter((line) => line !== '').join('\n') }]
  if (ENTRIES.test(name)) return [{ kind: 'entry', terms: [argument], body: chunksOf(content, depth + 1) }]
  if (!NOTES.test(name))
    return [...(argument === '' ? [] : [{ kind: 'paragraph' as const, text: argument }]), ...chunksOf(content, depth + 1)]
  const word = name === 'admonition' ? argument : `${name[0]?.toUpperCase()}${name.slice(1)}`
  const [first = '', ...rest] = name === 'admonition' ? content : [argument, ...content]
  return chunksOf([`${word}: ${first.trim()}`, ...rest], depth + 1)
}

/** Lines further in than `least`, moved to the left; empty ones between them stay. */
function indented(lines: readonly string[], from: number, least = 1): { body: string[]; next: number } {
  let next = from
  let end = from
  for (; next < lines.length; next++) {
    const line = lines[next] as string
    if (line.trim() === '') continue
    if (indentOf(line) < least) break
    end = next + 1
  }
  const body = lines.slice(from, end)
  const margin = body.reduce((least, line) => (line.trim() === '' ? least : Math.min(least, indentOf(line))), Number.POSITIVE_INFINITY)
  const first = body.findIndex((line) => line.trim() !== '')
  return { body: body.slice(Math.max(first, 0)).map((line) => line.slice(margin)), next: end }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function list(lines: readonly string[], at: number, depth: number): Taken | undefined {
  const items: Array<{ mark: string; body: Chunk[] }> = []
  let next = at
  for (;;) {
    while (items.length > 0 && next < lines.length && lines[next]?.trim() === '') next++
    const found = ITEM.exec(lines[next] ?? '')
    if (!found) break
    const width = found[0].length
    const { body, next: after } = indented(lines, next + 1, Math.min(width, 2))
    const first = (lines[next] as string).slice(width)
    const isEmptyAfter = (lines[next + 1] ?? '').trim() === ''
    items.push({
      mark: found[1] ? '- ' : `${found[2] === '#' ? items.length + 1 : found[2]}. `,
      body: chunksOf(isEmptyAfter ? [first, '', ...body] : [first, ...body], depth + 1),
    })
    next = after
  }
  return items.length > 0 ? { chunks: [{ kind: 'list', items }], next } : undefined
}

/** A line, and right below it lines further in. */
function definition(lines: readonly string[], at: number, depth: number): Taken | undefined {
  const [line = '', below = ''] = lines.slice(at, at + 2)
  if (depth > MAX_NESTING || indentOf(line) > 0 || indentOf(below) === 0 || below.trim() === '' || line.trim().endsWith('::'))
    return undefined
  const { body, next } = indented(lines, at + 1)
  return { chunks: [{ kind: 'entry', terms: [line.trim()], body: chunksOf(body, depth + 1) }], next }
}

/** Until an empty line; `::` at its end says that code follows. Lines further in after an empty one are a quotation. */
function paragraph(lines: readonly string[], at: number, depth: number): Taken {
  if (indentOf(lines[at] as string) > 0 && depth <= MAX_NESTING) {
    const { body, next } = indented(lines, at)
    return { chunks: chunksOf(body, depth + 1), next }
  }
  let next = at
  while (next < lines.length && lines[next]?.trim() !== '') next++
  const text = lines.slice(at, next).join('\n').trim()
  const chunks: Chunk[] = []
  if (!text.endsWith('::')) return { chunks: [{ kind: 'paragraph', text }], next }
  const words = text.slice(0, -2).trim()
  if (words !== '') chunks.push({ kind: 'paragraph', text: `${words}:` })
  const { body, next: after } = indented(lines, next)
  if (body.length > 0) chunks.push({ kind: 'code', text: body.join('\n') })
  return { chunks, next: Math.max(after, next) }
}

/** Drawn with `+---+` or `=== ===`. */
function table(lines: readonly string[], at: number): Taken | undefined {
  const line = lines[at] as string
  const isGrid = /^\+(?:[-=]+\+)+\s*$/.test(line)
  const isSimple = /^={2,}(?: +={2,})+\s*$/.test(line)
  if (!isGrid && !isSimple) return undefined
  let next = at
  let rules = 0
  while (next < lines.length) {
    const current = (lines[next] as string).trim()
    if (isGrid && !/^[+|]/.test(current)) break
    if (
      isSimple &&
      current === '' &&
      (rules >= 3 || (rules === 2 && !lines.slice(next, next + 200).some((later) => later.trim() === line.trim())))
    )
      break
    if (isSimple && current === line.trim()) rules++
    next++
  }
  const drawn = lines.slice(at, next)
  return { chunks: [{ kind: 'table', text: isGrid ? gridText(drawn) : simpleText(drawn, line) }], next }
}

function gridText(lines: readonly string[]): string {
  const rows: Array<{ head: boolean; title: null; cells: string[] }> = []
  let cells: string[] = []
  for (const line of lines) {
    if (line.startsWith('|')) {
      const parts = line
        .trim()
        .replace(/^\||\|$/g, '')
        .split('|')
      cells = parts.map((part, column) => `${cells[column] ?? ''} ${part.trim()}`.trim())
      continue
    }
    if (cells.length > 0) rows.push({ head: line.includes('='), title: null, cells })
    cells = []
  }
  return tableText(rows, '')
}

function simpleText(lines: readonly string[], rule: string): string {
  const starts = [...rule.matchAll(/=+/g)].map((run) => run.index)
  const rules = lines.flatMap((line, at) => (line.trim() === rule.trim() ? [at] : []))
  const headEnd = rules.length >= 3 ? (rules[1] as number) : 0
  const rows = lines.flatMap((line, at) => {
    if (line.trim() === '' || line.trim() === rule.trim()) return []
    return [{ head: at < headEnd, title: null, cells: starts.map((start, column) => line.slice(start, starts[column + 1]).trim()) }]
  })
  return tableText(rows, '')
}
