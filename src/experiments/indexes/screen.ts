import type { Clone } from '../../clones/clone.ts'
import type { Candidate } from './candidate.ts'
import { hypopgStage } from './hypopg-stage.ts'
import { realStage } from './real-stage.ts'
import { planNodes, planOf, type WorkloadQuery } from './workload.ts'

/** Makes it look as if certain candidates were there, and no others. */
export interface Stage extends AsyncDisposable {
  /** Bytes of each candidate that could be made, by its id. */
  readonly bytes: ReadonlyMap<string, number>
  /** By the SQL names of tables that the role may not index, what Postgres said. */
  readonly unmade: ReadonlyMap<string, string>
  /** The candidate that has an index of this name. */
  idOfName(name: string): string | undefined
  /** Goes on with other candidates. */
  take(candidates: readonly Candidate[]): Promise<void>
  /** What follows is asked about these alone, which makes it quicker. */
  focus(ids: readonly string[]): Promise<void>
  during<Result>(ids: readonly string[], work: () => Promise<Result>): Promise<Result>
}

/** Costs of queries with certain candidates. */
export interface Screen extends Omit<Stage, 'during' | 'idOfName'> {
  /** `twin` and `built`: they are there, and the others are dropped in a transaction that is rolled back. */
  readonly how: 'twin' | 'hypopg' | 'built'
  /** In the order of the queries. A query that has no plan costs nothing. */
  costs(queries: readonly WorkloadQuery[], ids: readonly string[]): Promise<ScreenedPlan[]>
}

export interface ScreenedPlan {
  /** Total cost of the plan. */
  cost: number
  /** Candidates that it uses. */
  used: string[]
}

export interface StageOptions {
  /** When no more indexes are made, of `performance.now()`. */
  until: number
  signal: AbortSignal
  progress(what: string): void
}

export async function openScreen(clone: Clone, candidates: readonly Candidate[], options: StageOptions): Promise<Screen> {
  const isHypothetical = clone.data === 'rows' && (await hasHypopg(clone))
  const stage = isHypothetical ? await mixedStage(clone, options) : await realStage(clone, options)
  await stage.take(candidates)
  return {
    how: isHypothetical ? 'hypopg' : clone.data === 'statistics' ? 'twin' : 'built',
    bytes: stage.bytes,
    unmade: stage.unmade,
    take: stage.take,
    focus: stage.focus,
    costs: async (queries, ids) =>
      await stage.during(ids, async () => {
        const plans: ScreenedPlan[] = []
        await clone.query('savepoint pgwitness_plans')
        for (const query of queries) plans.push(await screened(clone, query, stage, options.signal))
        return plans
      }),
    [Symbol.asyncDispose]: async () => await stage[Symbol.asyncDispose](),
  }
}

async function screened(clone: Clone, query: WorkloadQuery, stage: Stage, signal: AbortSignal): Promise<ScreenedPlan> {
  const plan = await planOf(clone, query, 'plan', signal)
  if (typeof plan === 'string') {
    // Else the queries after it would have none either.
    await clone.query('rollback to savepoint pgwitness_plans')
    return { cost: 0, used: [] }
  }
  const used = planNodes(plan).flatMap((node) => stage.idOfName(String(node['Index Name'])) ?? [])
  return { cost: Number(plan['Total Cost']), used: [...new Set(used)] }
}

async function hasHypopg(clone: Clone): Promise<boolean> {
  return (await clone.query("select from pg_catalog.pg_extension where extname = 'hypopg'")).length > 0
}

/** HypoPG knows no GIN, so those are built. */
async function mixedStage(clone: Clone, options: StageOptions): Promise<Stage> {
  const [real, hypothetical] = [await realStage(clone, options), await hypopgStage(clone, options)]
  const bytes = new Map<string, number>()
  const split = <One>(list: readonly One[], isReal: (one: One) => boolean): [One[], One[]] => [
    list.filter(isReal),
    list.filter((one) => !isReal(one)),
  ]
  return {
    bytes,
    unmade: real.unmade,
    idOfName: (name) => real.idOfName(name) ?? hypothetical.idOfName(name),
    async take(candidates) {
      const [built, others] = split(candidates, ({ method }) => method === 'gin')
      await real.take(built)
      await hypothetical.take(others)
      bytes.clear()
      for (const [id, size] of [...real.bytes, ...hypothetical.bytes]) bytes.set(id, size)
    },
    async focus(ids) {
      const [built] = split(ids, (id) => real.bytes.has(id))
      await real.focus(built)
    },
    async during(ids, work) {
      const [built, others] = split(ids, (id) => real.bytes.has(id))
      return await real.during(built, async () => await hypothetical.during(others, work))
    },
    async [Symbol.asyncDispose]() {
      await hypothetical[Symbol.asyncDispose]()
      await real[Symbol.asyncDispose]()
    },
  }
}
