import type { Embedder, Model } from '../../../src/knowledge/embedder.ts'

/** Means of words' vectors, each of which is drawn at random: dense, and in clusters as texts that speak of the same lie together. Rare words weigh more. */
export function wordEmbedder(model: Model): Embedder {
  const words = new Map<string, Float32Array>()
  const seen = new Map<string, number>()
  const vectorOf = (word: string): Float32Array => {
    const known = words.get(word)
    if (known) return known
    const random = randomOf(word)
    const made = Float32Array.from({ length: model.dimensions }, () => random() + random() + random() - 1.5)
    words.set(word, made)
    return made
  }
  return {
    model,
    batch: 256,
    embed: async (texts) =>
      texts.map((text) => {
        const sum = new Float32Array(model.dimensions)
        const said = new Set(text.toLowerCase().match(/[a-z_]{4,}/g) ?? ['none'])
        for (const word of said) {
          const count = (seen.get(word) ?? 0) + 1
          seen.set(word, count)
          const weight = 1 / Math.sqrt(count + 10)
          const vector = vectorOf(word)
          for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] ?? 0) + weight * (vector[at] ?? 0)
        }
        return [...sum]
      }),
  }
}

function randomOf(word: string): () => number {
  let state = 2_166_136_261
  for (const letter of word) state = Math.imul(state ^ letter.charCodeAt(0), 16_777_619)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
