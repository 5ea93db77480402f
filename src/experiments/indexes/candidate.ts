import { quoteIdentifier } from '../../sql/identifier.ts'
import type { PlanCondition, SortKey } from '../../sql/reader/plan-conditions.ts'
import { sqlNameOf, type TableFacts } from './table-facts.ts'

/** An index that could be made. */
export interface Candidate {
  table: TableFacts
  method: 'btree' | 'gin'
  keys: CandidateKey[]
  /** Columns that are stored and no part of the key. */
  include: string[]
  /** Predicate of a partial index. */
  where: string | null
  /** Extension that it takes. */
  requires: string | null
}

interface CandidateKey {
  /** As CREATE INDEX has it: `"createdAt"`, `lower(email)`. */
  sql: string
  columns: string[]
  /** `desc`, `desc nulls last`, `nulls first`; empty for the usual order. */
  order: string
  operatorClass: string
}

/** What follows ON: equal for equal indexes. */
export function bodyOf({ method, keys, include, where }: Omit<Candidate, 'table'>): string {
  const listed = keys.map(({ sql, operatorClass, order }) => [sql, operatorClass, order].filter(Boolean).join(' ')).join(', ')
  const stored = include.length > 0 ? ` include (${include.map(quoteIdentifier).join(', ')})` : ''
  return `${method === 'btree' ? '' : `using ${method} `}(${listed})${stored}${where === null ? '' : ` where ${where}`}`
}

/** Names the candidate among all. */
export function idOf(candidate: Candidate): string {
  return `${sqlNameOf(candidate.table)}\0${bodyOf(candidate)}`
}

/** The table of a candidate, as SQL. */
export function tableOfId(id: string): string {
  return id.slice(0, id.indexOf('\0'))
}

export function keyOfSort({ key, isDescending, nullsFirst }: SortKey, reversed = false): CandidateKey {
  const descending = isDescending !== reversed
  const first = nullsFirst !== reversed
  const order = [descending ? 'desc' : '', first === descending ? '' : first ? 'nulls first' : 'nulls last'].filter(Boolean).join(' ')
  return { sql: key.sql, columns: key.columns, order, operatorClass: '' }
}

export function keysOfCondition({ keys, comparison }: PlanCondition): CandidateKey[] {
  return keys.map(({ sql, columns }) => ({ sql, columns, order: '', operatorClass: comparison === 'prefix' ? 'text_pattern_ops' : '' }))
}
