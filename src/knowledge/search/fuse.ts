import type { PassageRow } from './find-passages.ts'
import { belief, type Ranked } from './rank.ts'

/** Of reciprocal rank fusion: https://plg.uwaterloo.ca/~gvcormac/cormacksigir09-rrf.pdf */
const DAMPING = 60

/** Two rankings as one: by rank, as their scores cannot be compared. The first is of full text, and so sorted. */
export function fuse(byWords: readonly Ranked[], byMeaning: readonly PassageRow[]): Ranked[] {
  const rows = new Map<string, Ranked>()
  const add = (row: PassageRow, rank: number): void => {
    const known = rows.get(row.id)
    rows.set(row.id, { row: known?.row ?? row, score: (known?.score ?? 0) + belief(row) / (DAMPING + rank + 1) })
  }
  for (const [rank, { row }] of byWords.entries()) add(row, rank)
  for (const [rank, row] of byMeaning.entries()) add(row, rank)
  return [...rows.values()].sort((a, b) => b.score - a.score || Number(a.row.id) - Number(b.row.id))
}
