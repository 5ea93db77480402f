import { openChange } from '../assemble.ts'
import { openQuotes } from '../assemble-quotes.ts'
import { noteOfConfig, reviewChange } from '../assemble-review.ts'
import { parseFormats } from '../reports/format.ts'
import { version } from '../version.ts'
import { abortOnSignals } from './abort.ts'
import { type ReviewOptions, readConfig, readSchema, readStatistics } from './options.ts'
import { exitCodeOf, writeReports } from './output.ts'
import { showProgress } from './progress.ts'

/** `pgwitness review [paths]`. */
export async function runReview(paths: string[], options: ReviewOptions & { base?: string }): Promise<void> {
  const requests = parseFormats(options.format)
  const signal = abortOnSignals()
  const open = await openChange({ paths, base: options.base }, signal)
  const trusted = open.baseTree ?? open.headTree
  const config = await readConfig(options, trusted)
  using progress = showProgress(options.progress)
  await using quotes = options.knowledge === undefined ? undefined : openQuotes(options.knowledge)
  const settings = {
    quotes,
    config,
    schema: await readSchema(options, config, trusted),
    statistics: config.clone === 'none' ? undefined : await readStatistics(options, config, trusted),
    isCached: options.cache,
    named: paths.length > 0,
    useBaseline: options.baseline,
    progress: (what: string) => progress.say(what),
  }
  const result = await reviewChange(open, settings, signal)
  const notes = options.config === undefined ? await noteOfConfig(open.baseTree, open.headTree) : []
  const told = { ...result, notes: [...notes, ...result.notes] }
  progress[Symbol.dispose]()
  await writeReports(told, requests, { version })
  process.exitCode = exitCodeOf(told, config.failOn)
}
