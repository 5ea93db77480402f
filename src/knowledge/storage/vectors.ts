/** Vectors of the passages, one table a model, where Postgres has pgvector. */
import type { Database, Session } from '../../database/database.ts'
import type { Embedder, Model } from '../embedder.ts'
import { ensureModel, type ModelTable, readModel, readModels } from './embedding-models.ts'
import { completeWhenFull, countMissing, fillVectors } from './fill-vectors.ts'
import { type Nearness, nearPassages } from './near.ts'
import { findPgvector } from './pgvector.ts'

export interface Vectors {
  /** The model that searches use. Undefined before there is any. */
  serving(session: Session): Promise<ModelTable | undefined>
  /** What `fill` would do for a model. */
  missing(model: Model): Promise<{ passages: number; tokens: number }>
  fill(embedder: Embedder, context: { signal: AbortSignal; progress(what: string): void }): Promise<number>
  /** The table of a model, for vectors that are there already: an import's. */
  ensure(model: Model): Promise<void>
  /** Lets searches use a model's vectors if every passage has one. */
  completeWhenFull(model: Model): Promise<void>
  near(database: Database, table: ModelTable, vector: string, where: Nearness): Promise<string[]>
}

export interface VectorOptions {
  /** Instead of what is best here. */
  method?: 'ivfflat' | undefined
  indexedFrom?: number | undefined
}

/** Comparing so few takes no longer than looking into an index. */
const INDEXED_FROM = 2_000

/** Undefined where there is no pgvector, or no right to install it. */
export async function openVectors(
  database: Database,
  { method, indexedFrom = INDEXED_FROM }: VectorOptions = {},
): Promise<Vectors | undefined> {
  const found = await findPgvector(database)
  if (!found) return undefined
  const pgvector = method ? { ...found, method } : found
  return {
    serving: async (session) => (await readModels(session))[0],
    missing: async (model) => await countMissing(database, (await readModel(database, model))?.table),
    fill: async (embedder, context) => await fillVectors(database, { pgvector, indexedFrom }, embedder, context),
    ensure: async (model) => void (await ensureModel(database, pgvector, model)),
    completeWhenFull: async (model) => await completeWhenFull(database, { pgvector, indexedFrom }, model),
    near: async (reader, table, vector, where) => await nearPassages(reader, pgvector, table, vector, where),
  }
}
