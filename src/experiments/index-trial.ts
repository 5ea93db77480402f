import { z } from 'zod'
import type { Clone } from '../clones/clone.ts'
import { UserError } from '../errors.ts'
import { loadParser } from '../sql/reader/parser.ts'
import type { Experiment } from './experiment.ts'
import { adviceOf, type IndexAdvice } from './indexes/advice.ts'
import { idOf, tableOfId } from './indexes/candidate.ts'
import { candidatesFor } from './indexes/candidates.ts'
import { renderAdvice, summariseAdvice } from './indexes/render-advice.ts'
import { openScreen } from './indexes/screen.ts'
import { type SearchInput, searchIndexes } from './indexes/search.ts'
import { readTableFacts } from './indexes/table-facts.ts'
import { relationsOf, tableUses } from './indexes/table-use.ts'
import { tryIndexes } from './indexes/trial.ts'
import { readWorkload } from './indexes/workload.ts'

const Input = z.strictObject({
  queries: z.string().meta({ file: true }).describe('File of one query or many, a semicolon after each; parameters are $1, $2 and so on.'),
  budgetSeconds: z.number().positive().max(3600).default(60).describe('When the search takes the best it has, in seconds.'),
  skipBuild: z
    .boolean()
    .default(false)
    .describe('Only compare plans: where there are rows, neither build the chosen indexes for good measure nor run the queries.'),
})

export const EXPERIMENT: Experiment<z.input<typeof Input>, IndexAdvice> = {
  name: 'index-trial',
  question: 'Which indexes, and how few, would serve these queries, what do they save, and what do they cost?',
  input: Input,
  needs: 'statistics',
  async run(clone, { queries: text, budgetSeconds = 60, skipBuild = false }, { signal, progress }) {
    if (clone.data === 'nothing')
      throw new UserError('On empty tables no index saves anything: use --stats FILE, or --clone template, dblab or a URL.')
    const until = performance.now() + budgetSeconds * 1000
    await loadParser()
    await clone.atProductionSize?.(signal)
    const { queries, plans, refused } = await readWorkload(clone, text, signal)
    const facts = await readTableFacts(clone, [...new Set(plans.flatMap(relationsOf))])
    const candidates = plans.map((plan, index) => tableUses(plan, facts).flatMap((use) => candidatesFor(use, queries[index]?.sql ?? '')))
    const { search, screening, bytes, unmade } = await chosen(clone, { queries, candidates, until, progress }, signal)
    const trial =
      !skipBuild && clone.data === 'rows' && search.chosen.length > 0
        ? await tryIndexes(clone, search.chosen, queries, { signal, progress })
        : null
    const considered = new Set(candidates.flat().map(idOf)).size
    return adviceOf({ queries, refused, search, screening, considered, bytes, unmade, trial })
  },
  summarise: summariseAdvice,
  render: renderAdvice,
}

/** What was hypothetical is gone when this returns. */
async function chosen(clone: Clone, input: Omit<SearchInput, 'screen'>, signal: AbortSignal) {
  await using screen = await openScreen(clone, input.candidates.flat(), { ...input, signal })
  const search = await searchIndexes({ ...input, screen })
  const possible = new Set([...screen.bytes.keys()].map(tableOfId))
  const unmade = [...screen.unmade].flatMap(([table, reason]) => (possible.has(table) ? [] : [{ table, reason }]))
  return { search, screening: screen.how, bytes: new Map(screen.bytes), unmade }
}
