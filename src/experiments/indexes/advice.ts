import { bodyOf, type Candidate, idOf } from './candidate.ts'
import type { Screen } from './screen.ts'
import type { Search } from './search.ts'
import { sqlNameOf } from './table-facts.ts'
import type { Trial } from './trial.ts'
import type { WorkloadQuery } from './workload.ts'
import type { WriteCost } from './write-cost.ts'

/** Which indexes serve a workload. */
export interface IndexAdvice {
  /** How the candidates were compared: by plans at production's size, with HypoPG, or really built. */
  screening: Screen['how']
  /** Indexes that were compared. */
  considered: number
  indexes: AdvisedIndex[]
  /** Advised by the comparison and refuted by building them. */
  refuted: Array<{ statement: string; reason: string }>
  queries: AdvisedQuery[]
  /** Plan costs of all queries together. */
  costBefore: number
  costAfter: number
  /** What writing costs; empty where nothing was built. */
  writes: WriteCost[]
  /** Statements of which no plan is made. */
  refused: Array<{ line: number; reason: string }>
  /** Tables, as SQL, on which no index could be made. */
  unmade: Array<{ table: string; reason: string }>
  /** The time was up before everything was tried. */
  isCut: boolean
}

export interface AdvisedIndex {
  /** `create index concurrently on public.orders (customer, created_at)`. */
  statement: string
  /** What it needs first: `create extension pg_trgm`. */
  requires: string | null
  /** As SQL. */
  table: string
  /** Measured where it was built, else estimated. */
  bytes: number
  /** Milliseconds; null where it was not built. */
  buildMs: number | null
  /** Why it was not, where it was tried. */
  reason: string | null
  /** Lines of the queries whose plans take it. */
  serves: number[]
}

interface AdvisedQuery {
  /** One-based. */
  line: number
  costBefore: number
  costAfter: number
  /** Shared blocks that running it read, from the cache or not; null where it was not run. */
  blocksBefore: number | null
  blocksAfter: number | null
}

export interface Findings {
  queries: readonly WorkloadQuery[]
  refused: IndexAdvice['refused']
  search: Search
  screening: Screen['how']
  /** Indexes that were compared, and the bytes of those that were left at the end. */
  considered: number
  bytes: ReadonlyMap<string, number>
  unmade: IndexAdvice['unmade']
  /** Null where nothing was built. */
  trial: Trial | null
}

export function adviceOf({ queries, refused, search, screening, considered, bytes, unmade, trial }: Findings): IndexAdvice {
  const { chosen, before, after, isCut } = search
  const indexes = chosen.map((candidate) => {
    const built = trial?.built.get(idOf(candidate))
    const taken =
      built && built.reason === null ? built.taken : after.flatMap(({ used }, index) => (used.includes(idOf(candidate)) ? [index] : []))
    return {
      statement: statementOf(candidate),
      requires: candidate.requires === null ? null : `create extension if not exists ${candidate.requires}`,
      table: sqlNameOf(candidate.table),
      bytes: built?.bytes ?? bytes.get(idOf(candidate)) ?? 0,
      buildMs: built?.buildMs ?? null,
      reason: built?.reason ?? null,
      serves: taken.flatMap((index) => queries[index]?.line ?? []),
    }
  })
  const isUseless = ({ buildMs, serves }: AdvisedIndex): boolean => buildMs !== null && serves.length === 0
  const told = queries.map(({ line }, index) => {
    const run = trial?.runs[index]
    return {
      line,
      costBefore: run?.costBefore ?? before[index]?.cost ?? 0,
      costAfter: run?.costAfter ?? after[index]?.cost ?? 0,
      blocksBefore: run?.blocksBefore ?? null,
      blocksAfter: run?.blocksAfter ?? null,
    }
  })
  return {
    screening,
    considered,
    indexes: indexes.filter((one) => !isUseless(one)),
    refuted: indexes.filter(isUseless).map(({ statement }) => ({ statement, reason: 'once it was built no plan took it' })),
    queries: told,
    costBefore: told.reduce((sum, { costBefore }) => sum + costBefore, 0),
    costAfter: told.reduce((sum, { costAfter }) => sum + costAfter, 0),
    writes: trial?.writes ?? [],
    refused,
    unmade,
    isCut,
  }
}

/** CONCURRENTLY is not for partitioned tables. */
function statementOf(candidate: Candidate): string {
  return `create index ${candidate.table.isPartitioned ? '' : 'concurrently '}on ${sqlNameOf(candidate.table)} ${bodyOf(candidate)}`
}
