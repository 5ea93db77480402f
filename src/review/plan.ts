import { extractScripts, type History, historyOf } from '../extractors/history.ts'
import { whyNotMigration } from '../extractors/roles.ts'
import type { Script } from '../extractors/script.ts'
import type { Change, Tree } from '../forges/change.ts'

/** Scripts that run on one database: what stands there before, and what is reviewed. */
export interface Stack {
  /** Applied before anything is reviewed, in order. */
  base: Script[]
  steps: Step[]
  /** Does `base` hold all that came before? A loose file's base is unknown. */
  baseIsWhole: boolean
}

/** A step that is not reviewed is only applied, so that a later one finds what it needs. */
interface Step {
  script: Script
  reviewed: boolean
  /** The base has the file already, as it is: what it creates is not new to the change. */
  known?: boolean
}

/** The migration histories as they stand on the base, and as the change would have them. */
export interface Histories {
  base: readonly History[]
  head: readonly History[]
  /** The base's files; without a base, those there are. */
  baseTree: Tree
}

export interface Plan {
  stacks: Stack[]
  /** What the reader should know of the histories touched and of files left out. */
  notes: string[]
}

/**
 * A stack for each history the change touches, and one for each changed file that belongs to none. A schema dump or a seed is left out,
 * unless the reader named it (`named`).
 */
export async function planChange(change: Change, histories: Histories, named: boolean): Promise<Plan> {
  const changed = new Map(change.files.flatMap(({ path, text }) => (text === undefined || !isSql(path) ? [] : [[path, text] as const])))
  const stray = [...changed].filter(([path]) => !historyOf(path, histories.head))
  const loose = stray.filter(([path]) => named || whyNotMigration(path) === undefined)
  const planned = await Promise.all(histories.head.map((history) => planHistory(history, changed, change, histories)))
  const touched = histories.head.filter(
    (history, index) => planned[index] || [...changed.keys()].some((path) => historyOf(path, [history])),
  )
  const stacks = [...planned.flatMap((stack) => stack ?? []), ...loose.flatMap(([path, text]) => planLooseFile(path, text))]
  const aboutHistories = [...touched, ...histories.head.filter(isMissing)].flatMap(({ notes }) => notes)
  const leftOut = stray
    .filter((file) => !loose.includes(file))
    .map(([path]) => `${path} was left out: it looks like ${whyNotMigration(path)}.`)
  // Who brings an up part along knows.
  const undoing = stacks.length > 0 ? [] : [...changed.keys()].filter((path) => historyOf(path, histories.head)?.extractor.undoes?.(path))
  return {
    stacks,
    notes: [
      ...aboutHistories,
      ...leftOut,
      ...deletedMigrations(change, histories.base).map(
        (path) => `${path} is deleted, but databases have run it: what it made is still there.`,
      ),
      ...undoing.map((path) => `${path} only undoes, so it was not run.`),
    ],
  }
}

/** A history that only the configuration knows of. */
function isMissing({ files, leftOut, database }: History): boolean {
  return files.length === 0 && leftOut.size === 0 && database === 'Postgres'
}

function deletedMigrations(change: Change, base: readonly History[]): string[] {
  const renamed = change.files.flatMap(({ previousPath }) => previousPath ?? [])
  const deleted = change.files.filter(({ status, path }) => status === 'deleted' && !renamed.includes(path)).map(({ path }) => path)
  return deleted.filter((path) => historyOf(path, base)?.files.includes(path))
}

function isSql(path: string): boolean {
  return path.toLowerCase().endsWith('.sql')
}

/**
 * Where each changed migration of a history runs. A new file runs after all of the base, as it will in production, even when its name sorts
 * before some of it; a changed one stands in for its old self, so the base ends before the first of those.
 */
async function planHistory(
  history: History,
  changed: ReadonlyMap<string, string>,
  change: Change,
  { base, baseTree }: Histories,
): Promise<Stack | undefined> {
  const renamedFrom = new Set(change.files.flatMap(({ previousPath }) => previousPath ?? []))
  const before = base.find(({ tool, folder }) => tool === history.tool && folder === history.folder)
  const applied = (before?.files ?? []).filter((path) => !renamedFrom.has(path))
  const added = history.files.filter((path) => changed.has(path) && !applied.includes(path))
  const firstChanged = applied.findIndex((path) => changed.has(path))
  if (firstChanged < 0 && added.length === 0) return undefined

  const prefix = firstChanged < 0 ? applied : applied.slice(0, firstChanged)
  const rest = firstChanged < 0 ? [] : applied.slice(firstChanged)
  const isKnown = (path: string) => change.files.some((file) => file.path === path && file.text === file.before)
  const asProposed = (path: string): Step[] =>
    upScripts(path, changed.get(path) ?? '', history).map((script) => ({ script, reviewed: true, known: isKnown(path) }))
  const asBefore = async (path: string) => upScripts(path, (await baseTree.read(path)) ?? '', before)
  const restSteps = rest.map(async (path) =>
    changed.has(path) ? asProposed(path) : (await asBefore(path)).map((script) => ({ script, reviewed: false })),
  )
  return {
    base: (await Promise.all(prefix.map(asBefore))).flat(),
    steps: [...(await Promise.all(restSteps)).flat(), ...added.flatMap(asProposed)],
    baseIsWhole: true,
  }
}

function planLooseFile(path: string, text: string): Stack[] {
  const steps = upScripts(path, text, undefined).map((script) => ({ script, reviewed: true }))
  return steps.length > 0 ? [{ base: [], steps, baseIsWhole: false }] : []
}

function upScripts(path: string, text: string, history: History | undefined): Script[] {
  return extractScripts(path, text, history).filter(({ direction }) => direction === 'up')
}

/** The whole of a history, each file reviewed against what its predecessors left. */
export async function planAudit(history: History, tree: Tree): Promise<Stack> {
  const texts = await Promise.all(history.files.map((path) => tree.read(path)))
  const scripts = history.files.flatMap((path, index) => upScripts(path, texts[index] ?? '', history))
  return { base: [], steps: scripts.map((script) => ({ script, reviewed: true })), baseIsWhole: true }
}

/** The stack on a schema dump instead of the replayed history: what the dump holds is what the base left. */
export function startFromSchema(stack: Stack, schema: { path: string; text: string }): Stack {
  return { base: [dumpOf(schema)], steps: stack.steps.filter(({ reviewed }) => reviewed), baseIsWhole: true }
}

/** A schema dump as the script that makes it. */
export function dumpOf({ path, text }: { path: string; text: string }): Script {
  return { path, tool: 'sql', direction: 'up', text, sql: text, transaction: 'none', notes: [] }
}
