/** Limits of the queue, in one place. Tests make some of them shorter. */
export interface QueueLimits {
  /** Between two looks for work, and for cancellations. */
  pollMs: number
  /** Between two signs of life of a worker, and between two looks for dead ones. */
  renewMs: number
  /** A worker whose last sign of life is older counts as dead: its jobs begin anew elsewhere. By the database's clock. */
  leaseMs: number
  /** A worker that could give no sign of life for so long drops its jobs, before another takes them. By its own clock. */
  fenceMs: number
  /** A job is aborted after it. */
  jobMs: number
  /** How long an aborted job may take to end, when the worker stops. */
  abortedMs: number
  /** How often a job is tried when something outside fails, and for how long. */
  attempts: number
  retryHours: number
  /** The first wait; it doubles up to the longest. */
  firstRetryMs: number
  longestRetryMs: number
  /** Workers that may die over one job, as it may be what kills them. */
  deaths: number
}

export const QUEUE_LIMITS: QueueLimits = {
  pollMs: 500,
  renewMs: 2_000,
  leaseMs: 10_000,
  fenceMs: 7_000,
  jobMs: 3_600_000,
  abortedMs: 2_000,
  attempts: 20,
  retryHours: 24,
  firstRetryMs: 5_000,
  longestRetryMs: 1_800_000,
  deaths: 10,
}
