/** As much of a CHECK's text, as `pg_get_constraintdef` writes it, as proofs need. */

/** `CHECK ((a > 0)) NOT VALID` as `a > 0`. */
export function checkedExpression(definition: string): string {
  return unwrap(definition.replace(/^CHECK /, '').replace(/( NO INHERIT)?( NOT VALID)?( NOT ENFORCED)?$/, ''))
}

/** The parts an AND or OR at the top joins; the expression itself when there is none. Parts of parts likewise. */
export function partsOf(expression: string, operator: 'AND' | 'OR'): string[] {
  const parts = split(unwrap(expression), operator)
  return parts.length === 1 ? parts : parts.flatMap((part) => partsOf(part, operator))
}

/** Parentheses around the whole are taken off. */
export function unwrap(expression: string): string {
  const text = expression.trim().replace(/\s+/g, ' ')
  if (!text.startsWith('(') || !text.endsWith(')')) return text
  let depth = 0
  for (const [at, character] of characters(text)) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (depth === 0 && at < text.length - 1) return text
  }
  return unwrap(text.slice(1, -1))
}

function split(text: string, operator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (const [at, character] of characters(text)) {
    depth += character === '(' ? 1 : character === ')' ? -1 : 0
    if (depth === 0 && character === ' ' && text.slice(at, at + operator.length + 2).toUpperCase() === ` ${operator} `) {
      parts.push(unwrap(text.slice(start, at)))
      start = at + operator.length + 2
    }
  }
  return [...parts, unwrap(text.slice(start))]
}

/** The characters outside quotes, with their offsets. */
function* characters(text: string): Generator<[number, string]> {
  let quote = ''
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string
    if (quote) quote = character === quote ? '' : quote
    else if (character === "'" || character === '"') quote = character
    else yield [at, character]
  }
}

export function unquoteName(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}

/** `column IS NOT NULL` and `NOT (column IS NULL)` as the column. */
export function columnNotNull(expression: string): string | undefined {
  const direct = /^("(?:[^"]|"")+"|\w+) IS NOT NULL$/i.exec(unwrap(expression))?.[1]
  if (direct) return unquoteName(direct)
  const negated = /^NOT (.*)$/i.exec(unwrap(expression))?.[1]
  const inner = negated && /^("(?:[^"]|"")+"|\w+) IS NULL$/i.exec(unwrap(negated))?.[1]
  return inner ? unquoteName(inner) : undefined
}
