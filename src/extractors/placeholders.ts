import { replaceSpans, type Span } from './positions.ts'

/** Words that steer a Go template or include another, rather than give a value. */
const STEERS = /^(if|else|end|range|with|define|block|template|include|install_snapshot|\/\*|\$\w+\s*:?=)/

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
  const found = [...sql.matchAll(/\$\{([^}\s]{1,200})\}/g)].map((match) => ({
    written: match[0],
    name: match[1] ?? '',
    start: match.index,
    end: match.index + match[0].length,
  }))
  const ours = within ? inside(found, within) : found
  const replacements = ours.map((match) => ({ ...match, value: valueFor(match.written, match.name, sql, match, values) }))
  const notes = new Set(replacements.map(({ written, value }) => `\`${written}\` is a placeholder, read as \`${value}\``))
  return { sql: replaceSpans(sql, replacements), notes: shortened(notes) }
}

/** Those that lie in one of the spans; both are in order. */
function inside<Part extends Span>(found: readonly Part[], spans: readonly Span[]): Part[] {
  let at = 0
  return found.filter(({ start, end }) => {
    while ((spans[at]?.end ?? Number.POSITIVE_INFINITY) < end) at++
    return (spans[at]?.start ?? Number.POSITIVE_INFINITY) <= start
  })
}

const MAX_NOTES = 20

function shortened(notes: ReadonlySet<string>): string[] {
  const some = [...notes].slice(0, MAX_NOTES)
  return notes.size > MAX_NOTES ? [...some, `and ${notes.size - MAX_NOTES} more placeholders`] : some
}

function valueFor(written: string, inner: string, sql: string, span: Span, values: ReadonlyMap<string, string>): string {
  const [name = '', fallback] = inner.split(/:-(.*)/s)
  const known = values.get(name.toLowerCase()) ?? fallback
  const quoted = isQuoted(sql, span)
  if (known !== undefined && /^[\x20-\x7e]*$/.test(known)) {
    if (quoted ? known.length === written.length : known.length <= written.length) return known
  }
  const isSchema = /schema/i.test(name) || /^\s*\./.test(sql.slice(span.end, span.end + 8))
  if (isSchema && !quoted && !/\w/.test(sql.charAt(span.start - 1)) && written.length >= 'public'.length) return 'public'
  return asIdentifier(written)
}

/** Padding would become part of a quoted name or text. Judged by the quotes before it on its line. */
function isQuoted(sql: string, span: Span): boolean {
  const before =
    sql
      .slice(Math.max(0, span.start - 1000), span.start)
      .split('\n')
      .at(-1) ?? ''
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
  const replacements = [...sql.matchAll(/\{\{([^{}\n]{0,1000})\}\}/g)].map((match) => {
    const inner = (match[1] ?? '').replace(/^-?\s+/, '').trim()
    const steers = STEERS.test(inner)
    const value = steers ? '' : asIdentifier(match[0])
    const included = /^(?:template|include|install_snapshot)\s+"([^"]+)"/.exec(inner)?.[1]
    if (included) notes.add(`\`${included}\` is included here and was not read`)
    else if (!inner.startsWith('/*')) notes.add(`\`${match[0]}\` is a template${steers ? ' and was left out' : `, read as \`${value}\``}`)
    return { start: match.index, end: match.index + match[0].length, value }
  })
  return { sql: replaceSpans(sql, replacements), notes: shortened(notes) }
}
