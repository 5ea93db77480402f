import { setTimeout as sleep } from 'node:timers/promises'
import type { Clone, Connection } from '../clones/clone.ts'
import { UserError } from '../errors.ts'

/** Further sessions of a clone, all closed with this. */
export interface Sessions extends AsyncDisposable {
  open(as: 'script' | 'observer'): Promise<Connection>
}

/** A UserError where the clone can have one session only. `experiment` is the one that needs more. */
export function openSessions(clone: Clone, experiment: string, signal: AbortSignal): Sessions {
  const opened: Connection[] = []
  return {
    async open(as) {
      if (!clone.connect) {
        throw new UserError(
          `${experiment} needs several connections at once, which the ${clone.provider} clone has not. Use \`--clone local\`, or a server's.`,
        )
      }
      const connection = await clone.connect(as, signal)
      opened.push(connection)
      return connection
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.splice(0).map(async (one) => await one[Symbol.asyncDispose]()))
    },
  }
}

/** Looks again and again while something goes on, at least once; when looking fails, the work is still waited for. */
export async function lookWhile<Result>(work: Promise<Result>, everyMs: number, look: () => Promise<void>): Promise<Result> {
  let over = false
  const ended = work.finally(() => {
    over = true
  })
  const settled = ended.then(
    () => undefined,
    () => undefined,
  )
  const looking = (async () => {
    do {
      await look()
      await Promise.race([settled, sleep(everyMs)])
    } while (!over)
  })()
  const [result, looked] = await Promise.allSettled([ended, looking])
  if (result.status === 'rejected') throw result.reason
  if (looked.status === 'rejected') throw looked.reason
  return result.value
}
