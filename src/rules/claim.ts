import type { Catalog } from '../sql/catalog.ts'
import type { Operation } from '../sql/operation.ts'
import type { Statement } from '../sql/statement.ts'
import type { Rule } from './rule.ts'

/** What a rule says of one place in a change. A verdict comes later, and may refute it. */
export interface Claim {
  rule: Rule
  statement: Statement
  operation: Operation
  message: string
  /** What it costs in production. */
  why: string
  fix?: ClaimFix
}

export interface ClaimFix {
  text: string
  /** The statement rewritten by splicing words into its source. */
  replacement?: string
  steps?: string[]
}

/** What a detector may look at: one script, and what is known around it. */
export interface Scene {
  /** In the order they run. */
  statements: readonly Statement[]
  /** The same with what stands in the bodies of functions, where any has one. */
  written?: readonly Statement[]
  postgres: number
  /** What the database holds before the script and after it; undefined without a clone. */
  before: Catalog | undefined
  after: Catalog | undefined
}

/** One place a detector points at, with values for the message's placeholders beside the operation's own words. */
export interface Sighting {
  statement: Statement
  operation: Operation
  values?: Record<string, unknown>
  /** A fix for this one place; stands for the rule's own steps and splice. */
  steps?: string[]
}

/** Finds places that a condition over one operation cannot: it counts, compares statements or reads the catalog. */
export type Detector = (scene: Scene) => Sighting[]
