import { replaceSpan, type Span } from './positions.ts'

export interface Filled {
  sql: string
  /** One for each different placeholder. */
  notes: string[]
}

/**
 * Fills `${name}` with something of the same length that can stand where a name stands: the configured value where it
 * fits, `public` for what looks like a schema, else an identifier made of its letters.
 */
export function fillDollarBraces(sql: string, values: ReadonlyMap<string, string> = new Map(), within?: readonly Span[]): Filled {
  const notes = new Set<string>()
  let filled = sql
  for (const match of sql.matchAll(/\$\{([^}\s]+)\}/g)) {
    const span = { start: match.index, end: match.index + match[0].length }
    if (within && !within.some((part) => part.start <= span.start && span.end <= part.end)) continue
    const value = valueFor(match[0], match[1] ?? '', sql, span, values)
    const next = replaceSpan(filled, span, value)
    if (next !== filled) notes.add(`\`${match[0]}\` is a placeholder, read as \`${value}\``)
    filled = next
  }
  return { sql: filled, notes: [...notes] }
}

function valueFor(written: string, inner: string, sql: string, span: Span, values: ReadonlyMap<string, string>): string {
  const [name = '', fallback] = inner.split(/:-(.*)/s)
  const known = values.get(name.toLowerCase()) ?? fallback
  const quoted = isQuoted(sql, span)
  if (known !== undefined && /^[\x20-\x7e]*$/.test(known)) {
    if (quoted ? known.length === written.length : known.length <= written.length) return known
  }
  const isSchema = /schema/i.test(name) || /^\s*\./.test(sql.slice(span.end, span.end + 8))
  if (isSchema && !quoted && !/\w$/.test(sql.slice(0, span.start)) && written.length >= 'public'.length) return 'public'
  return asIdentifier(written)
}

/** Padding would become part of a quoted name or text. Judged by the quotes before it on its line. */
function isQuoted(sql: string, span: Span): boolean {
  const before = sql.slice(sql.lastIndexOf('\n', span.start - 1) + 1, span.start)
  return ["'", '"'].some((quote) => (before.split(quote).length - 1) % 2 === 1)
}

function asIdentifier(written: string): string {
  return `p${written.slice(1).replace(/\W/g, '_')}`
}

/**
 * Fills Go templates: `{{ .name }}` becomes an identifier of the same length; what steers or includes (`if`, `range`,
 * `template`, comments) is blanked, both branches of an `if` stay.
 */
export function fillGoTemplates(sql: string): Filled {
  const notes = new Set<string>()
  let filled = sql
  for (const match of sql.matchAll(/\{\{-?\s*([\s\S]*?)\s*-?\}\}/g)) {
    const inner = match[1] ?? ''
    const steers =
      /^(if|else|end|range|with|define|block|template|include|install_snapshot|\/\*|\$\w+\s*:?=)/.test(inner) || match[0].includes('\n')
    const value = steers ? '' : asIdentifier(match[0])
    const blanked = steers ? match[0].replace(/[^\r\n]/g, ' ') : value
    filled = replaceSpan(filled, { start: match.index, end: match.index + match[0].length }, blanked)
    const included = /^(?:template|include|install_snapshot)\s+"([^"]+)"/.exec(inner)?.[1]
    if (included) notes.add(`\`${included}\` is included here and was not read`)
    else if (!inner.startsWith('/*')) notes.add(`\`${match[0]}\` is a template${steers ? ' and was left out' : `, read as \`${value}\``}`)
  }
  return { sql: filled, notes: [...notes] }
}
