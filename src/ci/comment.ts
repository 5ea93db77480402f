import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError, UserError } from '../errors.ts'
import { type Forge, Gone, type MergeRequest } from '../forges/forge.ts'
import { type Published, type PublishOptions, publish } from '../jobs/publish.ts'
import type { Review } from '../review/review.ts'

/** Tries of what failed for now, and how long is waited between them at most: nobody wants to pay a runner for waiting. */
const TRIES = 3
const LONGEST_WAIT_MS = 60_000
const SHORTEST_WAIT_MS = 1000

/** What became of the comment: `failed` with the reason in a line. */
export type Commented = { state: Published } | { state: 'failed'; reason: string }

/** Comments like the service does. A right that is missing, or a forge that fails, is told and not thrown: the findings stand all the same. */
export async function comment(
  forge: Forge,
  fetchRequest: () => Promise<MergeRequest | undefined>,
  review: Review,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<Commented> {
  for (let tried = 1; ; tried += 1) {
    try {
      const request = await fetchRequest()
      return { state: request ? await publish(forge, request, review, options, signal) : 'superseded' }
    } catch (error) {
      signal.throwIfAborted()
      const waitMs = error instanceof ServiceError ? (error.retryAfterMs ?? SHORTEST_WAIT_MS) : Number.POSITIVE_INFINITY
      if (tried < TRIES && waitMs <= LONGEST_WAIT_MS) await sleep(waitMs, undefined, { signal })
      else if (error instanceof UserError || error instanceof ServiceError || error instanceof Gone)
        return { state: 'failed', reason: error.message }
      else throw error
    }
  }
}

/**
 * The forge for a step of a pipeline of the change itself. The job is the status, so none is written. Comments at lines of `moved` files are left to the
 * summary: the lines were counted in the merged file.
 */
export function withinPipeline(forge: Forge, moved: ReadonlySet<string>): Forge {
  return {
    ...forge,
    ensureStatus: async () => {},
    async ensureThreads(request, wanted, told, signal) {
      const threads = await forge.ensureThreads(
        request,
        wanted.filter(({ path }) => !moved.has(path)),
        told,
        signal,
      )
      return { ...threads, unplaced: [...threads.unplaced, ...wanted.filter(({ path }) => moved.has(path)).map(({ key }) => key)] }
    },
  }
}
