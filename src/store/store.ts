/** What the service remembers. Changes are named by `changeKey`. */
import type { ForgeName } from '../forges/forge.ts'

export interface Store {
  /** A person muted a finding in this change, with a reason. */
  addIgnore(change: string, ignore: Ignore): Promise<void>
  listIgnores(change: string): Promise<Ignore[]>
  /** A maintainer asked for clones with production's data for a change of somebody without write permission. Holds for the commit that was looked at. */
  addTrust(change: string, trust: Trust): Promise<void>
  listTrusts(change: string): Promise<Trust[]>
  /** Whether `what` was not said yet in this change; true again for the same comment, whose answer may have been cut off. */
  isFirst(change: string, what: string, comment: number): Promise<boolean>
  /** Kept for `explain` and for whoever looks afterwards; a second one of the same commit replaces the first. */
  saveReview(review: StoredReview): Promise<void>
  /** The newest. */
  findReview(change: string): Promise<StoredReview | undefined>
  /** Clones were used for so long beside reviews, whose seconds `saveReview` counts. */
  addSpending(owner: string, spent: { finishedAt: Date; seconds: number }): Promise<void>
  /** Seconds of clones that an installation or project took since then. */
  secondsSpent(owner: string, since: Date): Promise<number>
  [Symbol.asyncDispose](): Promise<void>
}

export interface Ignore {
  fingerprint: string
  reason: string
  /** Login. */
  by: string
}

export interface Trust {
  headSha: string
  by: string
}

export interface StoredReview {
  change: string
  forge: ForgeName
  /** Whose budget it was: `github:installation:17`, `gitlab:42`. */
  owner: string
  headSha: string
  finishedAt: Date
  seconds: number
  /** As `review --format json` gives it. */
  report: unknown
}
