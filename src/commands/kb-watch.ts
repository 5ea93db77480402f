import { Command, InvalidArgumentError, Option } from 'commander'
import { followPath, openKnowledge, openSource } from '../assemble-knowledge.ts'
import { type KnowledgeEnvironment, readKnowledgeEnvironment } from '../config.ts'
import { ServiceError, UserError } from '../errors.ts'
import type { SourceDeclaration } from '../knowledge/declaration.ts'
import type { Source } from '../knowledge/source.ts'
import { abortOnSignals } from './abort.ts'
import { Due } from './due.ts'
import { placeOf } from './kb-list.ts'
import { BEGINNING, dataOption } from './kb-options.ts'
import { failureText, syncText } from './sync-report.ts'
import { type SyncOutcome, syncSource } from './sync-source.ts'

interface WatchOptions {
  data: string
  /** Milliseconds. */
  every?: number
}

/** `pgwitness kb watch [NAME…]`. */
export function kbWatch(): Command {
  return new Command('watch')
    .description(
      'Keep the knowledge base up to date: follows folders, git checkouts and mbox files, and syncs a source soon after it changed.',
    )
    .argument('[names...]', 'sources to follow; all when left out')
    .addOption(new Option('--every <time>', 'sync what is read from the web as often as this: 90m, 12h, 7d').argParser(time))
    .addOption(dataOption())
    .addHelpText(
      'after',
      `
Begins with a sync of what it follows. Ctrl-C and SIGTERM stop it. Embedded storage is only open while something is synced, so that searches have their turn;
a search at the same moment is told that it is in use.`,
    )
    .action(async (names: string[], options: WatchOptions) => await runWatch(names, options))
}

function time(value: string): number {
  const [, digits, unit = ''] = /^(\d{1,6})(m|h|d)$/.exec(value) ?? []
  const ms = Number(digits) * ({ m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? Number.NaN)
  // Timers of Node go up to 24 days.
  if (ms >= 60_000 && ms <= 24 * 86_400_000) return ms
  throw new InvalidArgumentError('Give a time from 1m to 24d: 90m, 12h, 7d.')
}

async function runWatch(names: readonly string[], { data, every }: WatchOptions): Promise<void> {
  const environment = readKnowledgeEnvironment()
  const signal = abortOnSignals()
  const watched = chosen(await readDeclarations(data, environment), names)
  const followed = watched.filter((declaration) => isFollowed(declaration) || every !== undefined)
  if (followed.length === 0)
    throw new UserError('There is nothing to follow: all sources are read from the web. `--every 12h` syncs those twice a day.')
  using resources = new DisposableStack()
  const due = new Due()
  signal.addEventListener('abort', () => due.wake(), { once: true })
  for (const { name, ...declaration } of followed) {
    if ('path' in declaration && declaration.path !== undefined) resources.use(await followPath(declaration.path, () => due.add(name)))
    else resources.use(repeated(every ?? 0, () => due.add(name)))
    due.add(name)
    console.log(`Following ${name}: ${placeOf({ name, ...declaration } as SourceDeclaration)}`)
  }
  for (const { name } of watched.filter((declaration) => !followed.includes(declaration)))
    console.log(`Not following ${name}, which is read from the web: --every TIME syncs it`)
  const sources = new Map(
    await Promise.all(followed.map(async (declaration) => [declaration.name, await openSource(declaration)] as const)),
  )
  const reader = { data, environment, followed, sources, signal }
  while (!signal.aborted) {
    const some = await due.take()
    if (signal.aborted) break
    await syncDue(reader, some, due)
  }
  due.stop()
  console.log('Stopped.')
  process.exitCode = 0
}

function isFollowed(declaration: SourceDeclaration): boolean {
  return 'path' in declaration && declaration.path !== undefined
}

async function readDeclarations(data: string, environment: KnowledgeEnvironment): Promise<SourceDeclaration[]> {
  await using knowledge = await openKnowledge(data, environment)
  // What was imported is read elsewhere.
  return (await knowledge.base.list()).flatMap(({ declaration }) => (declaration.imported ? [] : [declaration]))
}

function chosen(all: readonly SourceDeclaration[], names: readonly string[]): SourceDeclaration[] {
  const strange = names.filter((name) => !all.some((declaration) => declaration.name === name))
  if (strange.length > 0)
    throw new UserError(`There is no source ${strange.join(', ')}. There are: ${all.map(({ name }) => name).join(', ') || 'none'}.`)
  if (all.length === 0) throw new UserError(`There is no source to follow. ${BEGINNING}`)
  return names.length > 0 ? all.filter(({ name }) => names.includes(name)) : [...all]
}

interface Reader {
  data: string
  environment: KnowledgeEnvironment
  followed: readonly SourceDeclaration[]
  /** Kept from sync to sync: some remember what they read. */
  sources: ReadonlyMap<string, Source>
  signal: AbortSignal
}

/** Failures are told and tried again; only the signal ends it. */
async function syncDue({ data, environment, followed, sources, signal }: Reader, names: readonly string[], due: Due): Promise<void> {
  try {
    await using knowledge = await openKnowledge(data, environment)
    for (const name of names) {
      const declaration = followed.find((one) => one.name === name)
      const source = sources.get(name)
      if (!declaration || !source) continue
      const outcome = await syncSource(knowledge, declaration, { signal, progress() {}, isDry: false }, async () => source)
      tell(outcome)
      if (outcome.report === undefined && outcome.error instanceof ServiceError) due.addLater(name)
      else due.forgive(name)
    }
  } catch (error) {
    if (signal.aborted) return
    // Another process has the storage, or the server is gone.
    console.error(`pgwitness: ${failureText(error)}`)
    for (const name of names) due.addLater(name)
  }
}

/** Nothing when nothing was new. */
function tell(outcome: SyncOutcome): void {
  const { report } = outcome
  if (report && report.added + report.changed + report.removed + report.failed.length === 0) return
  process.stdout.write(`${new Date().toISOString().slice(0, 19)}Z ${syncText(outcome)}`)
}

function repeated(ms: number, act: () => void): Disposable {
  const timer = setInterval(act, ms)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
