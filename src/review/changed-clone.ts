import type { Clone, CloneBase, CloneProvider, SkippedBase } from '../clones/clone.ts'
import type { Script } from '../extractors/script.ts'
import { applyScript, baseOf } from './base.ts'
import type { Stack } from './plan.ts'

/** Providers whose clones come with a schema of their own, on which the change's scripts run as they would there. */
const WITH_SCHEMA: ReadonlyArray<CloneProvider['name']> = ['template', 'dblab', 'url']

/** A clone on which the change ran, for further questions. `skipped` is what could not be run. Without a stack the change left the schema alone. */
export async function changedClone(
  clones: CloneProvider,
  { stack, base }: { stack: Stack | undefined; base: CloneBase },
  signal: AbortSignal,
): Promise<{ clone: Clone; skipped: SkippedBase[] }> {
  if (!stack) return withSkipped(await clones.create(base, signal))
  if (!WITH_SCHEMA.includes(clones.name)) {
    // Part of the base, so that a twin that starts anew has them again.
    const whole = { ...stack, base: [...stack.base, ...upScripts(stack)], steps: [] }
    return withSkipped(await clones.create(await baseOf(whole), signal))
  }
  const clone = await clones.create(await baseOf(stack), signal)
  const skipped: SkippedBase[] = []
  try {
    for (const script of upScripts(stack)) await applyScript(script, clone, { skipped, ran: [] }, signal)
  } catch (error) {
    await clone[Symbol.asyncDispose]()
    throw error
  }
  return { clone, skipped }
}

function upScripts({ steps }: Stack): Script[] {
  return steps.map(({ script }) => script).filter(({ direction }) => direction === 'up')
}

function withSkipped(clone: Clone): { clone: Clone; skipped: SkippedBase[] } {
  return { clone, skipped: clone.skipped }
}
