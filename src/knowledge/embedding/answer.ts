import { ServiceError } from '../../errors.ts'

/** Vectors in the order of the texts, whatever the order they came in. A ServiceError unless there is exactly one of each; their numbers are not looked at. */
export function readAnswer(answer: unknown, model: string, count: number): number[][] {
  const refuse = (what: string): never => {
    throw new ServiceError('embeddings', `${model} gave ${what}`)
  }
  const data = isObject(answer) ? answer.data : undefined
  if (!Array.isArray(data)) return refuse('no list of vectors')
  if (data.length !== count) return refuse(`${data.length} vectors for ${count} texts`)
  const vectors = new Array<number[] | undefined>(count).fill(undefined)
  for (const one of data) {
    const { index, embedding } = isObject(one) ? one : {}
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count)
      return refuse(`a vector for text ${String(index)} of ${count}`)
    if (vectors[index]) return refuse(`two vectors for text ${index}`)
    if (!Array.isArray(embedding)) return refuse(`no numbers for text ${index}`)
    vectors[index] = embedding
  }
  return vectors as number[][]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
