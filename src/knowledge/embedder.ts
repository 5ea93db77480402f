/** Makes vectors of texts, near each other when the texts are near in meaning. */
export interface Embedder {
  /** What new vectors are made with. */
  readonly model: Model
  /** Of texts that are made at once. */
  readonly batch: number
  /** Batches that may be asked for at the same time; one when not told. */
  readonly parallel?: number
  /**
   * One vector a text, in order. Also with a model that was used before: its vectors serve until the new ones are all there. A ServiceError when it fails. What
   * comes back is checked by who asks.
   */
  embed(texts: readonly string[], model: Model, signal: AbortSignal): Promise<number[][]>
}

export interface Model {
  /** As the endpoint calls it. */
  name: string
  dimensions: number
}
