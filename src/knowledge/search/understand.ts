import type { Database } from '../../database/database.ts'
import { type Concept, readQuestion } from './question-words.ts'
import type { Spelling } from './spelling.ts'
import { type Corpus, readFrequencies, type WeighedConcept, weigh } from './weigh.ts'

/** A word this rare beside one much commoner that looks like it is a slip that others made too. */
const RARE = 1e-4
const MUCH_COMMONER = 50

export interface Understood {
  weighed: WeighedConcept[]
  /** Weight of all that was asked, what nothing stored says included. */
  asked: number
  corpus: Corpus
}

/** The question's concepts as this knowledge base can find them. */
export async function understand(text: string, database: Database, spelling: Spelling): Promise<Understood> {
  const concepts = readQuestion(text)
  const { corpus, frequencies } = await readFrequencies(database, lexemesOf(concepts))
  const guessed = await Promise.all(concepts.map(async (concept) => await spelled(concept, frequencies, corpus, spelling)))
  const missing = lexemesOf(guessed).filter((lexeme) => !frequencies.has(lexeme))
  if (missing.length > 0 && guessed.some((concept, index) => concept !== concepts[index])) {
    for (const [lexeme, passages] of (await readFrequencies(database, missing)).frequencies) frequencies.set(lexeme, passages)
  }
  const weighed = weigh(guessed, frequencies, corpus)
  const unknown = guessed.length - weighed.length
  return { weighed, corpus, asked: weighed.reduce((sum, { weight }) => sum + weight, 0) + unknown * Math.log(1 + corpus.passages) }
}

async function spelled(concept: Concept, frequencies: ReadonlyMap<string, number>, corpus: Corpus, spelling: Spelling): Promise<Concept> {
  if (concept.isQuoted) return concept
  const known = concept.forms.map(({ lexemes }) => Math.min(...lexemes.map((lexeme) => frequencies.get(lexeme) ?? 0)))
  const most = Math.max(0, ...known)
  if (most > corpus.passages * RARE && most > 0) return concept
  const guesses = await spelling.guess(concept.word)
  if (most === 0) return guesses.length > 0 ? { ...concept, forms: [...concept.forms, ...guesses] } : concept
  const sure = guesses.filter(
    ({ lexemes, weight }) =>
      weight > 0.8 && lexemes.length === 1 && (frequencies.get(lexemes[0] as string) ?? MUCH_COMMONER * most) >= MUCH_COMMONER * most,
  )
  return sure.length > 0 ? { ...concept, forms: [...concept.forms, ...sure] } : concept
}

function lexemesOf(concepts: readonly Concept[]): string[] {
  return [...new Set(concepts.flatMap(({ forms }) => forms.flatMap(({ lexemes }) => lexemes)))]
}
