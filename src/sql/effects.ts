/**
 * What a statement does to the database, beyond its result. `sql/` predicts effects, the `effects`
 * experiment measures them, and both use these words, so the two can be compared.
 */
export interface Effects {
  /** One entry a relation: the strongest lock taken on it. A relation the statement itself creates is left out. */
  locks: RelationLock[]
  /** Tables (`schema.name`) that existed before the script and get a new file. */
  rewrites: string[]
  /** Tables that existed before the script and are read from end to end to check or build something. */
  scans: string[]
  /** Indexes built, those that a rewrite rebuilds included. */
  builds: IndexBuild[]
}

export interface RelationLock {
  /** Schema-qualified, unquoted: `public.orders`. */
  relation: string
  kind: RelationKind
  mode: LockMode
  /** Did the relation exist when the script began? */
  existed: boolean
}

/** `table` is also a partitioned table, a materialized view and a foreign table. */
export type RelationKind = 'table' | 'index' | 'view' | 'sequence' | 'type' | 'other'

export interface IndexBuild {
  /** The index's name, without schema. */
  index: string
  /** `schema.name`. */
  table: string
  concurrently: boolean
  /** What the index enforces, when a constraint owns it. */
  constraint: 'primary key' | 'unique' | 'exclusion' | null
  /** Did the table exist when the script began? */
  existed: boolean
}

/** Lock modes as `pg_locks` writes them, weakest first: https://www.postgresql.org/docs/current/explicit-locking.html */
export const LOCK_MODES = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
] as const
export type LockMode = (typeof LOCK_MODES)[number]

/** Stronger, not equal. */
export function isStronger(mode: LockMode, other: LockMode): boolean {
  return LOCK_MODES.indexOf(mode) > LOCK_MODES.indexOf(other)
}

/** A new one each time: its lists are filled by whoever asks. */
export function noEffects(): Effects {
  return { locks: [], rewrites: [], scans: [], builds: [] }
}

/** `AccessExclusiveLock` in the manual's spelling: `ACCESS EXCLUSIVE`. */
export function lockName(mode: LockMode): string {
  return mode
    .replace(/Lock$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase()
}
