/**
 * The condition language of a rule's `when`: any, after, same, different, not, over, under, starts, ends, unset.
 * Ten words on purpose; a rule that needs another is a detector. There are no regular expressions, so a rule from
 * a stranger's repository cannot hang a review.
 */

import { ACTIONS } from '../sql/actions.ts'
import type { Operation } from '../sql/operation.ts'
import { COMMON_WORDS, DETAIL_WORDS } from '../sql/words.ts'

export type Condition = { [pathOrWord: string]: unknown }

/** What is known of the server, beside the operation. */
export interface Server {
  postgres: number
}

/** Does the operation meet the condition, given the operations around it? */
export function meets(condition: Condition, operation: Operation, all: readonly Operation[], server: Server): boolean {
  return Object.entries(condition).every(([key, wanted]) => {
    if (key === 'any') return (wanted as Condition[]).some((one) => meets(one, operation, all, server))
    if (key === 'after') return all.some((earlier) => isBefore(earlier, operation, wanted as Condition, all, server))
    return fits(wanted, key === 'postgres' ? server.postgres : wordAt(operation, key))
  })
}

/** `after`: an earlier operation of the same transaction meets the rest, with the `same` or `different` values. */
function isBefore(earlier: Operation, operation: Operation, condition: Condition, all: readonly Operation[], server: Server): boolean {
  const { same = [], different = [], ...rest } = condition as { same?: string[]; different?: string[] }
  const equal = (path: string) => wordAt(earlier, path) === wordAt(operation, path)
  return (
    earlier.number < operation.number &&
    earlier.transaction.number === operation.transaction.number &&
    same.every((path) => wordAt(earlier, path) !== undefined && equal(path)) &&
    different.every((path) => wordAt(operation, path) !== undefined && !equal(path)) &&
    meets(rest, earlier, all, server)
  )
}

/** A list is met by any of its members, and a word that holds a list by any of its own. */
function fits(wanted: unknown, value: unknown): boolean {
  if (Array.isArray(wanted)) return wanted.some((one) => fits(one, value))
  if (wanted === 'unset') return value === undefined
  if (Array.isArray(value) && !isTest(wanted, 'not')) return value.some((one) => fits(wanted, one))
  if (wanted === null || typeof wanted !== 'object') return (value ?? false) === wanted
  return Object.entries(wanted).every(([word, argument]) => fitsWord(word, argument, value))
}

function fitsWord(word: string, argument: unknown, value: unknown): boolean {
  switch (word) {
    case 'not':
      return !fits(argument, value)
    case 'over':
      return value !== undefined && Number(value) > Number(argument)
    case 'under':
      return value !== undefined && Number(value) < Number(argument)
    case 'starts':
      return String(value ?? '')
        .toLowerCase()
        .startsWith(String(argument).toLowerCase())
    case 'ends':
      return String(value ?? '')
        .toLowerCase()
        .endsWith(String(argument).toLowerCase())
    default:
      throw new Error(`unknown word \`${word}\` in a condition`)
  }
}

function isTest(wanted: unknown, word: string): boolean {
  return wanted !== null && typeof wanted === 'object' && word in wanted
}

/** The value at a dotted path of an operation; undefined where the path leads nowhere. */
export function wordAt(operation: object, path: string): unknown {
  if (!path.includes('.')) return (operation as Record<string, unknown>)[path]
  return path.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], operation)
}

const TESTS = new Set(['not', 'over', 'under', 'starts', 'ends'])

/** The mistakes in a condition: words nobody knows, actions the reader never reports. Empty when it is sound. */
export function faultsOf(condition: Condition): string[] {
  const own = new Set(actionsOf(condition).flatMap((action) => Object.keys(ACTIONS[action] ?? {})))
  return Object.entries(condition).flatMap(([key, wanted]) => {
    if (key === 'any') return (wanted as Condition[]).flatMap((one) => faultsOf({ action: condition.action, ...one }))
    if (key === 'after') {
      const { same = [], different = [], ...rest } = wanted as { same?: string[]; different?: string[] }
      return [...faultsOf(rest), ...[...same, ...different].filter((path) => !isWord(path, own)).map((path) => `\`${path}\` is no word`)]
    }
    if (key === 'action')
      return actionsOf(condition)
        .filter((action) => !ACTIONS[action])
        .map((action) => `\`${action}\` is no action`)
    return [
      ...(isWord(key, own) ? [] : [`\`${key}\` is no word of ${actionsOf(condition).join(', ') || 'an operation'}`]),
      ...testFaults(wanted),
    ]
  })
}

function testFaults(wanted: unknown): string[] {
  if (wanted === null || typeof wanted !== 'object' || Array.isArray(wanted)) return []
  return Object.keys(wanted)
    .filter((word) => !TESTS.has(word))
    .map((word) => `\`${word}\` is no test: use ${[...TESTS].join(', ')}`)
}

/** The actions a condition is about; empty when it is about any. */
export function actionsOf({ action }: Condition): readonly string[] {
  if (Array.isArray(action)) return action as string[]
  return typeof action === 'string' ? [action] : ANY
}

const ANY: readonly string[] = []

function isWord(path: string, own: ReadonlySet<string>): boolean {
  return path in COMMON_WORDS || path in DETAIL_WORDS || own.has(path) || path.startsWith('settings.')
}
