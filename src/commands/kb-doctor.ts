import { Command } from 'commander'
import { isThere } from '../assemble-knowledge.ts'
import { openUpkeep } from '../assemble-upkeep.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import type { Problem } from '../knowledge/upkeep.ts'
import { jsonText } from '../reports/json-text.ts'
import { oneLine } from '../reports/printable.ts'
import { abortOnSignals } from './abort.ts'
import { BEGINNING, dataOption, formatOption, type KbOptions, numberBetween, progressOption } from './kb-options.ts'
import { showProgress } from './progress.ts'

interface DoctorOptions extends KbOptions {
  fix: boolean
  staleDays: number
  progress: boolean
}

/** `pgwitness kb doctor`. */
export function kbDoctor(): Command {
  return new Command('doctor')
    .description('Look for what is missing, broken or left over, and say what to do about it.')
    .addOption(dataOption())
    .addOption(formatOption())
    .option('--fix', 'mend what can be mended without losing anything', false)
    .option('--stale-days <days>', 'a source is old that was not synced for so long', numberBetween(1, 100_000), 90)
    .addOption(progressOption())
    .addHelpText('after', '\nExit code: 0 nothing is wrong, or everything was mended; 1 there are problems; 2 wrong usage; 3 a failure.')
    .action(async (options: DoctorOptions) => await runDoctor(options))
}

async function runDoctor({ data, format, fix, staleDays, ...options }: DoctorOptions): Promise<void> {
  const environment = readKnowledgeEnvironment()
  await using upkeep = isThere(data, environment) ? await openUpkeep(data, environment) : undefined
  if (!upkeep) {
    process.stdout.write(format === 'json' ? jsonText({ problems: [] }) : `There is no knowledge base yet. ${BEGINNING}\n`)
    return
  }
  using progress = showProgress(options.progress)
  const problems = await upkeep.examine({ fix, staleDays, signal: abortOnSignals(), progress: progress.say })
  progress[Symbol.dispose]()
  process.stdout.write(format === 'json' ? jsonText({ problems }) : textOf(problems))
  if (problems.some(({ isMended }) => !isMended)) process.exitCode = 1
}

function textOf(problems: readonly Problem[]): string {
  if (problems.length === 0) return 'Nothing is wrong.\n'
  const open = problems.filter(({ isMended }) => !isMended).length
  const mended = problems.length - open
  const sum = [...(open > 0 ? [`${open} ${open === 1 ? 'problem' : 'problems'}`] : []), ...(mended > 0 ? [`${mended} mended`] : [])]
  return `${problems.map(problemInWords).join('\n\n')}\n\n${sum.join(', ')}\n`
}

function problemInWords({ kind, what, advice, examples, isMended }: Problem): string {
  return [
    `${isMended ? 'mended' : kind}: ${oneLine(what)}`,
    ...examples.map((example) => `    ${oneLine(example)}`),
    ...(isMended ? [] : [`  ${oneLine(advice)}`]),
  ].join('\n')
}
