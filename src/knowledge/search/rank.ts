/** The second ranking, of the some hundred best: by how, where and how near each other a passage says what was asked. */

import { audience } from './audience.ts'
import type { PassageRow } from './find-passages.ts'
import { findForm, type Places, placesOf } from './places.ts'
import type { Corpus, WeighedConcept } from './weigh.ts'

export interface Ranked {
  row: PassageRow
  score: number
}

/** Found by trying on the development questions: test/bench/knowledge.ts. */
const TUNING = {
  /** How soon saying a word again counts no more. */
  saturation: 1.7,
  /** How much less it counts in a long passage. */
  length: 0.3,
  /** Times that a word in the passage's own name counts, and in those above it. */
  name: 0.9,
  above: 1.9,
  /** How much of the score hangs on how much of the question is said at all. */
  coverage: 0.25,
  covered: 0.2,
  /** Neighbours of the question that are at most `nearest` words apart. */
  near: 0.21,
  nearest: 8,
  /** What is said within so many words. */
  window: 0.25,
  windowWords: 30,
  named: 0.18,
  /** What other passages of the page, and of the section, add. */
  page: 0.28,
  section: 0.29,
  power: 0.65,
  /** What is left of the score of a passage for others than those who ask. */
  aside: 0.8,
}

export function rank(rows: readonly PassageRow[], asked: readonly WeighedConcept[], corpus: Corpus): Ranked[] {
  const concepts = asked.map(levelled)
  const wanted = new Set(concepts.flatMap(({ forms }) => forms.flatMap(({ lexemes }) => lexemes)))
  const total = concepts.reduce((sum, { weight }) => sum + weight, 0)
  const places = placesOf(wanted)
  const judged = rows.map((row) => ({ row, ...judge(row, places(row.words), concepts, corpus, total) }))
  const pages = bestOf(judged, ({ document }) => document)
  const sections = bestOf(judged, ({ document, anchor }) => `${document}#${anchor}`)
  return judged
    .map(({ row, score }) => {
      const around = TUNING.page * (pages.get(row.document) ?? 0) + TUNING.section * (sections.get(`${row.document}#${row.anchor}`) ?? 0)
      return { row, score: (score + around) * (audience(row, concepts) ? 1 : TUNING.aside) * belief(row) }
    })
    .sort((a, b) => b.score - a.score || Number(a.row.id) - Number(b.row.id))
}

/** Rare words weigh less against common ones here than when rows are found: by now each passage says some of what was asked. */
function levelled({ forms, weight }: WeighedConcept): WeighedConcept {
  return { weight: weight ** TUNING.power, forms: forms.map((form) => ({ ...form, weight: form.weight ** TUNING.power })) }
}

/** What the passages of one place say together. */
function bestOf(judged: ReadonlyArray<{ row: PassageRow; hits: number[] }>, place: (row: PassageRow) => string): Map<string, number> {
  const best = new Map<string, number[]>()
  for (const { row, hits } of judged) {
    const known = best.get(place(row))
    best.set(place(row), known ? known.map((value, index) => Math.max(value, hits[index] ?? 0)) : hits)
  }
  return new Map([...best].map(([key, hits]) => [key, hits.reduce((sum, value) => sum + value, 0)]))
}

/** What of a score is left for who says it, and of which version. */
export function belief({ trust, is_other }: PassageRow): number {
  return (BELIEVED[trust] ?? 1) * (is_other ? OTHER_VERSION : 1)
}

/** By trust: unknown, high, highest. */
const BELIEVED = [0.85, 1, 1]
const OTHER_VERSION = 0.9

function judge(
  row: PassageRow,
  places: Places,
  concepts: readonly WeighedConcept[],
  corpus: Corpus,
  total: number,
): { score: number; hits: number[] } {
  const norm = 1 - TUNING.length + (TUNING.length * row.length) / corpus.meanLength
  const found = concepts.map(({ forms }) => forms.map(({ lexemes, weight }) => ({ lexemes, weight, at: findForm(lexemes, places.text) })))
  const hits = found.map((forms) =>
    Math.max(
      0,
      ...forms.map(({ lexemes, weight, at }) => {
        const inName = lexemes.every((lexeme) => places.name.has(lexeme)) ? TUNING.name : 0
        const inAbove = lexemes.every((lexeme) => places.above.has(lexeme)) ? TUNING.above : 0
        const often = at.length / norm + inName + inAbove
        return (weight * often * (1 + TUNING.saturation)) / (often + TUNING.saturation)
      }),
    ),
  )
  const matched = concepts.reduce((sum, { weight }, index) => sum + Math.min(weight, hits[index] ?? 0), 0)
  const coverage = (matched / Math.max(total, 1e-9)) ** TUNING.coverage
  const sum = hits.reduce((a, b) => a + b, 0)
  const places1 = found.map((forms) => forms.flatMap(({ at }) => at))
  return {
    score:
      sum * (1 - TUNING.covered + TUNING.covered * coverage) +
      TUNING.near * nearness(concepts, places1) +
      TUNING.window * window(found) +
      TUNING.named * named(concepts, places),
    hits,
  }
}

/** Neighbours of the question that are neighbours here. */
function nearness(concepts: readonly WeighedConcept[], at: ReadonlyArray<readonly number[]>): number {
  let sum = 0
  for (let index = 1; index < concepts.length; index++) {
    const [a = [], b = []] = [at[index - 1], at[index]]
    if (a.length === 0 || b.length === 0) continue
    let least = Number.POSITIVE_INFINITY
    for (const x of a) for (const y of b) if (x !== y) least = Math.min(least, Math.abs(y - x) + (y < x ? 1 : 0))
    const weight = Math.min(concepts[index - 1]?.weight ?? 0, concepts[index]?.weight ?? 0)
    if (least <= TUNING.nearest) sum += weight / Math.sqrt(least)
  }
  return sum
}

/** The most that is said within a sentence or two. */
function window(found: ReadonlyArray<ReadonlyArray<{ weight: number; at: readonly number[] }>>): number {
  const hits = found
    .flatMap((forms, concept) => forms.flatMap(({ weight, at }) => at.map((position) => ({ position, concept, weight }))))
    .sort((a, b) => a.position - b.position)
  let best = 0
  for (const [index, first] of hits.entries()) {
    const said = new Map<number, number>()
    for (let next = index; next < hits.length; next++) {
      const hit = hits[next]
      if (!hit || hit.position - first.position > TUNING.windowWords) break
      said.set(hit.concept, Math.max(said.get(hit.concept) ?? 0, hit.weight))
    }
    let sum = 0
    for (const weight of said.values()) sum += weight
    best = Math.max(best, sum)
  }
  return best
}

/** How much of the passage's name was asked for. */
function named(concepts: readonly WeighedConcept[], { name }: Places): number {
  if (name.size === 0) return 0
  let found = 0
  let weight = 0
  for (const concept of concepts) {
    const form = concept.forms.find(({ lexemes }) => lexemes.every((lexeme) => name.has(lexeme)))
    if (!form) continue
    found += form.lexemes.length
    weight += form.weight
  }
  return weight * Math.min(1, found / name.size)
}
