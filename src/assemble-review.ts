/** Reviews as commands and the service make them: from two trees and a configuration to findings. */
import { historiesOf, isIgnored, type OpenChange, rulesFor } from './assemble.ts'
import { clonesFor } from './assemble-clones.ts'
import { CONFIG_FILE, type Config, readEnvironment } from './config.ts'
import { UserError } from './errors.ts'
import type { Tree } from './forges/change.ts'
import { applyBaseline } from './review/baseline.ts'
import type { Baseline } from './review/baseline-file.ts'
import { planChange, startFromSchema } from './review/plan.ts'
import type { Quotes } from './review/quotes.ts'
import { type Review, type ReviewParts, review } from './review/review.ts'

/** A text and the path it was read from. */
export interface NamedText {
  path: string
  text: string
}

export interface ReviewSettings {
  config: Config
  /** Production's, which make twins of local clones. */
  statistics: NamedText | undefined
  /** Whether bases are kept for the next time. */
  isCached: boolean
  progress(what: string): void
  /** Where citations without words get theirs. */
  quotes?: Quotes | undefined
}

export interface ChangeSettings extends ReviewSettings {
  /** A dump to start from, instead of the migrations. */
  schema: NamedText | undefined
  /** The files were named one by one: none is left out for its looks. */
  named: boolean
  /** Findings of the configuration's baseline are muted. */
  useBaseline: boolean
}

/** What a review is made with. `tree` is where the repository's own rules are read; a clone warms up meanwhile if it will be used. */
export async function reviewParts(
  { config, statistics, isCached, progress, quotes }: ReviewSettings,
  tree: Tree | undefined,
  each: ReviewParts['each'],
  somethingRuns: boolean,
): Promise<ReviewParts> {
  const notes: string[] = []
  const environment = readEnvironment()
  const clones = await clonesFor(config, {
    ...environment,
    cacheDir: isCached ? environment.cacheDir : undefined,
    statistics: config.clone === 'none' ? undefined : statistics,
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
    progress,
    quotes,
    nextEvidenceId() {
      evidence += 1
      return `e${evidence}`
    },
  }
}

/** Reviews what changed between two trees. Without a base there is nobody but the head to say how. */
export async function reviewChange(
  { change, baseTree, headTree }: OpenChange,
  settings: ChangeSettings,
  signal: AbortSignal,
): Promise<Review> {
  const { config, schema, named, useBaseline } = settings
  const trusted = baseTree ?? headTree
  const files = change.files.filter(({ path }) => !isIgnored(path, config))
  const parts = await reviewParts(settings, trusted, 'change', files.length > 0)
  const head = await historiesOf(headTree, config)
  const histories = { base: baseTree ? await historiesOf(baseTree, config) : head, head, baseTree: trusted }
  const plan = await planChange({ ...change, files }, histories, named)
  const stacks = plan.stacks.map((stack) => (schema ? startFromSchema(stack, schema) : stack))
  const result = await review(stacks, parts, signal)
  const baseline = useBaseline ? await readBaseline(config, trusted) : undefined
  return {
    ...result,
    findings: applyBaseline(result.findings, baseline, config.baseline),
    notes: [...change.notes, ...plan.notes, ...result.notes],
  }
}

async function readBaseline({ baseline: path }: Config, tree: Tree): Promise<Baseline | undefined> {
  const text = await tree.read(path)
  return text === undefined ? undefined : (await import('./review/baseline-file.ts')).parseBaseline(text, path)
}

/** A file that the configuration names, from the tree the configuration is from: `stats:`, `schema:`. */
export async function readNamed(config: Config, setting: 'stats' | 'schema', tree: Tree | undefined): Promise<NamedText | undefined> {
  const path = config[setting]
  if (path === undefined) return undefined
  const text = await tree?.read(path)
  const what = { stats: 'statistics', schema: 'schema dump' }[setting]
  if (text === undefined) throw new UserError(`${CONFIG_FILE} names the ${what} ${path}, not to be found in the base.`)
  return { path, text }
}

/** Tells whoever changes the configuration why this review does not follow it yet. */
export async function noteOfConfig(base: Tree | undefined, head: Tree): Promise<string[]> {
  if (!base) return []
  const [before, now] = await Promise.all([base.read(CONFIG_FILE), head.read(CONFIG_FILE)])
  if (now === undefined || now === before) return []
  return [
    `${CONFIG_FILE} is taken from the base; what this change says in it counts once it is merged (to try it: --config ${CONFIG_FILE})`,
  ]
}
