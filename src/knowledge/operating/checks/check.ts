import type { Database, Session } from '../../../database/database.ts'
import type { Problem } from '../../upkeep.ts'

/** Looks for one kind of trouble. */
export interface Check {
  /** What it looks at: `passages and their documents`. */
  looksAt: string
  /** Only reads, and sees the base at one moment. */
  find(session: Session, context: CheckContext): Promise<Found[]>
}

interface CheckContext {
  staleDays: number
  signal: AbortSignal
}

export interface Found extends Omit<Problem, 'isMended'> {
  /** Puts it right without losing anything that is not stored elsewhere; 'prepared' when a sync has to do the rest. */
  mend?: (database: Database, signal: AbortSignal) => Promise<'mended' | 'prepared'>
}

/** Of examples, and of names in a sentence. */
export const SHOWN = 5
