/** Work that waits, survives the process, and is done at least once. */
import type { CommentRef, MergeRequestRef } from '../forges/forge.ts'

/** What there is to do. `delivery` is the webhook's own id, for logs. */
export type Job =
  /** `isAsked`: by a person, who wants it although it is a draft. */
  | { kind: 'review'; ref: MergeRequestRef; delivery: string; isAsked?: boolean | undefined }
  /** Its review, waiting or running, is for nothing. */
  | { kind: 'cancel'; ref: MergeRequestRef; delivery: string }
  | { kind: 'answer'; ref: MergeRequestRef; comment: CommentRef; delivery: string }

/** One merge request: `github:42:7`. Of a change one review runs and one waits. */
export function changeKey({ forge, repositoryId, number }: MergeRequestRef): string {
  return `${forge}:${repositoryId}:${number}`
}

/** What reaches a worker: a `cancel` is done by the queue itself. */
export type Task = Exclude<Job, { kind: 'cancel' }>

/** Why a job's signal was aborted: its `reason`. After `stopping` and `lost` the job begins anew, after the others it does not. */
export type AbortReason = 'cancelled' | 'stopping' | 'lost' | 'too long'

/** Which try of a job it is. */
export interface Attempt {
  /** A ServiceError is not retried any more. */
  isLast: boolean
  /** It was begun before, and may have left a status that says it runs. */
  isBegun: boolean
  /** So many workers ended while they did it that it is not to be done, only told. It counts as failed. */
  isGivenUp: boolean
}

/**
 * What a worker does with a job. Thrown ServiceErrors are retried (after `retryAfterMs`, where they say it; not after the last attempt), a Gone ends it quietly,
 * everything else is recorded as failed. `signal` aborts when the change was closed, when the worker stops (it begins anew elsewhere, also when the handler
 * returned), when another worker may have taken it, and after an hour.
 */
export type Handler = (job: Task, attempt: Attempt, signal: AbortSignal) => Promise<void>

export interface Queue {
  /**
   * Puts a job in, once for each delivery and kind: false when it was seen before. Of reviews of one change at most one waits: a second one is dropped, as the
   * one that waits will see the newest commit. A `cancel` aborts the running review and removes the waiting one; one that was
   * begun before is done at once instead, as it finds the change closed and ends its status.
   */
  add(job: Job): Promise<boolean>
  /**
   * Starts to work: so many reviews at once, and half as many answers beside them, so that a question does not wait for a review to end. Of one installation
   * or project at most `perInstallation` of each, over all workers.
   */
  work(handler: Handler, options: { concurrency: number; perInstallation: number }): Promise<void>
  /** Takes nothing more and waits for what runs, at most so long; what is not done by then is aborted, handed back and begins anew elsewhere. */
  stop(graceMs: number): Promise<void>
  /** For /metrics. */
  counts(): Promise<QueueCounts>
}

export interface QueueCounts {
  waiting: number
  running: number
  failed: number
}
