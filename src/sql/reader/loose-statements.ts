/** Fishes SQL statements out of a PL/pgSQL body that its parser refuses, by the words commands begin with. */
import type { Held } from './bodies.ts'
import { meaningfulTokens, type Token, wordOf } from './lexer.ts'

const COMMANDS = new Set([
  'alter',
  'analyze',
  'cluster',
  'comment',
  'copy',
  'create',
  'delete',
  'drop',
  'execute',
  'grant',
  'insert',
  'lock',
  'merge',
  'perform',
  'refresh',
  'reindex',
  'revoke',
  'select',
  'set',
  'truncate',
  'update',
  'vacuum',
  'with',
])
/** What a statement of PL/pgSQL may follow without a semicolon between. */
const OPENERS = new Set(['begin', 'then', 'else', 'loop'])

export function looseStatements(body: string): Held[] {
  const held: Held[] = []
  let start: Token | undefined
  let previous = ';'
  for (const token of meaningfulTokens(body)) {
    const word = wordOf(body, token)
    if (!start && COMMANDS.has(word) && (previous === ';' || OPENERS.has(previous))) start = token
    if (start && word === ';') {
      held.push(heldFrom(body, start, token.start))
      start = undefined
    }
    previous = word
  }
  return held
}

function heldFrom(body: string, first: Token, end: number): Held {
  const rest = body.slice(first.end, end)
  switch (wordOf(body, first)) {
    case 'perform':
      return { sql: `select${rest}` }
    case 'execute':
      return { dynamic: rest.replace(/\s(?:into|using)\s.*$/is, '') }
    default:
      return { sql: body.slice(first.start, end) }
  }
}
