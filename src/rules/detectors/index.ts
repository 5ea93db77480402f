import type { Detector } from '../claim.ts'
import { longTransaction } from './long-transaction.ts'

/** The detectors a rule file may name in `detect:`. */
export const detectors: Record<string, Detector> = {
  'long-transaction': longTransaction,
}
