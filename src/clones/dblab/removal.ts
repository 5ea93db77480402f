import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../../errors.ts'
import { isLeftOver } from './clone-id.ts'
import type { Engine, InstanceStatus } from './engine.ts'

/** Before a clone is made, so long at most for those of other runs. */
const SWEEP_MS = 10_000
/** A request that was given up may still reach the engine: so often it has to say that there is no clone. */
export const GONE_FOR_CERTAIN = 4

const WHY = { gone: '', accepted: 'the engine still has it', protected: 'the engine keeps it protected' }

/** Clones of this process that it has no more use for. One that is still there, or again, is deleted when the next is made. */
const finished = new Set<string>()

/**
 * Deletes a clone whatever state it is in, and whether or not anybody waits: nobody else will. What cannot be deleted is no reason to lose what was
 * found on it, so this does not fail: the answer is empty, or a sentence about what is left.
 */
export async function removeClone(
  engine: Engine,
  id: string,
  { removeMs, pollMs, certain = 1 }: { removeMs: number; pollMs: number; certain?: number | undefined },
): Promise<string> {
  finished.add(id)
  let gone = 0
  let why = 'the engine does not answer'
  const signal = AbortSignal.timeout(removeMs)
  do {
    try {
      const done = await engine.remove(id, signal)
      if (done === 'gone') {
        gone += 1
        if (gone >= certain) return ''
      }
      if (done === 'protected') await engine.unprotect(id, signal)
      why = WHY[done]
    } catch (error) {
      if (!signal.aborted) why = (error as Error).message
      if (error instanceof UserError) break
    }
    await sleep(pollMs)
  } while (!signal.aborted)
  return why === '' ? '' : `the DBLab clone ${id} could not be deleted (${why}); the next run tries again`
}

/** Deletes clones of runs that were killed or could not delete them, and names those that it could not either. That is no reason not to go on. */
export async function removeLeftOvers(engine: Engine, { cloning }: InstanceStatus, signal: AbortSignal): Promise<string[]> {
  const left = (cloning.clones ?? []).filter((clone) => finished.has(clone.id) || isLeftOver(clone)).map(({ id }) => id)
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(SWEEP_MS)])
  const failed = await Promise.all(
    left.map(async (id) => {
      try {
        if ((await engine.remove(id, inTime)) !== 'protected') return []
        await engine.unprotect(id, inTime)
        return (await engine.remove(id, inTime)) === 'protected' ? [id] : []
      } catch {
        return [id]
      }
    }),
  )
  signal.throwIfAborted()
  return failed.flat()
}
