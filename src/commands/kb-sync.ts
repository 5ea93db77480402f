import { Command } from 'commander'
import { isThere, type Knowledge, openKnowledge } from '../assemble-knowledge.ts'
import { readKnowledgeEnvironment } from '../config.ts'
import { UserError } from '../errors.ts'
import type { SourceDeclaration } from '../knowledge/declaration.ts'
import type { ReadContext } from '../knowledge/source.ts'
import { jsonText } from '../reports/json-text.ts'
import { abortOnSignals } from './abort.ts'
import { BEGINNING, dataOption, formatOption, type KbOptions, progressOption } from './kb-options.ts'
import { KNOWLEDGE_FILE, readKnowledgeFile, readKnowledgeFileIfThere } from './knowledge-file.ts'
import { showProgress } from './progress.ts'
import { exitCodeOf, syncData, syncText } from './sync-report.ts'
import { type SyncOutcome, syncSource } from './sync-source.ts'

interface SyncOptions extends KbOptions {
  file?: string
  dryRun: boolean
  progress: boolean
}

/** `pgwitness kb sync [NAME…]`. */
export function kbSync(): Command {
  return new Command('sync')
    .description('Bring sources up to date: what is new or changed is read, what is unchanged costs nothing, what is gone disappears.')
    .argument('[names...]', `sources; all when left out: those of ${KNOWLEDGE_FILE}, or of the knowledge base where there is no such file`)
    .option('--file <file>', `declarations, by default ${KNOWLEDGE_FILE} of the current folder where there is one`)
    .addOption(dataOption())
    .addOption(formatOption())
    .option('--dry-run', 'say what would be done; store nothing', false)
    .addOption(progressOption())
    .addHelpText(
      'after',
      `
Sources that a file no longer declares are named and left as they are: \`kb remove NAME\` removes one.
Exit code: 0 all were synced, 2 one could not be, for a reason you can put right, 3 one failed otherwise; the others are synced in any case. Ctrl-C stops; the next sync goes on.`,
    )
    .action(async (names: string[], options: SyncOptions) => await runSync(names, options))
}

export async function runSync(names: string[], options: SyncOptions): Promise<void> {
  const environment = readKnowledgeEnvironment()
  const declared = options.file === undefined ? await readKnowledgeFileIfThere(KNOWLEDGE_FILE) : await readKnowledgeFile(options.file)
  const signal = abortOnSignals()
  using progress = showProgress(options.progress)
  await using knowledge =
    !isThere(options.data, environment) && (options.dryRun || !declared?.length)
      ? undefined
      : await openKnowledge(options.data, environment)
  const stored = (await knowledge?.base.list())?.map(({ declaration }) => declaration) ?? []
  const file = options.file ?? KNOWLEDGE_FILE
  const wanted = chosen(names, declared, stored, file)
  const context = { signal, progress: progress.say, isDry: options.dryRun }
  const outcomes: SyncOutcome[] = []
  const sync = options.dryRun || !knowledge ? syncSource : declareAndSync
  for (const declaration of wanted) {
    const outcome = await goingOn(sync(knowledge as Knowledge, declaration, context), signal, progress)
    outcomes.push(outcome)
    progress[Symbol.dispose]()
    if (options.format === 'text') process.stdout.write(syncText(outcome, options.dryRun))
  }
  const undeclared = declared && names.length === 0 ? stored.filter(({ name }) => !declared.some((other) => other.name === name)) : []
  if (options.format === 'json')
    process.stdout.write(jsonText({ sources: outcomes.map(syncData), undeclared: undeclared.map(({ name }) => name) }))
  else if (undeclared.length > 0)
    process.stdout.write(
      `Not in ${file}, so left as they are: ${undeclared.map(({ name }) => name).join(', ')}. \`kb remove NAME\` removes one.\n`,
    )
  process.exitCode = exitCodeOf(outcomes)
}

/** Says what a stop means, where one is. */
export async function goingOn<T>(work: Promise<T>, signal: AbortSignal, progress: Disposable): Promise<T> {
  try {
    return await work
  } catch (error) {
    progress[Symbol.dispose]()
    if (signal.aborted) console.error('pgwitness: stopped. What was read is kept; the next `kb sync` goes on.')
    throw error
  }
}

/** The file's word counts, of a source that both know. */
function chosen(
  names: readonly string[],
  declared: SourceDeclaration[] | undefined,
  stored: readonly SourceDeclaration[],
  file: string,
): SourceDeclaration[] {
  const known = new Map([...stored, ...(declared ?? [])].map((declaration) => [declaration.name, declaration]))
  const strange = names.filter((name) => !known.has(name))
  if (strange.length > 0) {
    const there = [...known.keys()].sort().join(', ') || 'none yet'
    throw new UserError(`There is no source ${strange.join(', ')}. There are: ${there}.`)
  }
  if (names.length > 0) return [...new Set(names)].flatMap((name) => known.get(name) ?? [])
  const all = declared ?? stored.filter(({ imported }) => !imported)
  if (all.length === 0)
    throw new UserError(
      `There is nothing to sync: ${declared ? `${file} declares no source` : `there is no source${stored.length > 0 ? ' that was not imported' : ''}, and no ${KNOWLEDGE_FILE} here`}. ${BEGINNING}`,
    )
  return all
}

/** A declaration that turns out to be wrong before anything of it was stored leaves things as they were. */
export async function declareAndSync(
  knowledge: Knowledge,
  declaration: SourceDeclaration,
  context: ReadContext & { isDry: boolean },
): Promise<SyncOutcome> {
  const { base } = knowledge
  const { name } = declaration
  const before = (await base.list()).find((source) => source.declaration.name === name)?.declaration
  try {
    await base.declare(declaration)
  } catch (error) {
    return { source: name, report: undefined, error }
  }
  const outcome = await syncSource(knowledge, declaration, context)
  if (outcome.report === undefined && outcome.error instanceof UserError) {
    if (before) await base.declare(before)
    else if ((await base.list()).some((source) => source.declaration.name === name && source.documents === 0)) await base.remove(name)
  }
  return outcome
}
