import { ServiceError } from '../../errors.ts'
import type { Embedder, Model } from '../embedder.ts'

/** As pgvector reads them. A ServiceError for anything but one finite vector of the model's dimensions for each text. */
export async function embedChecked(embedder: Embedder, texts: readonly string[], model: Model, signal: AbortSignal): Promise<string[]> {
  const vectors = await embedder.embed(texts, model, signal)
  const refuse = (what: string): never => {
    throw new ServiceError('embeddings', `${model.name} gave ${what}`)
  }
  if (!Array.isArray(vectors) || vectors.length !== texts.length) refuse(`${vectors?.length} vectors for ${texts.length} texts`)
  for (const vector of vectors) {
    if (vector.length !== model.dimensions) refuse(`a vector of ${vector.length} dimensions, and ${model.dimensions} are configured`)
    if (!vector.every((number) => Number.isFinite(number))) refuse('a vector with something in it that is no finite number')
    if (vector.every((number) => number === 0)) refuse('a vector of zeros, which is near nothing')
  }
  return vectors.map((vector) => `[${vector.join(',')}]`)
}
