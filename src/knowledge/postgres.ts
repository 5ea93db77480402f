import { type Database, SCHEMA } from '../database/database.ts'
import { UserError } from '../errors.ts'
import { SourceDeclaration } from './declaration.ts'
import { type KnowledgeDocument, type Passage, SOURCE_TYPES, type SourceType, TRUST } from './document.ts'
import type { FoundPassage, KnowledgeBase, Question } from './knowledge-base.ts'
import { findPassages, type PassageRow } from './search/find-passages.ts'
import { readQuestion } from './search/question-words.ts'
import { rank } from './search/rank.ts'
import { readFrequencies, weigh } from './search/weigh.ts'
import { removeDocuments } from './storage/store-documents.ts'
import { syncSource, tidy } from './storage/sync.ts'

const ROUGHLY_BEST = 150

export async function postgresKnowledgeBase(
  database: Database,
  options: { replica?: Database; split: (document: KnowledgeDocument) => Passage[] },
): Promise<KnowledgeBase> {
  const reader = options.replica ?? database
  return {
    async declare(declaration) {
      await database.query(
        `insert into ${SCHEMA}.sources (name, type, declaration) values ($1, $2, $3) on conflict (name) do update set declaration = excluded.declaration`,
        [declaration.name, declaration.type, JSON.stringify(declaration)],
      )
    },
    list: async () => [],
    remove: async () => {},
    sync: async (name, source, context) => await syncSource(database, { name, type: 'manual' }, source, options.split, context),
    async search(question, signal) {
      const concepts = readQuestion(question.text)
      const lexemes = [...new Set(concepts.flatMap(({ forms }) => forms.flatMap((form) => form.lexemes)))]
      const { corpus, frequencies } = await readFrequencies(reader, lexemes)
      const weighed = weigh(concepts, frequencies, corpus)
      const rows = await findPassages(reader, weighed, corpus, { postgres: question.postgres, types: question.types ?? SOURCE_TYPES, limit: ROUGHLY_BEST })
      const seen = new Set<string>()
      return rank(rows, weighed, corpus).filter(({row}) => { const k = urlOf(row); if (seen.has(k)) return false; seen.add(k); return true }).slice(0, question.limit).map(({ row, score }) => found(row, score))
    },
    cite: async () => undefined,
    close: async () => {},
  }
}
function urlOf(row: PassageRow) { return row.anchor === null ? row.url : `${row.url}#${row.anchor}` }
function found(row: PassageRow, score: number): FoundPassage {
  return { id: row.id, url: urlOf(row), title: [row.title, ...row.breadcrumb, ...(row.term ? [row.term] : [])].join(' › '), quote: '', text: row.text, source: row.source, type: row.type, author: row.metadata.author, date: row.metadata.date, licence: row.metadata.licence, trust: TRUST[row.trust] ?? 'unknown', versions: null, score }
}
