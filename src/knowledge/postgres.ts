import { type Database, SCHEMA } from '../database/database.ts'
import { UserError } from '../errors.ts'
import { cite, quotePage, type Supported } from './citing/cite.ts'
import { SourceDeclaration } from './declaration.ts'
import type { SourceType } from './document.ts'
import type { Embedder } from './embedder.ts'
import type { Citation, EmbeddingState, KnowledgeBase, SyncReport } from './knowledge-base.ts'
import { costOf } from './operating/prices.ts'
import { answer, foundPassage, type Searcher } from './search/search.ts'
import { newSpelling } from './search/spelling.ts'
import type { ReadContext, Source } from './source.ts'
import { removeSource } from './storage/remove-source.ts'
import { syncSource } from './storage/sync.ts'
import { openVectors, type VectorOptions, type Vectors } from './storage/vectors.ts'

const NO_PGVECTOR =
  'Passages are found by their words alone: the database of DATABASE_URL has no pgvector. Install it (Debian: postgresql-17-pgvector), then as an administrator: create extension vector.'

/**
 * In the service's database. Searches go to `replica` where there is one; what was synced a moment ago may not be there yet. Without an embedder, or without
 * pgvector, full text answers alone. Closing it leaves the databases open.
 */
export async function postgresKnowledgeBase(
  database: Database,
  options: {
    replica?: Database | undefined
    embedder?: Embedder | undefined
    vectorIndex?: VectorOptions | undefined
    price?: number | undefined
  } = {},
): Promise<KnowledgeBase> {
  const { embedder } = options
  const reader = options.replica ?? database
  const vectors = embedder && (await openVectors(database, options.vectorIndex))
  const searcher: Searcher = { reader, spelling: newSpelling(reader), vectors, embedder }
  const stop = new AbortController()

  const sync = async (name: string, source: Source, context: ReadContext): Promise<SyncReport> => {
    const signal = AbortSignal.any([context.signal, stop.signal])
    const report = await syncSource(database, { name, type: await typeOf(database, name) }, source, { ...context, signal })
    if (!embedder) return report
    if (!vectors) {
      report.problems.push({ key: '', problem: NO_PGVECTOR })
      return report
    }
    try {
      await vectors.fill(embedder, { ...context, signal })
    } catch (error) {
      signal.throwIfAborted()
      // Stored and found by their words; the next sync goes on with the rest.
      report.problems.push({ key: '', problem: `not all passages are embedded: ${error instanceof Error ? error.message : String(error)}` })
    }
    return report
  }

  return {
    declare: async (declaration) => await declare(database, declaration),
    list: async () => await list(database),
    remove: async (name) => await removeSource(database, name),
    sync,
    embedding: async () => await embeddingState(database, vectors, embedder, options.price),
    async embed(context) {
      if (!embedder) throw new UserError('No embedding model is configured: set PGWITNESS_EMBEDDING_MODEL; docs/knowledge.md.')
      if (!vectors) throw new UserError(NO_PGVECTOR)
      return await vectors.fill(embedder, { ...context, signal: AbortSignal.any([context.signal, stop.signal]) })
    },
    async search(question, signal) {
      const { best, understood } = await answer(searcher, question, AbortSignal.any([signal, stop.signal]))
      return best.map((one) => foundPassage(one, understood))
    },
    cite: async (claim, postgres, signal) => citationOf(await cite(searcher, claim, postgres, AbortSignal.any([signal, stop.signal]))),
    quote: async (claims, url, signal) => citationOf(await quotePage(searcher, claims, url, AbortSignal.any([signal, stop.signal]))),
    close: async () => stop.abort(new Error('the knowledge base was closed')),
  }
}

async function embeddingState(
  database: Database,
  vectors: Vectors | undefined,
  embedder: Embedder | undefined,
  price: number | undefined,
): Promise<EmbeddingState | undefined> {
  if (!embedder) return undefined
  if (!vectors) throw new UserError(NO_PGVECTOR)
  const { model } = embedder
  const [missing, serving] = await Promise.all([vectors.missing(model), vectors.serving(database)])
  const cost = costOf(model.name, missing.tokens, price)
  return { model, missing, cost, serving: serving && { name: serving.name, dimensions: serving.dimensions } }
}

/** A source keeps its type: its passages are stored by it. */
async function declare(database: Database, declaration: SourceDeclaration): Promise<void> {
  const { name, type } = declaration
  const [stored] = await database.query<{ type: string }>(
    `insert into ${SCHEMA}.sources as s (name, type, declaration) values ($1, $2, $3::jsonb)
     on conflict (name) do update set declaration = case when s.type = excluded.type then excluded.declaration else s.declaration end returning type`,
    [name, type, JSON.stringify(declaration)],
  )
  if (stored?.type !== type) {
    throw new UserError(
      `The source ${name} is there already as ${stored?.type}, not ${type}. Remove it first, or give this one another name.`,
    )
  }
}

async function typeOf(database: Database, name: string): Promise<SourceType> {
  const [source] = await database.query<{ type: SourceType }>(`select type from ${SCHEMA}.sources where name = $1`, [name])
  if (!source) throw new UserError(`There is no source ${name}.`)
  return source.type
}

async function list(database: Database): ReturnType<KnowledgeBase['list']> {
  const rows = await database.query<{ declaration: unknown; documents: number; passages: number; synced_at: Date | null }>(
    `select declaration, documents::float8 as documents, passages::float8 as passages, synced_at from ${SCHEMA}.sources order by name`,
  )
  return rows.map(({ declaration, documents, passages, synced_at }) => ({
    declaration: SourceDeclaration.parse(declaration),
    documents,
    passages,
    syncedAt: synced_at,
  }))
}

function citationOf(found: Supported | undefined): Citation | undefined {
  if (!found) return undefined
  const { passage, title, author, url, quote } = found
  return { passage, title, author, url, quote }
}
