import type { Embedder, Model } from '../../../src/knowledge/embedder.ts'

/** Words that stand in fewer texts say more; those that stand in nearly all say nothing. */
const RARE = 5
/** Of each passage's own random vector, and of each word nobody has read before. */
const MARKS = 12

/**
 * A model of meaning that is made in seconds (random indexing): a word is the sum of random marks of
 * the texts it stands in, so that words said together are alike, and a text is the sum of its words. Dense and in clusters, as vectors of a real model are.
 */
export function wordEmbedder(model: Model, texts: Iterable<string>): Embedder {
  const { dimensions } = model
  const words = new Map<string, { vector: Float32Array; texts: number }>()
  const mean = new Float32Array(dimensions)
  let read = 0
  for (const text of texts) {
    read++
    const marks = marksOf(`text ${read}`, dimensions)
    for (const word of wordsOf(text)) {
      const known = words.get(word) ?? { vector: new Float32Array(dimensions), texts: 0 }
      known.texts++
      for (const { at, sign } of marks) known.vector[at] = (known.vector[at] ?? 0) + sign
      words.set(word, known)
    }
  }
  for (const { vector } of words.values()) shorten(vector)
  const sumOf = (text: string): Float32Array => {
    const sum = new Float32Array(dimensions)
    for (const word of wordsOf(text)) {
      const known = words.get(word)
      const weight = Math.log((read + RARE) / ((known?.texts ?? 0) + RARE))
      if (known) for (let at = 0; at < dimensions; at++) sum[at] = (sum[at] ?? 0) + weight * (known.vector[at] ?? 0)
      else for (const { at, sign } of marksOf(word, dimensions)) sum[at] = (sum[at] ?? 0) + (weight * sign) / Math.sqrt(MARKS)
    }
    return shorten(sum)
  }
  // What all texts have in common tells none from another.
  let some = 0
  for (const text of texts) {
    if (some++ > 5_000) break
    const vector = sumOf(text)
    for (let at = 0; at < dimensions; at++) mean[at] = (mean[at] ?? 0) + (vector[at] ?? 0)
  }
  return {
    model,
    batch: 256,
    embed: async (asked) =>
      asked.map((text) => {
        const vector = sumOf(text)
        return Array.from(vector, (number, at) => number - (mean[at] ?? 0) / Math.max(1, some - 1))
      }),
  }
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[a-z_]{3,}/g) ?? ['none'])
}

function shorten(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector) || 1
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] ?? 0) / length
  return vector
}

/** The same for the same name. */
function marksOf(name: string, dimensions: number): Array<{ at: number; sign: number }> {
  let state = 2_166_136_261
  for (const letter of name) state = Math.imul(state ^ letter.charCodeAt(0), 16_777_619)
  return Array.from({ length: MARKS }, () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    const number = (mixed ^ (mixed >>> 14)) >>> 0
    return { at: number % dimensions, sign: number & 0x80000000 ? 1 : -1 }
  })
}
