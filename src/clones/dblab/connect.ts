import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError, UserError } from '../../errors.ts'
import type { Connection } from '../clone.ts'
import { openConnection, type Target } from '../native/connection.ts'

const SERVICE = 'dblab clone'

/** A clone that is said to be ready may still be starting. One that cannot be reached is mostly one that is nowhere to be reached from here. */
export async function connectPatiently(
  target: Target,
  { statementMs, connectMs, pollMs }: { statementMs: number; connectMs: number; pollMs: number },
  signal: AbortSignal,
): Promise<Connection> {
  const until = performance.now() + connectMs
  for (;;) {
    try {
      return await openConnection(target, { service: SERVICE, statementMs }, signal)
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      const code = (error.cause as { code?: string } | undefined)?.code
      if (code === 'ENOTFOUND')
        throw new UserError(
          `The engine says that its clone is on ${target.host}, which is not known here: name the host of its clones in dblab.engines[].accessHost.`,
        )
      if (performance.now() > until) {
        // A Postgres that answers is the right one.
        if (code === undefined || code.startsWith('E')) error.message += `. ${ADVICE}`
        throw error
      }
      await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
}

const ADVICE =
  'dblab.engines[].accessHost names another host for clones; which addresses may connect to them is provision.cloneAccessAddresses of the engine'
