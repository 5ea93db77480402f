/** Entries of a short list in a sentence: notes, files not replayed, tables of an effect. */
export const LISTED = 4

/** `a, b, c and 12 more`. */
export function shortList(items: readonly string[], most: number = LISTED): string {
  const rest = items.length - most
  return rest > 0 ? `${items.slice(0, most).join(', ')} and ${rest} more` : items.join(', ')
}

/** `1 statement`, `2 statements`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
