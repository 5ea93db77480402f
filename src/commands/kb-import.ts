import { Command } from 'commander'
import { openUpkeep } from '../assemble-upkeep.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { jsonText } from '../reports/json-text.ts'
import { abortOnSignals } from './abort.ts'
import { collect, dataOption, formatOption, type KbOptions, progressOption } from './kb-options.ts'
import { showProgress } from './progress.ts'
import { transferText } from './transfer-text.ts'

interface ImportOptions extends KbOptions {
  only?: string[]
  dryRun: boolean
  progress: boolean
}

/** `pgwitness kb import FILE`. */
export function kbImport(): Command {
  return new Command('import')
    .description('Take over what `kb export` wrote. A source that is there under the same name is replaced as a whole; others stay.')
    .argument('<file>', 'checked to its end before anything is stored')
    .option('--only <name>', 'this source of the file; may be repeated', collect)
    .option('--dry-run', 'check the file, and say what would be done', false)
    .addOption(dataOption())
    .addOption(formatOption())
    .addOption(progressOption())
    .addHelpText(
      'after',
      '\nCut off, the same import goes on. Texts and their trust are taken as the file has them: import only what you would let answer for you.',
    )
    .action(async (file: string, { data, format, only = [], dryRun, ...options }: ImportOptions) => {
      await using upkeep = await openUpkeep(data, readKnowledgeEnvironment())
      using progress = showProgress(options.progress)
      const report = await upkeep.import(file, { only, dryRun, signal: abortOnSignals(), progress: progress.say })
      progress[Symbol.dispose]()
      process.stdout.write(format === 'json' ? jsonText(report) : transferText(report, dryRun ? 'Would import' : 'Imported'))
    })
}
