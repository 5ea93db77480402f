import { z } from 'zod'

/** How a script is sent, of every experiment that runs one. */
export const Transaction = z
  .enum(['file', 'implicit', 'none'])
  .default('file')
  .describe('How its tool sends it: one transaction, one query, or each statement alone.')
