import { rulesFor } from '../assemble.ts'
import { clonesFor } from '../assemble-clones.ts'
import { type Config, readEnvironment } from '../config.ts'
import type { Tree } from '../forges/change.ts'
import type { ReviewParts } from '../review/review.ts'
import { type ReviewOptions, readStatistics } from './options.ts'
import type { Progress } from './progress.ts'

/** What a review is made with, from the configuration in force. `tree` is where the repository's own rules are read; a clone warms up meanwhile if it will be used. */
export async function reviewParts(
  config: Config,
  tree: Tree | undefined,
  options: ReviewOptions,
  each: ReviewParts['each'],
  progress: Progress,
  somethingRuns: boolean,
): Promise<ReviewParts> {
  const notes: string[] = []
  const environment = readEnvironment()
  const clones = await clonesFor(config, {
    ...environment,
    cacheDir: options.cache ? environment.cacheDir : undefined,
    statistics: config.clone === 'none' ? undefined : await readStatistics(options, config, tree),
    note: (sentence) => notes.push(sentence),
  })
  if (somethingRuns) clones?.warm()
  const { active, known } = await rulesFor(config, tree)
  let evidence = 0
  return {
    rules: active,
    known,
    clones,
    notes,
    postgres: config.postgres,
    each,
    deadline: performance.now() + config.limits.reviewSeconds * 1000,
    budgetMs: each === 'change' ? config.limits.budgetSeconds * 1000 : 0,
    progress: (what) => progress.say(what),
    nextEvidenceId() {
      evidence += 1
      return `e${evidence}`
    },
  }
}
