import { Command } from 'commander'
import { isThere } from '../assemble-knowledge.ts'
import { openUpkeep } from '../assemble-upkeep.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import { jsonText } from '../reports/json-text.ts'
import { abortOnSignals } from './abort.ts'
import { BEGINNING, collect, dataOption, formatOption, type KbOptions, progressOption } from './kb-options.ts'
import { showProgress } from './progress.ts'
import { transferText } from './transfer-text.ts'

/** `pgwitness kb export FILE`. */
export function kbExport(): Command {
  return new Command('export')
    .description('Write the knowledge base to one file, for `kb import` elsewhere: sources, texts, vectors, and who allowed what.')
    .argument('<file>', 'written when it is complete; one that is there is replaced')
    .option('--only <name>', 'this source; may be repeated', collect)
    .addOption(dataOption())
    .addOption(formatOption())
    .addOption(progressOption())
    .action(async (file: string, { data, format, only = [], ...options }: KbOptions & { only?: string[]; progress: boolean }) => {
      const environment = readKnowledgeEnvironment()
      if (!isThere(data, environment)) throw new UserError(`There is nothing to export. ${BEGINNING}`)
      await using upkeep = await openUpkeep(data, environment)
      using progress = showProgress(options.progress)
      const report = await upkeep.export(file, { only, signal: abortOnSignals(), progress: progress.say })
      progress[Symbol.dispose]()
      process.stdout.write(format === 'json' ? jsonText(report) : transferText(report, 'Exported'))
    })
}
