/** Which passages are looked at at all: what the GIN index finds at once. */
import { quoteLexeme } from './lexemes.ts'
import type { WeighedConcept, WeighedForm } from './weigh.ts'

/** Rows that ranking can read in the time there is. */
const BUDGET = 4_000
/** Words of one text come together more often than by chance. */
const TOGETHER = 4
const MOST_PAIRED = 7

/** A tsquery: rare forms alone, common ones in pairs, the commonest in threes. */
export function candidateQuery(concepts: readonly WeighedConcept[], all: number): string {
  const forms = concepts
    .flatMap(({ forms }, concept) => forms.map((form) => ({ ...form, concept })))
    .sort((a, b) => a.passages - b.passages || b.weight - a.weight)
  const alternatives: string[] = []
  let room = BUDGET
  const common: Array<WeighedForm & { concept: number }> = []
  for (const form of forms) {
    if (form.passages <= room) {
      alternatives.push(phraseQuery(form))
      room -= form.passages
    } else common.push(form)
  }
  const strongest = common.sort((a, b) => b.weight - a.weight).slice(0, MOST_PAIRED)
  for (const { query, expected } of combinations(strongest, all)) {
    if (expected > room && alternatives.length > 0) continue
    alternatives.push(query)
    room -= Math.min(room, expected)
  }
  return alternatives.join(' | ')
}

function combinations(forms: ReadonlyArray<WeighedForm & { concept: number }>, all: number): Array<{ query: string; expected: number }> {
  const found: Array<{ query: string; expected: number; weight: number }> = []
  const share = (form: WeighedForm): number => form.passages / Math.max(1, all)
  for (const [index, a] of forms.entries()) {
    for (const b of forms.slice(index + 1)) {
      if (a.concept === b.concept) continue
      const expected = all * share(a) * share(b) * TOGETHER
      found.push({ query: `(${phraseQuery(a)} & ${phraseQuery(b)})`, expected, weight: a.weight + b.weight })
      if (expected <= BUDGET) continue
      for (const c of forms.slice(forms.indexOf(b) + 1)) {
        if (c.concept === a.concept || c.concept === b.concept) continue
        found.push({
          query: `(${phraseQuery(a)} & ${phraseQuery(b)} & ${phraseQuery(c)})`,
          expected: expected * share(c) * TOGETHER,
          weight: a.weight + b.weight + c.weight,
        })
      }
    }
  }
  const sorted = found.sort((a, b) => b.weight - a.weight)
  return sorted.length > 0 || forms[0] === undefined ? sorted : [{ query: phraseQuery(forms[0]), expected: forms[0].passages }]
}

export function phraseQuery({ lexemes }: { lexemes: readonly string[] }): string {
  const quoted = lexemes.map(quoteLexeme)
  return quoted.length === 1 ? (quoted[0] as string) : `(${quoted.join(' <-> ')})`
}
