import { relative, resolve } from 'node:path'
import type { BaseScript, Clone, CloneBase, SkippedBase, Step } from '../clones/clone.ts'
import { readCatalog } from '../experiments/read-catalog.ts'
import type { History } from '../extractors/history.ts'
import type { Script } from '../extractors/script.ts'
import type { Tree } from '../forges/change.ts'
import type { Catalog } from '../sql/catalog.ts'
import { readScript } from '../sql/reader/read-script.ts'
import { dumpOf, planAudit, type Stack } from './plan.ts'

/** What a clone has to hold before a stack is reviewed. */
export async function baseOf({ base, steps }: Stack): Promise<CloneBase> {
  return { scripts: await Promise.all(base.map(baseScript)), later: steps.map(({ script }) => script.sql) }
}

/** The statements of a script as a clone replays them; what cannot be parsed (a psql command, say) is left out. */
async function baseScript({ path, sql }: Script): Promise<BaseScript> {
  const statements = await readScript(sql)
  return { path, sql, statements: statements.filter(({ syntaxError }) => !syntaxError).map(({ text, line }) => ({ text, line })) }
}

/**
 * What a database holds before the files at `paths` run: the schema dump when there is one, else every migration that comes before the first of
 * them, of all histories. `paths` are relative to the current folder, `root` is where the tree's begin.
 */
export async function baseBefore(
  histories: readonly History[],
  tree: Tree,
  { root, paths, schema }: { root: string; paths: readonly string[]; schema: { path: string; text: string } | undefined },
): Promise<CloneBase> {
  if (schema) return { scripts: [await baseScript(dumpOf(schema))] }
  const named = new Set(paths.map((path) => relative(root, resolve(path))))
  const before = histories.map(({ files, ...history }) => {
    const first = files.findIndex((path) => named.has(path))
    return { ...history, files: first < 0 ? files : files.slice(0, first) }
  })
  const stacks = await Promise.all(before.map(async (history) => await planAudit(history, tree)))
  const scripts = stacks.flatMap(({ steps }) => steps.map(({ script }) => script))
  return {
    scripts: await Promise.all(scripts.map(baseScript)),
    later: await Promise.all(paths.map(async (path) => (await tree.read(relative(root, resolve(path)))) ?? '')),
  }
}

/** Runs a script that is not reviewed, so that later ones find what it makes. What it ran is added to `ran`, what failed to `skipped`. */
export async function applyScript(
  script: Script,
  clone: Clone,
  { skipped, ran }: { skipped: SkippedBase[]; ran: Step[][] },
  signal: AbortSignal,
): Promise<Catalog> {
  for (const { text, line } of (await baseScript(script)).statements) {
    const { error } = await clone.run(text, signal)
    ran.push([{ sql: text }])
    if (error) skipped.push({ path: script.path, line, statement: text.slice(0, 200), reason: error.message })
  }
  return await readCatalog(clone)
}

/** The clone whose base is what stood there before a script: going back to it means running what had run before. */
export function standingAt(clone: Clone, before: ReadonlyArray<Step[]>): Clone {
  const here = Object.create(clone) as Clone
  if (clone.restart)
    here.restart = async (signal) => {
      await clone.restart?.(signal)
      for (const steps of before) await clone.batch(steps, signal)
    }
  return here
}
