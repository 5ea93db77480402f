/** The second ranking, of the some hundred best: by how, where and how near each other a passage says what was asked. */
import { headings } from '../storage/store-documents.ts'
import type { PassageRow } from './find-passages.ts'
import { readWords } from './lexemes.ts'
import type { Corpus, WeighedConcept, WeighedForm } from './weigh.ts'

export interface Ranked {
  row: PassageRow
  score: number
}

export const TUNING = {
  saturation: 0.9,
  length: 0.35,
  name: 2.2,
  above: 1.3,
  coverage: 0.6,
  near: 0.35,
  nearest: 8,
  named: 0.25,
  page: 0.15,
}

export function rank(rows: readonly PassageRow[], concepts: readonly WeighedConcept[], corpus: Corpus): Ranked[] {
  const total = concepts.reduce((sum, { weight }) => sum + weight, 0)
  const read = rows.map((row) => ({ row, ...judge(row, concepts, corpus, total) }))
  const pages = new Map<string, number[]>()
  for (const { row, hits } of read) {
    const best = pages.get(row.document) ?? concepts.map(() => 0)
    pages.set(row.document, best.map((value, index) => Math.max(value, hits[index] ?? 0)))
  }
  return read
    .map(({ row, score }) => ({ row, score: score + TUNING.page * (pages.get(row.document) ?? []).reduce((sum, value) => sum + value, 0) }))
    .sort((a, b) => b.score - a.score || Number(a.row.id) - Number(b.row.id))
}

interface Places {
  text: Map<string, number[]>
  name: Set<string>
  above: Set<string>
}

function judge(row: PassageRow, concepts: readonly WeighedConcept[], corpus: Corpus, total: number): { score: number; hits: number[] } {
  const { name, above } = headings(row.title, row.breadcrumb, row.term)
  const places: Places = { text: positionsOf(row.text), name: new Set(positionsOf(name).keys()), above: new Set(positionsOf(above).keys()) }
  const norm = 1 - TUNING.length + (TUNING.length * row.length) / corpus.meanLength
  const hits = concepts.map(({ forms }) => Math.max(0, ...forms.map((form) => formScore(form, places, norm))))
  const matched = concepts.reduce((sum, { weight }, index) => sum + Math.min(weight, hits[index] ?? 0), 0)
  const coverage = (matched / Math.max(total, 1e-9)) ** TUNING.coverage
  const sum = hits.reduce((a, b) => a + b, 0)
  const near = nearness(concepts, places)
  return { score: sum * (0.4 + 0.6 * coverage) + TUNING.near * near + TUNING.named * named(name, concepts, places), hits }
}

function formScore({ lexemes, weight }: WeighedForm, { text, name, above }: Places, norm: number): number {
  const inText = lexemes.length === 1 ? (text.get(lexemes[0] as string)?.length ?? 0) : phrases(lexemes, text)
  const inName = lexemes.every((lexeme) => name.has(lexeme)) ? TUNING.name : 0
  const inAbove = lexemes.every((lexeme) => above.has(lexeme)) ? TUNING.above : 0
  const often = inText / norm + inName + inAbove
  return (weight * often * (1 + TUNING.saturation)) / (often + TUNING.saturation)
}

function phrases(lexemes: readonly string[], text: ReadonlyMap<string, number[]>): number {
  const [first = '', ...rest] = lexemes
  return (text.get(first) ?? []).filter((at) => rest.every((lexeme, index) => text.get(lexeme)?.includes(at + index + 1))).length
}

/** Neighbours of the question that are neighbours here. */
function nearness(concepts: readonly WeighedConcept[], { text }: Places): number {
  const at = concepts.map(({ forms }) => forms.flatMap(({ lexemes }) => text.get(lexemes[0] as string) ?? []))
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

/** How much of the passage's name was asked for. */
function named(name: string, concepts: readonly WeighedConcept[], places: Places): number {
  const stems = [...places.name]
  if (stems.length === 0 || name === '') return 0
  let found = 0
  let weight = 0
  for (const concept of concepts) {
    const form = concept.forms.find(({ lexemes }) => lexemes.every((lexeme) => places.name.has(lexeme)))
    if (!form) continue
    found += form.lexemes.length
    weight += form.weight
  }
  return weight * Math.min(1, found / stems.length)
}

function positionsOf(text: string): Map<string, number[]> {
  const found = new Map<string, number[]>()
  let position = 0
  const add = (lexeme: string): void => {
    const known = found.get(lexeme)
    if (known) known.push(position)
    else found.set(lexeme, [position])
  }
  for (const { parts, whole } of readWords(text)) {
    if (whole !== null) add(whole)
    if (parts.length === 0) position++
    for (const { stem } of parts) {
      add(stem)
      position++
    }
  }
  return found
}
