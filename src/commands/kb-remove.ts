import { Command } from 'commander'
import { isThere, openKnowledge } from '../assemble-knowledge.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { jsonText } from '../reports/json-text.ts'
import { oneLine } from '../reports/printable.ts'
import { inNumbers } from './amounts.ts'
import { dataOption, formatOption, type KbOptions } from './kb-options.ts'

/** `pgwitness kb remove NAME…`. */
export function kbRemove(): Command {
  return new Command('remove')
    .description('Remove sources with all that was read of them.')
    .argument('<names...>', 'sources: `kb list` has their names')
    .addOption(dataOption())
    .addOption(formatOption())
    .option('--dry-run', 'say what would be removed', false)
    .addHelpText(
      'after',
      '\nCut off, the same command goes on. A source that knowledge.yml still declares comes back with the next `kb sync`.',
    )
    .action(async (names: string[], options: KbOptions & { dryRun: boolean }) => await runRemove(names, options))
}

async function runRemove(names: readonly string[], { data, format, dryRun }: KbOptions & { dryRun: boolean }): Promise<void> {
  const environment = readKnowledgeEnvironment()
  await using knowledge = isThere(data, environment) ? await openKnowledge(data, environment) : undefined
  const there = new Map(((await knowledge?.base.list()) ?? []).map((source) => [source.declaration.name, source]))
  const strange = names.filter((name) => !there.has(name))
  if (strange.length > 0)
    throw new UserError(`There is no source ${oneLine(strange.join(', '))}. There are: ${[...there.keys()].join(', ') || 'none'}.`)
  const removed: object[] = []
  for (const name of new Set(names)) {
    const { documents = 0, passages = 0 } = there.get(name) ?? {}
    if (!dryRun) await knowledge?.base.remove(name)
    removed.push({ source: name, documents, passages })
    if (format === 'text')
      console.log(
        `${name}: ${inNumbers(documents)} documents with ${inNumbers(passages)} passages ${dryRun ? 'would be removed' : 'removed'}`,
      )
  }
  if (format === 'json') process.stdout.write(jsonText(removed))
}
