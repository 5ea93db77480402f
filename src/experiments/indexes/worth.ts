import type { Candidate } from './candidate.ts'
import type { Screen, ScreenedPlan } from './screen.ts'

/** What a set of indexes is worth: the lower its price, the better. */
export interface Worth {
  /** Cost of the queries, the size of the indexes and how many they are, in one number. */
  price(ids: readonly string[], plans: readonly ScreenedPlan[]): number
  /** Of the cost without new indexes, 0 to 1. */
  share(plans: readonly ScreenedPlan[]): number
}

/** Indexes as large as all tables of the workload have to save so much of its cost. */
const SIZE_WEIGHT = 0.03
/** An index has to save so much of the cost of one query of a workload in which all cost the same, whatever its size. */
const COUNT_WEIGHT = 0.025

/** A plan that reads so little, some five pages anywhere, serves its query: no index is worth making it cheaper still. */
const SERVED_COST = 20

/**
 * Costs count half as they add up and half query by query, each beside its cost without new indexes: else one expensive query would
 * decide about all. The sizes and numbers of indexes keep the set small.
 */
export function newWorth(
  { candidates, screen }: { candidates: ReadonlyArray<readonly Candidate[]>; screen: Screen },
  start: readonly ScreenedPlan[],
): Worth {
  const planned = start.filter(({ cost }) => cost > 0).length
  const total = start.reduce((sum, { cost }) => sum + counted(cost), 0)
  const tableBytes = [...new Set(candidates.flat().map(({ table }) => table))].reduce((sum, { bytes }) => sum + bytes, 0)
  const share = (plans: readonly ScreenedPlan[]): number =>
    plans.reduce((sum, { cost }, index) => {
      const before = start[index]?.cost ?? 0
      return before > 0 ? sum + (0.5 * counted(cost)) / total + (0.5 * counted(cost)) / (counted(before) * planned) : sum
    }, 0)
  return {
    share,
    price(ids, plans) {
      const bytes = ids.reduce((sum, id) => sum + (screen.bytes.get(id) ?? 0), 0)
      return (
        share(plans) +
        (SIZE_WEIGHT * bytes) / Math.max(1, tableBytes) +
        (COUNT_WEIGHT * ids.reduce((sum, id) => sum + complexityOf(id), 0)) / Math.max(1, planned)
      )
    },
  }
}

function counted(cost: number): number {
  return Math.max(cost, SERVED_COST)
}

/** A partial index serves a query only as long as that has the same literal, and one that stores columns only as long as it needs no others. */
function complexityOf(id: string): number {
  return 1 + (/\) where /.test(id) ? 0.5 : 0) + (/\) include \(/.test(id) ? 0.25 : 0)
}
