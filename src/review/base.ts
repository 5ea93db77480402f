import type { BaseScript, Clone, CloneBase, SkippedBase, Step } from '../clones/clone.ts'
import { readCatalog } from '../experiments/read-catalog.ts'
import type { Script } from '../extractors/script.ts'
import type { Catalog } from '../sql/catalog.ts'
import { readScript } from '../sql/reader/read-script.ts'
import type { Stack } from './plan.ts'

/** What a clone has to hold before a stack is reviewed. */
export async function baseOf({ base, steps }: Stack): Promise<CloneBase> {
  return { scripts: await Promise.all(base.map(baseScript)), later: steps.map(({ script }) => script.sql) }
}

/** The statements of a script as a clone replays them; what cannot be parsed (a psql command, say) is left out. */
async function baseScript({ path, sql }: Script): Promise<BaseScript> {
  const statements = await readScript(sql)
  return { path, sql, statements: statements.filter(({ syntaxError }) => !syntaxError).map(({ text, line }) => ({ text, line })) }
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
