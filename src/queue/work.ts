import { createHash } from 'node:crypto'
import type { ServiceError } from '../errors.ts'
import type { MergeRequestRef } from '../forges/forge.ts'
import type { QueueLimits } from './limits.ts'
import type { Job, Task } from './queue.ts'

/** A job as it lies in the queue. */
export interface Work {
  job: Task
  /** How often it was tried and something outside failed. */
  attempts: number
  /** How many workers died over it. */
  deaths: number
  /** Some worker had it before. */
  isBegun?: boolean | undefined
  /** When it came, in ms since 1970. */
  since: number
  /** Not before: what the service that failed said, in ms since 1970. */
  notBefore?: number | undefined
}

export function newWork(job: Task): Work {
  return { job, attempts: 0, deaths: 0, since: Date.now() }
}

/** Whose turn it is at once: an installation of the GitHub App, or a project. */
export function ownerOf({ forge, installation, repositoryId }: MergeRequestRef): string {
  return installation === undefined ? `${forge}:${repositoryId}` : `${forge}:installation:${installation}`
}

/** A delivery's id comes from a header that no signature covers: a long one is shortened to its hash. */
export function deliveryOf({ delivery }: Job): string {
  return delivery.length <= 100 ? delivery : createHash('sha256').update(delivery).digest('hex')
}

/** One review for two that were asked for: the newer one's names, and asked for by a person when either was. */
export function merge(older: Task, newer: Task): Task {
  if (older.kind !== 'review' || newer.kind !== 'review') return newer
  return { ...newer, isAsked: older.isAsked || newer.isAsked }
}

/** Whether a failure of something outside is the end of it: it was tried often enough, or for long enough. */
export function isLastAttempt(work: Work, limits: QueueLimits): boolean {
  return work.attempts + 1 >= limits.attempts || Date.now() >= endOf(work, limits)
}

/**
 * The work to do again and when, in ms from now: not before the service said, else twice as long each time. With jitter, so that what failed together does
 * not come back together. At the end of its hours it is tried for the last time.
 */
export function tryAgain(
  work: Work,
  error: ServiceError,
  limits: QueueLimits,
  random: () => number = Math.random,
): { work: Work; delayMs: number } {
  const { firstRetryMs, longestRetryMs } = limits
  const told = error.retryAfterMs
  const backOff = Math.min(longestRetryMs, firstRetryMs * 2 ** work.attempts) * (0.5 + random() / 2)
  const delay = told === undefined ? backOff : Math.max(0, told) + Math.min(Math.max(0, told) / 10, firstRetryMs) * random()
  const now = Date.now()
  const delayMs = Math.ceil(Math.min(delay, Math.max(0, endOf(work, limits) - now)))
  return { work: { ...work, attempts: work.attempts + 1, notBefore: told === undefined ? undefined : now + delayMs }, delayMs }
}

function endOf(work: Work, limits: QueueLimits): number {
  return work.since + limits.retryHours * 3_600_000
}
