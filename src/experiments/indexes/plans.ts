import { type Candidate, tableOfId } from './candidate.ts'
import type { Screen, ScreenedPlan } from './screen.ts'
import { sqlNameOf } from './table-facts.ts'
import type { WorkloadQuery } from './workload.ts'

/** Plans of a workload's queries with different sets of indexes, each asked for once. */
export interface Plans {
  /** Of all queries. */
  all(ids: readonly string[]): Promise<ScreenedPlan[]>
  /** Of some, by their positions; the others' are taken from `known`. */
  some(ids: readonly string[], known: readonly ScreenedPlan[], positions: readonly number[]): Promise<ScreenedPlan[]>
  /** Positions of the queries that could use one of these indexes: one of their own begins with the same key. */
  concerned(added: readonly Candidate[]): number[]
}

const NONE: ScreenedPlan = { cost: 0, used: [] }

export function newPlans({
  queries,
  candidates,
  screen,
}: {
  queries: readonly WorkloadQuery[]
  candidates: ReadonlyArray<readonly Candidate[]>
  screen: Screen
}): Plans {
  const tables = candidates.map((own) => new Set(own.map(({ table }) => sqlNameOf(table))))
  const firstKeys = candidates.map((own) => new Set(own.map(firstKeyOf)))
  const known = new Map<string, ScreenedPlan>()
  const plan = async (ids: readonly string[], positions: readonly number[]): Promise<Map<number, ScreenedPlan>> => {
    const keys = new Map(
      positions.map((position) => [
        position,
        `${position} ${ids
          .filter((id) => tables[position]?.has(tableOfId(id)))
          .sort()
          .join('\n')}`,
      ]),
    )
    const missing = positions.filter((position) => !known.has(keys.get(position) ?? ''))
    const asked = missing.flatMap((position) => queries[position] ?? [])
    const plans = asked.length === 0 ? [] : await screen.costs(asked, ids)
    for (const [index, position] of missing.entries()) known.set(keys.get(position) ?? '', plans[index] ?? NONE)
    return new Map(positions.map((position) => [position, known.get(keys.get(position) ?? '') ?? NONE]))
  }
  const positionsOfAll = queries.map((_, position) => position)
  return {
    all: async (ids) => [...(await plan(ids, positionsOfAll)).values()],
    async some(ids, before, positions) {
      const now = await plan(ids, positions)
      return before.map((one, position) => now.get(position) ?? one)
    },
    concerned: (added) => positionsOfAll.filter((position) => added.some((one) => firstKeys[position]?.has(firstKeyOf(one)))),
  }
}

/** Table and first key, without order and operator class. */
function firstKeyOf({ table, keys }: Candidate): string {
  return `${sqlNameOf(table)}\0${keys[0]?.sql}`
}
