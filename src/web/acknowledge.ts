import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../errors.ts'
import type { Forge, MergeRequestRef } from '../forges/forge.ts'
import { changeKey, type Job } from '../queue/queue.ts'

/** A burst is not answered with a burst: forges count requests that write most strictly. */
const AT_ONCE = 2
/** What comes when so many wait goes without. */
const MOST_WAITING = 1_000
/** Changes of which is known that they were seen already. */
const MOST_KNOWN = 10_000
/** Before the second and the third try, unless the forge says when. What it makes wait for longer than the last comes too late. */
const RETRY_MS = [1_000, 5_000]
const LONGEST_MS = 60_000

/**
 * Leaves a reaction for what was put in the queue: once on a change, and on each comment that is for us. Gives a function that neither throws nor is waited for;
 * a reaction that cannot be left now is left at the next event.
 */
export function newAcknowledger(
  forgeFor: (ref: MergeRequestRef) => Forge,
  log: (fields: Record<string, unknown>, message: string) => void,
  signal: AbortSignal,
): (job: Job) => void {
  const known = new Set<string>()
  const waiting: Array<{ key: string; job: Job }> = []
  let running = 0
  const next = async (): Promise<void> => {
    if (running >= AT_ONCE) return
    running += 1
    for (let one = waiting.shift(); one && !signal.aborted; one = waiting.shift()) {
      const { job, key } = one
      try {
        const comment = job.kind === 'answer' ? job.comment : undefined
        await again(() => forgeFor(job.ref).ensureReaction(job.ref, comment, signal), signal)
      } catch {
        known.delete(key)
        log({ job: job.kind, delivery: job.delivery }, 'no reaction could be left')
      }
    }
    running -= 1
  }
  return (job) => {
    if (job.kind === 'cancel') return
    const key = job.kind === 'answer' ? `${changeKey(job.ref)} ${job.comment.place} ${job.comment.id}` : changeKey(job.ref)
    if (known.has(key) || waiting.length >= MOST_WAITING) return
    known.add(key)
    const [oldest] = known
    if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest)
    waiting.push({ key, job })
    next().catch(() => {})
  }
}

async function again(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (const waitMs of RETRY_MS) {
    try {
      return await work()
    } catch (error) {
      const { retryAfterMs = waitMs } = error as ServiceError
      if (!(error instanceof ServiceError) || retryAfterMs > LONGEST_MS) throw error
      await sleep(retryAfterMs, undefined, { signal })
    }
  }
  return await work()
}
