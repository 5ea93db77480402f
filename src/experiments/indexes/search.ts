import { type Candidate, idOf, tableOfId } from './candidate.ts'
import { newPlans, type Plans } from './plans.ts'
import { type Pool, poolOf } from './pool.ts'
import type { Screen, ScreenedPlan } from './screen.ts'
import type { WorkloadQuery } from './workload.ts'
import { newWorth, type Worth } from './worth.ts'

export interface SearchInput {
  queries: readonly WorkloadQuery[]
  /** Those that could serve each query, in the order of the queries. */
  candidates: ReadonlyArray<readonly Candidate[]>
  screen: Screen
  /** When the search takes what it has, of `performance.now()`. */
  until: number
  progress(what: string): void
}

export interface Search {
  chosen: Candidate[]
  /** Plan costs of the queries without new indexes and with the chosen ones. */
  before: ScreenedPlan[]
  after: ScreenedPlan[]
  /** The time was up before everything was tried. */
  isCut: boolean
}

/** The part of the time in which each query is looked at alone. */
const POOL_PART = 0.5

/**
 * The fewest indexes that serve the queries: the best of each query alone, and what the planner takes of all of them at once, are added to a set one after
 * another by what they are worth; then indexes are removed, replaced by smaller ones and merged as long as the set gets better by it.
 */
export async function searchIndexes(input: SearchInput): Promise<Search> {
  const { screen, until } = input
  const plans = newPlans(input)
  const before = await plans.all([])
  const worth = newWorth(input, before)
  const started = performance.now()
  const pool = await poolOf({ ...input, until: started + POOL_PART * (until - started) }, before)
  await screen.focus([...pool.candidates.keys()])
  const kept = await refine(input, plans, worth, pool, await addGreedily(input, plans, worth, pool, before))
  return {
    chosen: kept.flatMap((id) => pool.candidates.get(id) ?? []),
    before,
    after: await plans.all(kept),
    isCut: performance.now() > until,
  }
}

async function addGreedily(
  { until, progress }: SearchInput,
  plans: Plans,
  worth: Worth,
  { candidates, bundles }: Pool,
  start: readonly ScreenedPlan[],
): Promise<string[]> {
  const moves = [...[...candidates.keys()].map((id) => [id]), ...bundles.filter((ids) => ids.every((id) => candidates.has(id)))]
  const gains = new Map(moves.map((move) => [move, Number.POSITIVE_INFINITY]))
  let chosen: string[] = []
  let now = [...start]
  while (performance.now() < until) {
    let best: { move: string[]; gain: number; after: ScreenedPlan[] } | undefined
    const price = worth.price(chosen, now)
    // What a move gained before is hardly ever less than what it gains now, so most need no second look.
    for (const move of [...moves].sort((a, b) => (gains.get(b) ?? 0) - (gains.get(a) ?? 0))) {
      const bound = gains.get(move) ?? 0
      if (bound <= 0 || (best && bound <= best.gain) || performance.now() > until) break
      const added = move.filter((id) => !chosen.includes(id))
      if (added.length === 0) continue
      const next = [...chosen, ...added]
      const after = await plans.some(next, now, plans.concerned(added.flatMap((id) => candidates.get(id) ?? [])))
      const gain = price - worth.price(next, after)
      gains.set(move, gain)
      if (gain > (best?.gain ?? 0)) best = { move: added, gain, after }
    }
    if (!best) break
    chosen = [...chosen, ...best.move]
    now = best.after
    progress(`${chosen.length} indexes chosen, ${Math.round(100 * worth.share(now))} % of the cost left`)
  }
  return chosen
}

/** Fewer and smaller ones, one for two, as long as the set gets better by it. */
async function refine(
  { screen, until, progress }: SearchInput,
  plans: Plans,
  worth: Worth,
  { candidates }: Pool,
  chosen: string[],
): Promise<string[]> {
  let kept = chosen
  let now = await plans.all(kept)
  let price = worth.price(kept, now)
  const attempt = async (next: string[], gone: readonly string[]): Promise<boolean> => {
    const added = next.filter((id) => !kept.includes(id))
    const losing = now.flatMap(({ used }, index) => (used.some((id) => gone.includes(id)) ? [index] : []))
    const after = await plans.some(next, now, [
      ...new Set([...losing, ...plans.concerned(added.flatMap((id) => candidates.get(id) ?? []))]),
    ])
    const better = worth.price(next, after)
    if (better >= price - 1e-9) return false
    kept = next
    now = after
    price = better
    return true
  }
  const sizeOf = (id: string): number => screen.bytes.get(id) ?? 0
  let changed = true
  while (changed && performance.now() < until) {
    changed = false
    progress(`${kept.length} indexes, looking for fewer and smaller ones`)
    for (const id of [...kept].sort((a, b) => sizeOf(b) - sizeOf(a))) {
      for (const { next, gone } of replacements(id, kept, [...candidates.values()], sizeOf)) {
        if (performance.now() > until || !kept.includes(id)) break
        if (gone.every((one) => kept.includes(one)) && (await attempt(next, gone))) changed = true
      }
    }
  }
  return kept
}

interface Replacement {
  next: string[]
  gone: string[]
}

/** Without it; with another in its place, which shares a key; with one in place of two. */
function replacements(
  id: string,
  kept: readonly string[],
  candidates: readonly Candidate[],
  sizeOf: (id: string) => number,
): Replacement[] {
  const table = tableOfId(id)
  const others = kept.filter((one) => one !== id)
  const keysOf = new Map(candidates.map((one) => [idOf(one), new Set(one.keys.map(({ sql }) => sql))]))
  const own = keysOf.get(id) ?? new Set()
  const alike = [...keysOf]
    .filter(([one, keys]) => tableOfId(one) === table && !kept.includes(one) && [...keys].some((key) => own.has(key)))
    .map(([one]) => one)
  const bySize = alike.sort((a, b) => sizeOf(a) - sizeOf(b))
  const partners = others.filter((one) => tableOfId(one) === table)
  return [
    { next: others, gone: [id] },
    ...partners.flatMap((partner) =>
      bySize
        .filter(
          (one) => sizeOf(one) < sizeOf(id) + sizeOf(partner) && [...(keysOf.get(partner) ?? [])].some((key) => keysOf.get(one)?.has(key)),
        )
        .map((one) => ({ next: [...others.filter((other) => other !== partner), one], gone: [id, partner] })),
    ),
    ...bySize.map((one) => ({ next: [...others, one], gone: [id] })),
  ]
}
