import { Command } from 'commander'
import { isThere, openKnowledge } from '../assemble-knowledge.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import type { EmbeddingState } from '../knowledge/knowledge-base.ts'
import { jsonText } from '../reports/json-text.ts'
import { oneLine } from '../reports/printable.ts'
import { abortOnSignals } from './abort.ts'
import { inNumbers } from './amounts.ts'
import { BEGINNING, dataOption, formatOption, type KbOptions, progressOption } from './kb-options.ts'
import { showProgress } from './progress.ts'

type EmbedOptions = KbOptions & { dryRun: boolean; progress: boolean }

/** `pgwitness kb embed`. */
export function kbEmbed(): Command {
  return new Command('embed')
    .description('Make the vectors that are missing, so that passages are found by meaning too. A sync does it at its end.')
    .addOption(dataOption())
    .addOption(formatOption())
    .option('--dry-run', 'say how much there is to embed and what that costs; send nothing', false)
    .addOption(progressOption())
    .addHelpText(
      'after',
      `
PGWITNESS_EMBEDDING_MODEL says with what. After a change of model or dimensions all passages are embedded anew; searches use the vectors there were until the new ones are all there.
Ctrl-C stops; the next one goes on, and nothing is embedded twice.`,
    )
    .action(async (options: EmbedOptions) => await runEmbed(options))
}

async function runEmbed({ data, format, dryRun, progress: wanted }: EmbedOptions): Promise<void> {
  const environment = readKnowledgeEnvironment()
  if (!environment.embedding) throw new UserError('No embedding model is configured: set PGWITNESS_EMBEDDING_MODEL; docs/knowledge.md.')
  if (!isThere(data, environment)) throw new UserError(`There is no knowledge base yet. ${BEGINNING}`)
  const signal = abortOnSignals()
  await using knowledge = await openKnowledge(data, environment)
  const state = await knowledge.base.embedding()
  if (!state) return
  const started = performance.now()
  if (format === 'text') process.stdout.write(`${planOf(state)}\n`)
  using progress = showProgress(wanted)
  const embedded = dryRun ? 0 : await knowledge.base.embed({ signal, progress: progress.say })
  const ms = Math.round(performance.now() - started)
  progress[Symbol.dispose]()
  if (format === 'json') process.stdout.write(jsonText({ ...state, serving: state.serving ?? null, embedded, ms }))
  else if (!dryRun)
    process.stdout.write(
      `${inNumbers(embedded)} passages embedded in ${(ms / 1000).toFixed(1)} s. Searches use ${oneLine(state.model.name)}.\n`,
    )
}

function planOf({ model, missing, cost, serving }: EmbeddingState): string {
  const usd =
    cost.usd === null
      ? 'price unknown; PGWITNESS_EMBEDDING_PRICE tells it'
      : cost.usd < 0.01
        ? 'less than $0.01'
        : `about $${cost.usd.toFixed(2)}`
  const isOther = serving && (serving.name !== model.name || serving.dimensions !== model.dimensions)
  return [
    `${oneLine(model.name)}, ${model.dimensions} dimensions: ${inNumbers(missing.passages)} passages have no vector of it yet.`,
    ...(missing.passages > 0 ? [`About ${inNumbers(missing.tokens)} tokens: ${usd}.`] : []),
    ...(isOther ? [`Until it has all, searches use ${oneLine(serving.name)}, ${serving.dimensions} dimensions.`] : []),
  ].join('\n')
}
