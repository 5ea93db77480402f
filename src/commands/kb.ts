import { Command, CommanderError } from 'commander'
import { kbAdd } from './kb-add.ts'
import { kbDoctor } from './kb-doctor.ts'
import { kbEmbed } from './kb-embed.ts'
import { kbExport } from './kb-export.ts'
import { kbImport } from './kb-import.ts'
import { kbList } from './kb-list.ts'
import { kbRemove } from './kb-remove.ts'
import { kbSearch } from './kb-search.ts'
import { kbStats } from './kb-stats.ts'
import { kbSync } from './kb-sync.ts'
import { kbWatch } from './kb-watch.ts'

/** A line each. What a command does is imported when it runs. */
const SUBCOMMANDS = [kbAdd, kbSync, kbList, kbRemove, kbSearch, kbWatch, kbStats, kbDoctor, kbEmbed, kbExport, kbImport]

/** docs/knowledge.md is generated from them. */
export function kbCommands(): Command[] {
  return SUBCOMMANDS.map((make) => make())
}

/** `pgwitness kb COMMAND …`. */
export async function runKb(args: string[]): Promise<void> {
  const kb = new Command('pgwitness kb')
    .description('The knowledge base: what findings and answers cite.')
    .addHelpText('after', '\nStorage is DATABASE_URL, or embedded in the folder --data. Where to begin: docs/knowledge.md.')
    .enablePositionalOptions()
    .exitOverride()
  for (const command of kbCommands())
    kb.addCommand(command.showHelpAfterError('(see --help)').exitOverride().allowExcessArguments(false).copyInheritedSettings(kb))
  try {
    await kb.parseAsync(args.length > 0 ? args : ['--help'], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return
    throw error
  }
}
