import { ServiceError } from '../../errors.ts'
import type { Embedder, Model } from '../embedder.ts'

/** Of numbers up to one. A `halfvec` keeps three to four digits. */
const STEPS = 1e6

/**
 * As pgvector reads them, of length one: only their direction says something, and numbers that are large or tiny would not fit into a `halfvec`. A ServiceError for
 * anything but one finite vector of the model's dimensions for each text; it says which is wrong.
 */
export async function embedChecked(embedder: Embedder, texts: readonly string[], model: Model, signal: AbortSignal): Promise<string[]> {
  const vectors: unknown = await embedder.embed(texts, model, signal)
  if (!Array.isArray(vectors) || vectors.length !== texts.length)
    throw refused(model, `${Array.isArray(vectors) ? vectors.length : 'no'} vectors for ${texts.length} texts`)
  return vectors.map((vector: unknown, index) => written(vector, model, `text ${index + 1} of ${texts.length}`))
}

function written(vector: unknown, model: Model, which: string): string {
  if (!Array.isArray(vector)) throw refused(model, `no vector for ${which}`)
  if (vector.length !== model.dimensions)
    throw refused(model, `a vector of ${vector.length} dimensions for ${which}, and ${model.dimensions} are configured`)
  const odd = vector.findIndex((number) => typeof number !== 'number' || !Number.isFinite(number))
  if (odd >= 0) throw refused(model, `${String(vector[odd]).slice(0, 20)}, which is no finite number, in the vector for ${which}`)
  const largest = vector.reduce((most, number) => Math.max(most, Math.abs(number)), 0)
  if (largest === 0) throw refused(model, `a vector of zeros for ${which}, which is near nothing`)
  const length = largest * Math.sqrt(vector.reduce((sum, number) => sum + (number / largest) ** 2, 0))
  return `[${vector.map((number) => Math.round((number / length) * STEPS) / STEPS).join(',')}]`
}

function refused({ name }: Model, what: string): ServiceError {
  return new ServiceError('embeddings', `${name} gave ${what}`)
}
