/** What the readers of single nodes pass each other. */
import type { ColumnWords, ConstraintWords, IndexWords, TableWords } from '../operation.ts'
import type { Names } from './names.ts'
import type { Node } from './parser.ts'
import type { Source } from './source.ts'

/** An operation before the session adds settings and transaction: what one node says by itself. */
export interface Draft {
  action: string
  /** Only where it differs from the statement's own kind: in a body. */
  statement?: string
  table?: TableWords
  column?: ColumnWords
  constraint?: ConstraintWords
  index?: IndexWords
  inside?: 'do' | 'function'
  [word: string]: unknown
}

/** What a reader needs besides its node. */
export interface Reading {
  names: Names
  source: Source
  /** Reads a statement inside another. */
  read: Reader
}

/** `kind`: the command, in lower-case words. */
export interface Command {
  kind: string
  drafts: Draft[]
}

export type Reader = (node: Node, reading: Reading) => Command

/** A command of one operation named as the command itself. */
export function single(action: string, words: Omit<Draft, 'action'> = {}): Command {
  return { kind: action, drafts: [{ action, ...words }] }
}
