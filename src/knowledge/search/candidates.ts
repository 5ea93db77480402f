/** Which passages are looked at at all: what the GIN index finds at once. */
import { quoteLexeme } from './lexemes.ts'
import type { WeighedConcept, WeighedForm } from './weigh.ts'

/** Rows that ranking can read in the time there is: of one type alone, and of each when there are several. */
const BUDGET = { alone: 3_000, each: 1_500 }
/** Words of one text come together more often than by chance. */
const TOGETHER = 3
/** Forms that are looked for in twos and in threes: the heaviest. */
const MOST = { paired: 10, threes: 7 }

interface Group {
  forms: readonly Placed[]
  expected: number
  weight: number
}

type Placed = WeighedForm & { concept: number; share: number }

/** A tsquery: groups of words that say much of the question, as many as there is room for. Rare words may stand alone, common ones only with others. */
export function candidateQuery(concepts: readonly WeighedConcept[], all: number, ofType: number): string {
  const part = ofType / Math.max(1, all)
  const forms: Placed[] = concepts
    .flatMap((concept, index) =>
      concept.forms.map((form) => ({ ...form, passages: form.passages * part, concept: index, share: form.passages / Math.max(1, all) })),
    )
    .sort((a, b) => b.weight - a.weight || a.passages - b.passages)
  const groups = [...groupsOf(forms, ofType)].sort((a, b) => b.weight - a.weight)
  const chosen: Group[] = []
  let room = part > 0.99 ? BUDGET.alone : BUDGET.each
  for (const group of groups) {
    if (group.expected > room && chosen.length > 0) continue
    chosen.push(group)
    room -= group.expected
  }
  // Who has two of three words is found by the two.
  const least = chosen.filter(
    ({ forms: these }) => !chosen.some((other) => other.forms.length < these.length && other.forms.every((form) => these.includes(form))),
  )
  return least
    .map(({ forms: these }) => these.map(phraseQuery).join(' & '))
    .map((query) => `(${query})`)
    .join(' | ')
}

function* groupsOf(forms: readonly Placed[], all: number): Generator<Group> {
  for (const [index, a] of forms.entries()) {
    yield { forms: [a], expected: a.passages, weight: a.weight }
    for (const [offset, b] of forms.slice(index + 1, MOST.paired).entries()) {
      if (a.concept === b.concept) continue
      const expected = Math.min(a.passages, b.passages, all * a.share * b.share * TOGETHER)
      yield { forms: [a, b], expected, weight: a.weight + b.weight }
      for (const c of forms.slice(index + offset + 2, MOST.threes)) {
        if (c.concept === a.concept || c.concept === b.concept) continue
        yield {
          forms: [a, b, c],
          expected: Math.min(expected, c.passages, expected * c.share * TOGETHER),
          weight: a.weight + b.weight + c.weight,
        }
      }
    }
  }
}

export function phraseQuery({ lexemes }: { lexemes: readonly string[] }): string {
  const quoted = lexemes.map(quoteLexeme)
  return quoted.length === 1 ? (quoted[0] as string) : `(${quoted.join(' <-> ')})`
}
