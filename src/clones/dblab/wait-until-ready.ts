import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../errors.ts'
import type { Engine, EngineClone } from './engine.ts'

/** One after another; asking again does no harm. */
const MAX_FAILURES = 5
const SERVICE = 'dblab clone'

/** Asks until the clone is ready to be connected to. */
export async function waitUntilReady(
  engine: Engine,
  id: string,
  { readyMs, pollMs }: { readyMs: number; pollMs: number },
  signal: AbortSignal,
): Promise<EngineClone> {
  const until = performance.now() + readyMs
  let failures = 0
  let state = ''
  do {
    try {
      const clone = await engine.clone(id, signal)
      failures = 0
      if (!clone) throw new Unready(`the clone ${id} is gone before it was ready`)
      if (clone.status.code === 'OK') return clone
      if (clone.status.code === 'FATAL') throw new Unready(`the engine could not make it: ${clone.status.message}`)
      state = clone.status.code
    } catch (error) {
      failures += 1
      if (error instanceof Unready || !(error instanceof ServiceError) || failures >= MAX_FAILURES) throw error
    }
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  } while (performance.now() < until)
  throw new Unready(`it was not ready within ${readyMs / 1000} s: ${state}`)
}

/** What the engine says of the clone, and not that it could not be asked. */
class Unready extends ServiceError {
  constructor(message: string) {
    super(SERVICE, message)
  }
}
