import { addressOf, databaseUrlOf } from './address.ts'
import { UserError } from './errors.ts'

/** The knowledge base: where it is, and what makes its vectors. */
export interface KnowledgeEnvironment {
  /** `DATABASE_URL`; storage is embedded without it. */
  databaseUrl: string | undefined
  /** `DATABASE_REPLICA_URL`: where searches go. */
  replicaUrl: string | undefined
  /** Undefined without `PGWITNESS_EMBEDDING_MODEL`: nothing is sent anywhere unless it is asked for. */
  embedding: EmbeddingEnvironment | undefined
}

interface EmbeddingEnvironment {
  /** Root of the API, without `/embeddings`: `PGWITNESS_EMBEDDING_URL`. */
  url: string
  /** `PGWITNESS_EMBEDDING_KEY`, and for OpenAI itself also `OPENAI_API_KEY`. A secret; servers of one's own may want none. */
  key: string | undefined
  /** `PGWITNESS_EMBEDDING_MODEL` and `PGWITNESS_EMBEDDING_DIMENSIONS`. */
  model: string
  dimensions: number
  /** Texts a request, and requests at once: `PGWITNESS_EMBEDDING_BATCH` and `PGWITNESS_EMBEDDING_PARALLEL`. */
  batch: number
  parallel: number
  /** US dollars a million tokens, for `kb stats`: `PGWITNESS_EMBEDDING_PRICE`. */
  price: number | undefined
}

const OPENAI_URL = 'https://api.openai.com/v1'
/** https://platform.openai.com/docs/guides/embeddings */
const DIMENSIONS: Record<string, number> = {
  'text-embedding-3-small': 1536,
  'text-embedding-3-large': 3072,
  'text-embedding-ada-002': 1536,
}
/** What pgvector can index as `halfvec`. */
const MOST_DIMENSIONS = 4000

/** A UserError says which variable is missing or wrong. */
export function knowledgeEnvironmentOf(env: NodeJS.ProcessEnv): KnowledgeEnvironment {
  const replicaUrl = databaseUrlOf(env.DATABASE_REPLICA_URL, 'DATABASE_REPLICA_URL')
  if (replicaUrl && !env.DATABASE_URL)
    throw new UserError('DATABASE_REPLICA_URL is of a replica of the database of DATABASE_URL: set that too.')
  return { databaseUrl: databaseUrlOf(env.DATABASE_URL), replicaUrl, embedding: embeddingOf(env) }
}

/** OpenAI takes 2,048 texts; vectors of more requests are much to hold in memory. */
const MOST_AT_ONCE = { texts: 2048, requests: 32 }

function wholeNumber(env: NodeJS.ProcessEnv, name: string, most: number): number | undefined {
  const text = env[name]
  if (!text) return undefined
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= most) return Number(text)
  throw new UserError(`${name} is no whole number from 1 to ${most}.`)
}

function embeddingOf(env: NodeJS.ProcessEnv): EmbeddingEnvironment | undefined {
  const model = env.PGWITNESS_EMBEDDING_MODEL
  if (!model) return undefined
  const url = addressOf(env.PGWITNESS_EMBEDDING_URL, 'PGWITNESS_EMBEDDING_URL') ?? OPENAI_URL
  const key = env.PGWITNESS_EMBEDDING_KEY || (url === OPENAI_URL && env.OPENAI_API_KEY) || undefined
  if (key === undefined && url === OPENAI_URL)
    throw new UserError(
      `${model} of OpenAI needs a key: set PGWITNESS_EMBEDDING_KEY or OPENAI_API_KEY; or PGWITNESS_EMBEDDING_URL for another server.`,
    )
  const dimensions = env.PGWITNESS_EMBEDDING_DIMENSIONS ? Number(env.PGWITNESS_EMBEDDING_DIMENSIONS) : DIMENSIONS[model]
  if (dimensions === undefined) throw new UserError(`Set PGWITNESS_EMBEDDING_DIMENSIONS: how long the vectors of ${model} are.`)
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > MOST_DIMENSIONS)
    throw new UserError(`PGWITNESS_EMBEDDING_DIMENSIONS is no whole number from 1 to ${MOST_DIMENSIONS}.`)
  const price = env.PGWITNESS_EMBEDDING_PRICE ? Number(env.PGWITNESS_EMBEDDING_PRICE) : undefined
  if (price !== undefined && !(price >= 0 && price < 1e6))
    throw new UserError('PGWITNESS_EMBEDDING_PRICE is no price in US dollars a million tokens: 0.02')
  const batch = wholeNumber(env, 'PGWITNESS_EMBEDDING_BATCH', MOST_AT_ONCE.texts) ?? 128
  const parallel = wholeNumber(env, 'PGWITNESS_EMBEDDING_PARALLEL', MOST_AT_ONCE.requests) ?? 4
  return { url, key, model, dimensions, batch, parallel, price }
}

/** What the knowledge base reads of the environment, for docs/knowledge.md. */
export const KNOWLEDGE_VARIABLES: Record<string, string> = {
  DATABASE_URL:
    'Postgres 14 or newer, the service\u2019s: `postgres://user:password@host/database`. Without it storage is embedded, in the folder `--data`.',
  DATABASE_REPLICA_URL:
    'A streaming replica of it, for searches. While that cannot be asked, or has not got the migrations yet, they go to `DATABASE_URL`.',
  PGWITNESS_EMBEDDING_MODEL:
    'Turns on search by meaning: model of an endpoint that speaks OpenAI\u2019s API, `text-embedding-3-small`. All texts of the knowledge base and all questions are sent there.',
  PGWITNESS_EMBEDDING_URL: 'Root of its API. By default `https://api.openai.com/v1`.',
  PGWITNESS_EMBEDDING_KEY: 'Its key. For OpenAI itself `OPENAI_API_KEY` will do.',
  PGWITNESS_EMBEDDING_DIMENSIONS: 'Length of its vectors, at most 4000. Only OpenAI\u2019s models are known without.',
  PGWITNESS_EMBEDDING_BATCH:
    'Texts a request, by default 128. A server that takes fewer is found out by trying; 32 for text-embeddings-inference spares that.',
  PGWITNESS_EMBEDDING_PARALLEL: 'Requests at once, by default 4.',
  PGWITNESS_EMBEDDING_PRICE: 'What a million tokens cost, in US dollars, for `kb stats`. Of OpenAI\u2019s models it is known.',
}
