/** What is known, searched and cited. */

import type { SourceDeclaration } from './declaration.ts'
import type { SourceType, Trust } from './document.ts'
import type { Model } from './embedder.ts'
import type { Source } from './source.ts'
import type { Cost } from './upkeep.ts'

export interface Question {
  text: string
  /** Major version of the asker's server: passages for it go before others. */
  postgres?: number | undefined
  limit: number
  /** Only of these types; all when not told. */
  types?: readonly SourceType[] | undefined
}

export interface FoundPassage {
  id: string
  /** With the anchor. */
  url: string
  /** `ALTER TABLE › Notes`. */
  title: string
  /** The part that answers, literally. */
  quote: string
  /** The whole passage. */
  text: string
  source: string
  type: SourceType
  author: string | null
  date: string | null
  licence: string | null
  trust: Trust
  versions: { from: number; to: number } | null
  /** Higher is better; only comparable within one answer. */
  score: number
}

/** A literal quote of at most 40 words, found in its passage. */
export interface Citation {
  passage: string
  title: string
  author: string | null
  url: string
  quote: string
}

export interface SyncReport {
  source: string
  added: number
  changed: number
  unchanged: number
  removed: number
  failed: Array<{ key: string; reason: string }>
  problems: Array<{ key: string; problem: string }>
  passages: number
  ms: number
}

export interface EmbeddingState {
  /** What is configured. */
  model: Model
  /** Passages that have no vector of it yet; tokens as countTokens has them. */
  missing: { passages: number; tokens: number }
  cost: Cost
  /** What searches use meanwhile; undefined before there is anything. */
  serving: Model | undefined
}

export interface KnowledgeBase {
  declare(declaration: SourceDeclaration): Promise<void>
  list(): Promise<Array<{ declaration: SourceDeclaration; documents: number; passages: number; syncedAt: Date | null }>>
  /** With everything of it. */
  remove(name: string): Promise<void>
  /**
   * Brings a source up to date: new and changed documents are cut, stored and searchable at once, those that are gone disappear at the end. Cut off at any point the
   * next one goes on; nothing is lost and nothing is there twice.
   */
  sync(name: string, source: Source, context: { signal: AbortSignal; progress(what: string): void }): Promise<SyncReport>
  /** Undefined when no model is configured. A UserError when there is no pgvector: search is by words alone. */
  embedding(): Promise<EmbeddingState | undefined>
  /**
   * Makes the vectors that are missing, as a sync does at its end. Those of an earlier model serve until the new ones are all there. Cut off at any point the next one
   * goes on, and none is asked for twice. Gives how many were made. A UserError as `embedding`.
   */
  embed(context: { signal: AbortSignal; progress(what: string): void }): Promise<number>
  search(question: Question, signal: AbortSignal): Promise<FoundPassage[]>
  /** The passage that supports a statement, with the words that do; undefined when there is none that does. */
  cite(claim: string, postgres: number | undefined, signal: AbortSignal): Promise<Citation | undefined>
  /** The same of several statements and one page of a manual, by its address; with an anchor only what stands there. */
  quote(claims: readonly string[], url: string, signal: AbortSignal): Promise<Citation | undefined>
  close(): Promise<void>
}
