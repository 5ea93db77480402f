import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { auditedHistories, openFolder } from '../assemble.ts'
import { openQuotes } from '../assemble-quotes.ts'
import { reviewParts } from '../assemble-review.ts'
import { UserError } from '../errors.ts'
import { parseFormats } from '../reports/format.ts'
import { applyBaseline, baselineOf } from '../review/baseline.ts'
import { planAudit } from '../review/plan.ts'
import { review } from '../review/review.ts'
import { version } from '../version.ts'
import { abortOnSignals } from './abort.ts'
import { type ReviewOptions, readConfig, readStatistics } from './options.ts'
import { exitCodeOf, writeReports } from './output.ts'
import { showProgress } from './progress.ts'

/** `pgwitness audit DIR`: every file of every history below it, each against what its predecessors left. */
export async function runAudit(dir: string, options: ReviewOptions & { writeBaseline?: true | string }): Promise<void> {
  const requests = parseFormats(options.format)
  const signal = abortOnSignals()
  const { tree, root, folder } = await openFolder(dir, signal)
  const config = await readConfig(options, tree)
  const histories = await auditedHistories(tree, folder, config)
  if (histories.every(({ files }) => files.length === 0))
    throw new UserError(`There are no migrations in ${dir}: no .sql files that a tool we know, or a plain folder, would run.`)
  const stacks = await Promise.all(histories.map((history) => planAudit(history, tree)))
  using progress = showProgress(options.progress)
  await using quotes = options.knowledge === undefined ? undefined : openQuotes(options.knowledge)
  const settings = {
    quotes,
    config,
    statistics: config.clone === 'none' ? undefined : await readStatistics(options, config, tree),
    isCached: options.cache,
    progress: (what: string) => progress.say(what),
  }
  const result = await review(stacks, await reviewParts(settings, tree, 'script', true), signal)
  progress[Symbol.dispose]()

  const path = typeof options.writeBaseline === 'string' ? options.writeBaseline : config.baseline
  if (options.writeBaseline !== undefined) {
    await writeFile(join(root, path), `${JSON.stringify(baselineOf(result.findings), undefined, 2)}\n`)
    result.notes.push(`${path} now holds these findings; \`pgwitness review\` reports only others. Commit it.`)
  }
  const text = options.baseline && options.writeBaseline === undefined ? await tree.read(path) : undefined
  const told = {
    ...result,
    findings:
      text === undefined
        ? result.findings
        : applyBaseline(result.findings, (await import('../review/baseline-file.ts')).parseBaseline(text, path), path),
    notes: [...histories.flatMap(({ notes }) => notes), ...result.notes],
  }
  await writeReports(told, requests, { version })
  process.exitCode = options.writeBaseline === undefined ? exitCodeOf(told, config.failOn) : 0
}
