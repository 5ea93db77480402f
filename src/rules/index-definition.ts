/** What `pg_get_indexdef` says of an index: its keys as written, lower case, and the columns of INCLUDE. */
export function partsOf(definition: string): { keys: string[]; include: string[] } {
  const start = definition.indexOf('(', definition.indexOf(' USING '))
  const keys = listAt(definition, start)
  const including = definition.indexOf(' INCLUDE (', keys.end)
  return {
    keys: keys.items.map((one) => one.toLowerCase()),
    include: including < 0 ? [] : listAt(definition, including + ' INCLUDE '.length).items,
  }
}

/** The items of the parenthesised list that starts here, split at its own commas only. */
function listAt(text: string, start: number): { items: string[]; end: number } {
  const cuts = [start]
  let depth = 0
  let at = start
  for (; at < text.length; at += 1) {
    const letter = text[at]
    if (letter === '"' || letter === "'") at = closing(text, at)
    if (letter === '(') depth += 1
    if (letter === ')') depth -= 1
    if (depth === 0) break
    if (letter === ',' && depth === 1) cuts.push(at)
  }
  return { items: cuts.map((cut, index) => text.slice(cut + 1, cuts[index + 1] ?? at).trim()), end: at }
}

/** Where the quote that opens here closes; a doubled one opens again right away. */
function closing(text: string, open: number): number {
  const end = text.indexOf(text[open] ?? '', open + 1)
  return end < 0 ? text.length : end
}
