import { LOCK_MODES, type LockMode, lockName } from './effects.ts'

/**
 * One thing a statement asks Postgres to do, in the words of SQL rather than of the parser.
 * Rules see nothing else. `words.ts` and `actions.ts` describe every word; docs/words.md is generated from them.
 */
export interface Operation {
  /** `create index`, `add column`, `set not null`, `update`: what is done. See actions.ts. */
  action: string
  /** The kind of the statement it belongs to. */
  statement: string
  /** The table (or view, sequence, index) it acts on. */
  table?: TableWords
  column?: ColumnWords
  constraint?: ConstraintWords
  index?: IndexWords
  /** `do` or `function` when the operation stands in a body rather than in the script itself. */
  inside?: 'do' | 'function'
  /** Settings in force when it runs, lower-case names: `{ lock_timeout: '2s' }`. */
  settings: Record<string, string>
  transaction: TransactionWords
  /** Zero-based index of its statement in the script. */
  number: number
  /** Predicted or measured effects on what existed before the change: see `effect-words.ts`. */
  lock: LockWords
  rewrites: boolean
  scans: boolean
  builds: boolean
  /** Words particular to one action: `concurrently`, `unique`, `where`, `cascade`. */
  [word: string]: unknown
}

/** The strongest lock on a table that existed before the change, spelled as in the manual, lower case; `none` without one. */
export type LockWords =
  | 'none'
  | 'access share'
  | 'row share'
  | 'row exclusive'
  | 'share update exclusive'
  | 'share'
  | 'share row exclusive'
  | 'exclusive'
  | 'access exclusive'

export interface TableWords {
  schema: string
  name: string
  /** `schema.name`, what `same:` compares. */
  key: string
  /** Created by this change, so nobody uses it yet. */
  new: boolean
}

export interface ColumnWords {
  name: string
  /** The type as the manual spells it, lower case, without modifiers: `integer`, `character varying`, `timestamp without time zone`. */
  type?: string
  /** Modifiers as written: `[10, 2]` of `numeric(10,2)`. */
  modifiers?: number[]
  array?: boolean
  /** The type with modifiers, as `format_type` writes it: `numeric(10,2)`, `timestamp(3) with time zone`, `text[]`. */
  fullType?: string
  /** COLLATE as written. */
  collation?: string
  nullable?: boolean
  serial?: boolean
  identity?: boolean
  /** How it is GENERATED. */
  identityKind?: 'always' | 'by default'
  generated?: 'stored' | 'virtual'
  default?: 'none' | 'constant' | 'stable' | 'volatile'
  /** The expression of DEFAULT as written. */
  defaultExpression?: string
  /** Functions it calls, as written, lower case: `now`, `public.next_id`. */
  defaultCalls?: string[]
  /** The expression of GENERATED ALWAYS AS (…) as written. */
  generatedExpression?: string
  primary?: boolean
  unique?: boolean
}

export interface ConstraintWords {
  name?: string
  type?: 'foreign key' | 'check' | 'unique' | 'primary key' | 'exclusion' | 'not null'
  /** false when NOT VALID. */
  valid?: boolean
  enforced?: boolean
  /** The index named by USING INDEX. */
  index?: string
  columns?: string[]
  references?: { table: TableWords; columns: string[] }
  onDelete?: string
  onUpdate?: string
  /** The columns of ON DELETE SET NULL (…). */
  onDeleteColumns?: string[]
  /** MATCH FULL. */
  match?: 'full'
  deferrable?: boolean
  initiallyDeferred?: boolean
  /** NO INHERIT. */
  noInherit?: boolean
  nullsNotDistinct?: boolean
  /** The index method of an EXCLUDE. */
  method?: string
  /** Written on the column rather than as a table constraint. */
  inline?: boolean
  expression?: string
}

export interface IndexWords {
  name?: string
  schema?: string
  method?: string
  /** Plain column names in order; an expression is `(…)`. */
  columns?: string[]
  include?: string[]
  predicate?: string
  expressions?: boolean
  /** Operator classes written, in the order of the keys, null where none is. */
  operatorClasses?: Array<string | null>
  /** Collations written, likewise. */
  collations?: Array<string | null>
  /** Directions that differ from the default, in the order of the keys: `desc`, `desc nulls last`. */
  orders?: Array<string | null>
  /** Names of the storage parameters set. */
  options?: string[]
  nullsNotDistinct?: boolean
}

export interface TransactionWords {
  /** Equal numbers share a transaction. */
  number: number
  /** `block`: BEGIN or the tool's own; `implicit`: one multi-statement query; `none`: alone. */
  mode: 'block' | 'implicit' | 'none'
  /** Whether the script itself wrote BEGIN. */
  explicit: boolean
}

/** `AccessExclusiveLock` as `access exclusive`. */
export function lockWords(mode: LockMode): LockWords {
  return lockName(mode).toLowerCase() as LockWords
}

/** Weakest first: a `LOCK` statement's own numbers count them so. */
export const LOCK_WORDS: readonly LockWords[] = ['none', ...LOCK_MODES.map(lockWords)]

/** Is the lock the other one or a stronger one? */
export function isAtLeast(lock: LockWords, other: LockWords): boolean {
  return LOCK_WORDS.indexOf(lock) >= LOCK_WORDS.indexOf(other)
}
