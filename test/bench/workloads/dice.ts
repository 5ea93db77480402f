/**
 * A SQL function that the rows are made with: `dice(n, 7, 100)` is 0 to 99, the same for the same `n` and purpose, and as good as random over
 * `n` and over the purposes.
 */
export const DICE = `CREATE FUNCTION dice(n bigint, purpose int, sides int) RETURNS int LANGUAGE sql IMMUTABLE
  RETURN ((hashint8extended(n, purpose) & 9223372036854775807) % sides)::int`

export const WITHOUT_DICE = 'DROP FUNCTION dice'

/** One of some words, as SQL. */
export function oneOf(words: readonly string[], n: string, purpose: number): string {
  return `(ARRAY[${words.map((word) => `'${word}'`).join(', ')}])[1 + dice(${n}, ${purpose}, ${words.length})]`
}

/** Several of some words, which may repeat, as SQL. */
export function severalOf(words: readonly string[], count: number, n: string, purpose: number): string {
  return Array.from({ length: count }, (_, place) => oneOf(words, n, purpose + place)).join(` || ' ' || `)
}
