import { addressOf } from './address.ts'
import type { Ranked } from './rank.ts'

/** What a further passage of one page counts of its score. */
const AGAIN = 0.93

/** The best of each place; further ones of a page only when they stand out. */
export function diversify(ranked: readonly Ranked[], limit: number): Ranked[] {
  const left = new Map<string, Ranked>()
  for (const one of ranked) {
    const address = addressOf(one.row)
    if (!left.has(address)) left.set(address, one)
  }
  const chosen: Ranked[] = []
  const pages = new Map<string, number>()
  while (chosen.length < limit && left.size > 0) {
    let best: { address: string; one: Ranked; score: number } | undefined
    for (const [address, one] of left) {
      if (best && one.score <= best.score) break
      const score = one.score * AGAIN ** (pages.get(one.row.document) ?? 0)
      if (!best || score > best.score) best = { address, one, score }
    }
    if (!best) break
    left.delete(best.address)
    chosen.push({ row: best.one.row, score: best.score })
    pages.set(best.one.row.document, (pages.get(best.one.row.document) ?? 0) + 1)
  }
  return chosen
}
