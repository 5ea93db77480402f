import { namesElsewhere, type Rule } from './rule.ts'

/** The rule whose id, or whose name in another tool, is nearest to a name nobody has; undefined when nothing is like it. */
export function nearestRule(name: string, rules: readonly Rule[]): string | undefined {
  const candidates = rules.flatMap((rule) =>
    [rule.id, ...namesElsewhere(rule).map((alias) => alias.slice(alias.indexOf('/') + 1))].map((known) => ({ id: rule.id, known })),
  )
  const ranked = candidates
    .map(({ id, known }) => ({ id, changes: changesBetween(name, known.toLowerCase()) }))
    .sort((a, b) => a.changes - b.changes)
  const [best] = ranked
  return best && best.changes <= name.length / 2 ? best.id : undefined
}

/** How many letters must be added, removed or replaced to turn one word into the other. */
function changesBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replaced))
    }
    row = next
  }
  return row[other.length] ?? 0
}
