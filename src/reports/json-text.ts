import { toUSVString } from 'node:util'

/** JSON that every parser reads: half of a surrogate pair, which a file read as UTF-16 can leave, becomes U+FFFD. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? toUSVString(item) : item), 2)}\n`
}
