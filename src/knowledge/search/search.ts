/** A question to passages. */
import type { Database } from '../../database/database.ts'
import { SOURCE_TYPES, type SourceType, TRUST } from '../document.ts'
import type { Embedder } from '../embedder.ts'
import type { FoundPassage, Question } from '../knowledge-base.ts'
import { embedChecked } from '../storage/checked-vectors.ts'
import type { Vectors } from '../storage/vectors.ts'
import { addressOf, titleOf } from './address.ts'
import { diversify } from './diversify.ts'
import { findPassages, type PassageText, readPassages, readTexts } from './find-passages.ts'
import { fuse } from './fuse.ts'
import { quoteOf } from './quote.ts'
import { type Ranked, rank } from './rank.ts'
import type { Spelling } from './spelling.ts'
import { type Understood, understand } from './understand.ts'

/** Passages that are ranked in full. */
const ROUGHLY_BEST = 250
const NEAREST = 60
/** A question waits no longer for its vector; full text answers alone then. */
const EMBED_MS = 3_000

export interface Searcher {
  reader: Database
  spelling: Spelling
  vectors: Vectors | undefined
  embedder: Embedder | undefined
}

export interface Answer {
  understood: Understood
  best: Answering[]
}

export type Answering = Ranked & { text: PassageText }

export async function answer(searcher: Searcher, question: Question, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted()
  const types = question.types ?? SOURCE_TYPES
  const [understood, near] = await Promise.all([
    understand(question.text, searcher.reader, searcher.spelling),
    nearest(searcher, question, types, signal),
  ])
  const where = { postgres: question.postgres, types, limit: ROUGHLY_BEST }
  const rows = await findPassages(searcher.reader, understood.weighed, understood.corpus, where)
  const byWords = rank(rows, understood.weighed, understood.corpus)
  const ranked = near.length === 0 ? byWords : fuse(byWords, await readPassages(searcher.reader, near, where))
  signal.throwIfAborted()
  const best = diversify(ranked, question.limit)
  const texts = await readTexts(
    searcher.reader,
    best.map(({ row }) => row),
  )
  signal.throwIfAborted()
  return {
    understood,
    best: best.flatMap((one) => (texts.has(one.row.id) ? [{ ...one, text: texts.get(one.row.id) as PassageText }] : [])),
  }
}

/** None where there are no vectors, or none for the question in time. */
async function nearest(
  { reader, vectors, embedder }: Searcher,
  question: Question,
  types: readonly SourceType[],
  signal: AbortSignal,
): Promise<string[]> {
  const table = embedder && (await vectors?.serving(reader))
  if (!embedder || !vectors || !table || question.text.trim() === '') return []
  try {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(EMBED_MS)])
    const [vector] = await embedChecked(embedder, [question.text], table, soon)
    return vector === undefined ? [] : await vectors.near(reader, table, vector, { types, postgres: question.postgres, limit: NEAREST })
  } catch {
    signal.throwIfAborted()
    return []
  }
}

export function foundPassage({ row, text, score }: Answering, { weighed }: Understood): FoundPassage {
  return {
    id: row.id,
    url: addressOf(row),
    title: titleOf(row),
    quote: quoteOf(text.text, weighed).text,
    text: text.text,
    source: text.source,
    type: row.type,
    author: text.metadata.author,
    date: text.metadata.date,
    licence: text.metadata.licence,
    trust: TRUST[row.trust] ?? 'unknown',
    versions: versionsOf(text),
    score,
  }
}

function versionsOf({ from_version: from, to_version: to }: PassageText): FoundPassage['versions'] {
  return from === null || to === null ? null : { from, to }
}
