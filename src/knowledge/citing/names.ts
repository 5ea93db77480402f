/** What a sentence is about by name: another setting, lock mode, command or number makes another statement, however alike the rest is. */
import { STOP_WORDS } from '../search/stop-words.ts'

const MODES = 'access share|row share|row exclusive|share update exclusive|share row exclusive|access exclusive|exclusive|share'
const MODE_IN_CAPITALS = new RegExp(`\\b(?:${MODES.toUpperCase()})\\b`, 'g')
const MODE_OF_LOCK = new RegExp(`\\b(?:${MODES})(?=[ -]locks?\\b)`, 'gi')
/** `work_mem`, `pg_stat_activity`. */
const IDENTIFIER = /\b[a-z]\w*_\w+\b/g
/** `VALIDATE CONSTRAINT`, `SERIALIZABLE`. */
const CAPITALS = /\b[A-Z]{2,}(?: [A-Z]{2,})*\b/g
const NUMBER = /\b\d+(?:\.\d+)?\b/g

/** What the claim names, and neither the quote nor the names above it do. */
export function missingNames(claim: string, quote: string, above: string): string[] {
  const [modes, quoted] = [lockModes(claim), lockModes(quote)]
  const numbers = claim.match(NUMBER) ?? []
  const identifiers = claim.match(IDENTIFIER) ?? []
  const commands = claim.replace(MODE_IN_CAPITALS, ' ').match(CAPITALS) ?? []
  return [
    ...[...modes].filter((mode) => !quoted.has(mode)),
    ...numbers.filter((number) => !has(quote, number)),
    ...identifiers.filter((name) => !has(quote, name) && !has(above, name)),
    ...commands.filter((command) => !isNamed(command, quote, above)),
  ]
}

function lockModes(text: string): ReadonlySet<string> {
  return new Set([...(text.match(MODE_IN_CAPITALS) ?? []), ...(text.match(MODE_OF_LOCK) ?? [])].map((mode) => mode.toLowerCase()))
}

/** `validate the partition constraint` is no VALIDATE CONSTRAINT: the words of a command stand together, or in capitals. */
function isNamed(command: string, quote: string, above: string): boolean {
  const words = command.split(' ').filter((word) => !STOP_WORDS.has(word.toLowerCase()))
  const [only = '', ...more] = words
  if (more.length === 0)
    return only === '' || quote.toLowerCase().includes(only.toLowerCase()) || above.toLowerCase().includes(only.toLowerCase())
  return quote.toLowerCase().includes(command.toLowerCase()) || words.every((word) => has(quote, word) || has(above, word))
}

function has(text: string, name: string): boolean {
  return new RegExp(`(?<![\\w.])${name.replaceAll(/[.$]/g, '\\$&')}(?![\\w]|\\.\\d)`).test(text)
}
