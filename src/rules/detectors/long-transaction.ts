import type { Detector } from '../claim.ts'

const LIMIT = 20

/** The first operation past the limit, in each transaction that has one. Needs counting, which conditions cannot do. */
export const longTransaction: Detector = ({ statements }) => {
  const counts = new Map<number, number>()
  return statements.flatMap((statement) =>
    statement.operations
      .filter(({ transaction, lock }) => {
        if (lock === 'none' || transaction.mode === 'none') return false
        const count = (counts.get(transaction.number) ?? 0) + 1
        counts.set(transaction.number, count)
        return count === LIMIT + 1
      })
      .map((operation) => ({ statement, operation })),
  )
}
