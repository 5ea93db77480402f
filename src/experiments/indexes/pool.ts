import { type Candidate, idOf } from './candidate.ts'
import { mergesOf } from './merge.ts'
import type { Screen, ScreenedPlan } from './screen.ts'
import type { SearchInput } from './search.ts'
import type { WorkloadQuery } from './workload.ts'

/** What a set of indexes is chosen from. */
export interface Pool {
  candidates: Map<string, Candidate>
  /** Sets that the planner uses together. */
  bundles: string[][]
}

/** How many single indexes of each query go on to be combined: the best, and the best for their size. */
const BEST = 6
/** A query that all its indexes together make cheaper by less is left as it is. */
const LEAST_GAIN = 0.01

/** What each query would have alone, and indexes that do the work of two of those. */
export async function poolOf(input: SearchInput, before: readonly ScreenedPlan[]): Promise<Pool> {
  const { queries, candidates, screen, until, progress } = input
  const pool: Pool = { candidates: new Map(), bundles: [] }
  const known = new Map(candidates.flat().map((one) => [idOf(one), one]))
  for (const [index, query] of queries.entries()) {
    if (performance.now() > until) break
    const own = [...new Set((candidates[index] ?? []).map(idOf))].filter((id) => screen.bytes.has(id))
    progress(`query ${index + 1} of ${queries.length}: ${own.length} indexes`)
    const { together, singles } = await bestAlone(query, own, before[index]?.cost ?? 0, screen, until)
    if (together.length > 1) pool.bundles.push(together)
    for (const id of [...together, ...singles]) {
      const candidate = known.get(id)
      if (candidate) pool.candidates.set(id, candidate)
    }
  }
  const merged = mergesOf([...pool.candidates.values()])
  await screen.take([...pool.candidates.values(), ...merged])
  for (const one of merged) pool.candidates.set(idOf(one), one)
  for (const id of [...pool.candidates.keys()]) if (!screen.bytes.has(id)) pool.candidates.delete(id)
  return pool
}

/** Those that the planner takes when all are there, and the best single ones. */
async function bestAlone(
  query: WorkloadQuery,
  own: readonly string[],
  now: number,
  screen: Screen,
  until: number,
): Promise<{ together: string[]; singles: string[] }> {
  if (own.length === 0 || now === 0) return { together: [], singles: [] }
  await screen.focus(own)
  const [together] = await screen.costs([query], own)
  if (!together || together.cost > now * (1 - LEAST_GAIN)) return { together: [], singles: [] }
  const gains: Array<{ id: string; gain: number; score: number }> = []
  for (const id of own) {
    if (performance.now() > until) break
    const [alone] = await screen.costs([query], [id])
    const gain = now - (alone?.cost ?? now)
    if (gain > now * LEAST_GAIN) gains.push({ id, gain, score: gain / Math.sqrt((screen.bytes.get(id) ?? 0) + 8192) })
  }
  const best = gains.toSorted((a, b) => b.gain - a.gain).slice(0, BEST)
  const forSize = gains.toSorted((a, b) => b.score - a.score).slice(0, BEST)
  return { together: together.used, singles: [...best, ...forSize].map(({ id }) => id) }
}
