import { Command } from 'commander'
import { openKnowledge } from '../assemble-knowledge.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { dataOption, formatOption } from './kb-options.ts'

/** `pgwitness kb list`. */
export function kbList(): Command {
  return new Command('list')
    .description('List the sources, with what there is of each.')
    .addOption(dataOption())
    .addOption(formatOption())
    .action(async (options: { data: string; format: 'text' | 'json' }) => {
      await using knowledge = await openKnowledge(options.data, readKnowledgeEnvironment())
      console.log(JSON.stringify(await knowledge.base.list(), undefined, 2))
    })
}
