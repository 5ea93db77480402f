import type { BaseScript, DatabaseError, SkippedBase, Step, StepOutcome } from './clone.ts'

/** What a clone asks its worker thread, and what comes back. */
export interface Calls {
  /** Loads a snapshot, or makes a new cluster; `corrupt` when the snapshot cannot be used, and nothing was started. */
  start: {
    request: { snapshot: string | undefined; extensions: string[] }
    result: { corrupt: boolean; version: string; skipped: SkippedBase[] }
  }
  replay: { request: { scripts: BaseScript[] }; result: SkippedBase[] }
  save: { request: { path: string; skipped: SkippedBase[] }; result: null }
  query: { request: { sql: string; parameters: unknown[] }; result: unknown[] }
  batch: { request: { steps: readonly Step[] }; result: StepOutcome[] }
}
export type CallName = keyof Calls

export interface WorkerRequest<Name extends CallName = CallName> {
  id: number
  name: Name
  request: Calls[Name]['request']
}

/** `wedged` is the end of the instance; `database` is an answer; anything else is our bug. */
export type WorkerReply =
  | { id: number; result: unknown }
  | { id: number; failure: { kind: 'wedged' | 'database' | 'bug'; message: string; error?: DatabaseError } }

/**
 * Slots of the memory shared with the worker: how many statements it has begun, which is how the clone tells a long
 * history from one endless statement; and which step of a batch, or script of a replay, it is at.
 */
export const PROGRESS = { statements: 0, position: 1, length: 2 } as const
