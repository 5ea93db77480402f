import type { DatabaseError, Notice } from '../clones/clone.ts'
import type { Effects } from '../sql/effects.ts'

/** What the `effects` experiment saw of one statement. */
export interface Measurement {
  /** Effects of the statement run in a transaction of its own, from the state its predecessors left. Undefined when it could not be observed. */
  effects: Effects | undefined
  /** Why effects are missing or incomplete: `it runs outside a transaction, so its locks are gone when it ends`. */
  unmeasured?: string
  /** Milliseconds on the clone; says nothing about production. */
  ms?: number
  rows?: number
  /** The error when it ran as its tool runs it (in the file's transaction, say); undefined when it succeeded. */
  error?: DatabaseError
  /** The first statement of its transaction to fail is the cause; those after it only follow. */
  blockedBy?: number
  /** WARNINGs and NOTICEs, never debug messages. */
  notices: Notice[]
  /** What is different in the catalog: `drops index public.orders_email_idx`, `adds column public.orders.note`. */
  differences: string[]
}
