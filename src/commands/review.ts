import { historiesOf, isIgnored, openChange } from '../assemble.ts'
import type { Config } from '../config.ts'
import type { Tree } from '../forges/change.ts'
import { parseFormats } from '../reports/format.ts'
import { applyBaseline } from '../review/baseline.ts'
import type { Baseline } from '../review/baseline-file.ts'
import { planChange, startFromSchema } from '../review/plan.ts'
import { review } from '../review/review.ts'
import { version } from '../version.ts'
import { abortOnSignals } from './abort.ts'
import { noteOfConfig, type ReviewOptions, readConfig, readSchema } from './options.ts'
import { exitCodeOf, writeReports } from './output.ts'
import { reviewParts } from './parts.ts'
import { showProgress } from './progress.ts'

/** `pgwitness review [paths]`. */
export async function runReview(paths: string[], options: ReviewOptions & { base?: string }): Promise<void> {
  const requests = parseFormats(options.format)
  const signal = abortOnSignals()
  const { change, baseTree, headTree } = await openChange({ paths, base: options.base }, signal)
  // Without a base there is nobody but the working tree to say how to review.
  const trusted = baseTree ?? headTree
  const config = await readConfig(options, trusted)
  const files = change.files.filter(({ path }) => !isIgnored(path, config))
  using progress = showProgress(options.progress)
  const parts = await reviewParts(config, trusted, options, 'change', progress, files.length > 0)
  const head = await historiesOf(headTree, config)
  const histories = { base: baseTree ? await historiesOf(baseTree, config) : head, head, baseTree: trusted }
  const schema = await readSchema(options, config, trusted)
  const plan = await planChange({ ...change, files }, histories, paths.length > 0)
  const stacks = plan.stacks.map((stack) => (schema ? startFromSchema(stack, schema) : stack))
  const result = await review(stacks, parts, signal)
  const baseline = options.baseline ? await readBaseline(config, trusted) : undefined
  const told = {
    ...result,
    findings: applyBaseline(result.findings, baseline, config.baseline),
    notes: [...change.notes, ...(await noteOfConfig(options, baseTree, headTree)), ...plan.notes, ...result.notes],
  }
  progress[Symbol.dispose]()
  await writeReports(told, requests, { version })
  process.exitCode = exitCodeOf(told, config.failOn)
}

async function readBaseline({ baseline: path }: Config, tree: Tree): Promise<Baseline | undefined> {
  const text = await tree.read(path)
  return text === undefined ? undefined : (await import('../review/baseline-file.ts')).parseBaseline(text, path)
}
