/** How much each form of a concept counts in this knowledge base. */
import type { Session } from '../../database/database.ts'
import { SCHEMA } from '../../database/database.ts'
import type { Concept } from './question-words.ts'

export interface WeighedForm {
  lexemes: string[]
  /** In how many passages it is at most. */
  passages: number
  /** Weight of the form by rarity. */
  weight: number
}

export interface WeighedConcept {
  forms: WeighedForm[]
  /** What it counts when it is said in the best way. */
  weight: number
}

export interface Corpus {
  passages: number
  meanLength: number
  /** Passages of each type that has any. */
  types: ReadonlyMap<string, number>
}

export async function readFrequencies(
  session: Session,
  lexemes: readonly string[],
): Promise<{ corpus: Corpus; frequencies: Map<string, number> }> {
  const rows = await session.query<{ lexeme: string | null; type: string; passages: number; words: number }>(
    `select null as lexeme, type, sum(passages)::float8 as passages, sum(words)::float8 as words from ${SCHEMA}.sources where passages > 0 group by type
     union all select lexeme, '', passages::float8, 0 from ${SCHEMA}.words where lexeme = any($1::text[])`,
    [lexemes],
  )
  const totals = rows.filter(({ lexeme }) => lexeme === null)
  const passages = totals.reduce((sum, total) => sum + total.passages, 0)
  const words = totals.reduce((sum, total) => sum + total.words, 0)
  const types = new Map(totals.map((total) => [total.type, total.passages]))
  return {
    corpus: { passages, meanLength: Math.max(1, words / Math.max(1, passages)), types },
    frequencies: new Map(rows.flatMap(({ lexeme, passages: count }) => (lexeme === null ? [] : [[lexeme, count] as const]))),
  }
}

/** Forms that no passage has are left out, and concepts without any. */
export function weigh(concepts: readonly Concept[], frequencies: ReadonlyMap<string, number>, corpus: Corpus): WeighedConcept[] {
  return concepts.flatMap(({ forms, importance }) => {
    const weighed = forms.flatMap(({ lexemes, weight }): WeighedForm[] => {
      const counts = lexemes.map((lexeme) => frequencies.get(lexeme) ?? 0)
      const passages = Math.min(...counts)
      if (lexemes.length === 0 || passages <= 0) return []
      return [{ lexemes, passages, weight: weight * importance * rarity(passages, corpus.passages) }]
    })
    return weighed.length === 0 ? [] : [{ forms: weighed, weight: Math.max(...weighed.map(({ weight }) => weight)) }]
  })
}

function rarity(passages: number, all: number): number {
  return Math.log(1 + Math.max(0, all - passages + 0.5) / (passages + 0.5))
}
