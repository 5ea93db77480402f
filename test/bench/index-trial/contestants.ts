import { urlClones } from '../../../src/clones/url.ts'
import { EXPERIMENT } from '../../../src/experiments/index-trial.ts'
import type { Workload } from '../workloads/workload.ts'
import { recipeAdvice } from './recipe.ts'
import type { TrialDatabase } from './server.ts'

/** Who is asked which indexes a workload should have. `advise` returns CREATE INDEX statements; it may leave its copy as it likes. */
export interface Contestant {
  name: string
  advise(database: TrialDatabase, workload: Workload): Promise<string[]>
}

/** Without indexes first: the others are told beside it. */
export const CONTESTANTS: readonly Contestant[] = [
  { name: 'none', advise: async () => [] },
  { name: 'the usual recipe', advise: recipeAdvice },
  { name: 'ours', advise: ourAdvice },
]

async function ourAdvice({ url }: TrialDatabase, { queries }: Workload): Promise<string[]> {
  const { signal } = new AbortController()
  await using clone = await urlClones({ url, statementMs: 60_000 }).create({ scripts: [] }, signal)
  const input = EXPERIMENT.input.parse({ queries: queries.join(';\n'), budgetSeconds: 120, skipBuild: true })
  const { indexes } = await EXPERIMENT.run(clone, input, { signal, progress() {} })
  return indexes.map(({ statement }) => statement)
}
