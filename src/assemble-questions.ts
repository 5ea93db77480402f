/** Questions about a merge request that a clone answers. */
import { historiesOf } from './assemble.ts'
import { clonesFor } from './assemble-clones.ts'
import { readNamed } from './assemble-review.ts'
import { type Config, readEnvironment } from './config.ts'
import type { Question } from './conversations/answer.ts'
import { UserError } from './errors.ts'
import { EXPERIMENTS } from './experiments/experiments.ts'
import type { OpenMergeRequest } from './forges/forge.ts'
import { clip, LIMITS } from './reports/limits.ts'
import { fencedMarkdown, proseMarkdown } from './reports/markdown-escape.ts'
import { baseBefore } from './review/base.ts'
import { changedClone } from './review/changed-clone.ts'
import { planChange, startFromSchema } from './review/plan.ts'

/** Lines of an answer before it is cut. */
const LONGEST = 12_000

/** Puts the question to a clone on which the change ran; Markdown. `config` is what is in force for it. */
export async function answerQuestion(
  { change, baseTree, headTree }: OpenMergeRequest,
  { experiment: name, ...input }: Question,
  { config, statistics, notes }: { config: Config; statistics: { path: string; text: string } | undefined; notes: readonly string[] },
  signal: AbortSignal,
): Promise<string> {
  const load = EXPERIMENTS[name]
  if (!load) throw new Error(`there is no experiment ${name}`)
  const experiment = await load()
  const said: string[] = [...notes]
  const clones = await clonesFor(config, { ...readEnvironment(), statistics, note: (sentence) => said.push(sentence) })
  if (!clones) throw new UserError('The configuration has no clone to ask (`clone: none`).')
  const head = await historiesOf(headTree, config)
  const plan = await planChange(change, { base: await historiesOf(baseTree, config), head, baseTree }, false)
  const schema = await readNamed(config, 'schema', baseTree)
  const [first] = plan.stacks
  const stack = first && schema ? startFromSchema(first, schema) : first
  const base = await baseBefore(head, headTree, { root: '', paths: [], schema })
  const { clone, skipped } = await changedClone(clones, { stack, base }, signal)
  await using held = clone
  const result = await experiment.run(held, experiment.input.parse(input), { signal, progress() {} })
  if (held.data === 'nothing')
    said.push(
      'The clone has no rows and no statistics, so this is the plan for empty tables; with `stats:` in the configuration it is that of production.',
    )
  for (const { path, line, reason } of skipped.slice(0, LIMITS.list)) said.push(`${path}:${line} could not be run: ${reason}`)
  return [
    proseMarkdown(`${experiment.summarise(result)} (${held.provider} Postgres ${held.version})`),
    fencedMarkdown(clip(experiment.render(result).join('\n'), LONGEST)),
    ...said.map((note) => `- ${proseMarkdown(clip(note, LIMITS.paragraph))}`),
  ].join('\n\n')
}
