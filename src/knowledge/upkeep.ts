/** What keeps a knowledge base in order, and carries it elsewhere. */
import type { SourceType } from './document.ts'
import type { Model } from './embedder.ts'

export interface Upkeep {
  /** Sums are kept as documents are stored, so that a large base is told of as fast as a small one. */
  statistics(): Promise<KnowledgeStatistics>
  /** Looks for everything that is known to go wrong; `fix` mends what can be mended without loss. */
  examine(context: { fix: boolean; staleDays: number; signal: AbortSignal; progress(what: string): void }): Promise<Problem[]>
  /** One file with whole sources, at one moment. It is there when it is complete, or not at all. */
  export(file: string, options: TransferOptions): Promise<TransferReport>
  /**
   * Takes over what a file has, after it was read and checked to its end: sources are replaced as a whole, by name, document by document as in a sync. Cut off, the
   * next import of the file goes on. A UserError for a file that is damaged, or not what it should be; then nothing is stored.
   */
  import(file: string, options: TransferOptions & { dryRun: boolean }): Promise<TransferReport>
}

export interface TransferOptions {
  /** Names of sources; all when empty. */
  only: readonly string[]
  signal: AbortSignal
  progress(what: string): void
}

export interface KnowledgeStatistics {
  sources: SourceStatistics[]
  total: Amounts & { tableBytes: number; indexBytes: number; vectorBytes: number }
  /** Models that passages were embedded with; the one searches use first. */
  models: Array<Model & { isComplete: boolean; vectors: number; missing: number }>
  /** To embed all passages anew: with the configured model, else with those there are, else with OpenAI's. */
  costs: Cost[]
}

interface Amounts {
  documents: number
  passages: number
  tokens: number
}

export interface SourceStatistics extends Amounts {
  name: string
  type: SourceType
  /** Dates that its documents bear, ISO 8601; null where none does. */
  oldest: string | null
  newest: string | null
  syncedAt: string | null
  /** Where it was read before it was imported, if it was and has not been pointed elsewhere. */
  importedFrom: string | null
  tableBytes: number
  indexBytes: number
  /** Sources of one type share a table: its size is parted by their words. */
  isSizeShared: boolean
  /** In the order of `models`. */
  missingVectors: number[]
}

export interface Cost {
  model: string
  /** Of all texts, with the titles that are embedded with them (estimated). */
  tokens: number
  /** Of a million tokens, in US dollars; null when it is not known. */
  price: number | null
  usd: number | null
  /** `configuration`, or the page that says so and when it was read. */
  source: string | null
}

export interface Problem {
  kind:
    | 'orphans'
    | 'missing-vectors'
    | 'broken-anchors'
    | 'invalid-indexes'
    | 'duplicates'
    | 'unfinished'
    | 'not-synced'
    | 'not-analyzed'
    | 'wrong-sums'
  /** Null when it is of none, or of several. */
  source: string | null
  count: number
  what: string
  /** What to do about it. */
  advice: string
  /** A few, to begin with. */
  examples: string[]
  /** Whether `fix` has put it right just now. */
  isMended: boolean
}

export interface TransferReport {
  file: string
  bytes: number
  /** When the file was made, ISO 8601. */
  exportedAt: string
  model: Model | null
  vectors: number
  sources: Array<Amounts & { name: string; type: SourceType; replaced: boolean }>
  /** What its reader should know: vectors that were left out, sources that have to be pointed somewhere. */
  notes: string[]
}
