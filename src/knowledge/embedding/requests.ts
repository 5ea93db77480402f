import { countTokens } from '../splitting/tokens.ts'

/** https://developers.openai.com/api/reference/resources/embeddings/methods/create */
const MOST = { inputs: 2_048, inputTokens: 8_192, requestTokens: 300_000 }
/** Tokens are estimated, and signs or letters of other scripts may be more. */
const SURE = 0.75

export interface EmbeddingRequest {
  texts: string[]
  tokens: number
}

/** As few requests as the limits of the API allow, in order; texts that are too long lose their end. */
export function requestsOf(texts: readonly string[], mostInputs: number): EmbeddingRequest[] {
  const requests: EmbeddingRequest[] = []
  const most = Math.min(mostInputs, MOST.inputs)
  for (const text of texts) {
    const input = shortened(text.toWellFormed())
    const last = requests.at(-1)
    if (last && last.texts.length < most && last.tokens + input.tokens <= MOST.requestTokens * SURE) {
      last.texts.push(input.text)
      last.tokens += input.tokens
    } else requests.push({ texts: [input.text], tokens: input.tokens })
  }
  return requests
}

function shortened(text: string): { text: string; tokens: number } {
  const most = MOST.inputTokens * SURE
  // A token has a character at least, so that counting more of them is waste.
  let short = text.length > 40 * most ? cut(text, 40 * most) : text
  for (;;) {
    const tokens = countTokens(short)
    if (tokens <= most) return { text: short, tokens }
    short = cut(short, Math.floor((short.length * most) / tokens) - 1)
  }
}

/** Not through a character. */
export function cut(text: string, length: number): string {
  const short = text.slice(0, Math.max(1, length))
  return short.isWellFormed() ? short : short.slice(0, -1) || ' '
}
