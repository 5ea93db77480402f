/** Vectors by any endpoint that speaks OpenAI's API: its own, Ollama, vLLM, LiteLLM, text-embeddings-inference. */
import type OpenAI from 'openai'
import type { ServiceError, UserError } from '../../errors.ts'
import type { Embedder, Model } from '../embedder.ts'
import { readAnswer } from './answer.ts'
import { boundedFetch } from './bounded-fetch.ts'
import { failureOf } from './failure.ts'
import { LONGEST_PAUSE_MS, newPace } from './pace.ts'
import { cut, requestsOf } from './requests.ts'

export interface EndpointOptions {
  /** Root of the API, without `/embeddings`. */
  url: string
  /** Servers of one's own may want none. */
  key: string | undefined
  model: Model
  /** Texts a request. */
  batch: number
  /** Requests at once. */
  parallel: number
  /** Of one request. */
  requestMs?: number
  /** Before the second attempt; each further one waits twice as long. */
  retryMs?: number
}

const ATTEMPTS = 6
const REQUEST_MS = 60_000
const RETRY_MS = 1_000
/** A text that is refused for its length is halved so often. */
const HALVED = 5
/** Of JSON: a number is written with at most so many characters, and a model may have more dimensions than it should. */
const ANSWER = { bytesPerNumber: 32, dimensions: 4_096, besides: 1_000_000 }
/** Those that give vectors of their whole length unless they are told a shorter one. */
const WHOLE: Record<string, number> = { 'text-embedding-3-small': 1_536, 'text-embedding-3-large': 3_072 }

/**
 * Requests are repeated while there is hope, at the pace the endpoint tells. A UserError for what its operator can put right (key, model, credit), a ServiceError
 * for anything else; neither has the key in it.
 */
export function openaiEmbedder(options: EndpointOptions): Embedder {
  const { key, requestMs = REQUEST_MS, retryMs = RETRY_MS } = options
  const pace = newPace()
  const shortens = new Map<string, boolean>()
  let most = options.batch
  let refused = 0
  let client: Promise<OpenAI> | undefined
  const connected = (): Promise<OpenAI> => {
    client ??= connect(options)
    return client
  }

  const post = async (texts: readonly string[], { name, dimensions }: Model, signal: AbortSignal, tokens: number): Promise<number[][]> => {
    const bytes = texts.length * Math.max(dimensions, ANSWER.dimensions) * ANSWER.bytesPerNumber + ANSWER.besides
    const shorter = shortens.get(name) ?? (WHOLE[name] !== undefined && WHOLE[name] !== dimensions)
    const { data, response } = await (await connected())
      .withOptions({ fetch: boundedFetch(bytes) })
      .embeddings.create(
        { model: name, input: [...texts], encoding_format: 'float', ...(shorter && { dimensions }) },
        { signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]) },
      )
      .withResponse()
    pace.heed(response.headers, tokens)
    const vectors = readAnswer(data, name, texts.length)
    // Not every server knows the parameter, so only a model that gives too many is told.
    if (shorter || shortens.has(name) || (vectors[0]?.length ?? 0) <= dimensions) return vectors
    shortens.set(name, true)
    return await post(texts, { name, dimensions }, signal, tokens)
  }

  const ask = async (texts: readonly string[], model: Model, signal: AbortSignal, tokens: number): Promise<number[][]> => {
    for (let attempt = 1; ; attempt++) {
      await pace.turn(signal)
      try {
        return await post(texts, model, signal, tokens)
      } catch (error) {
        signal.throwIfAborted()
        const { error: failure, hope, retryAfterMs } = failureOf(error, { model: model.name, key })
        if (hope === 'smaller') return await askSmaller(texts, model, signal, failure)
        const pauseMs = retryAfterMs ?? retryMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2)
        if (hope === 'none' || attempt === ATTEMPTS || pauseMs > LONGEST_PAUSE_MS) throw failure
        pace.pause(pauseMs)
      }
    }
  }

  /** Servers take fewer or shorter texts than OpenAI, and each has its own way to say so. */
  const askSmaller = async (
    texts: readonly string[],
    model: Model,
    signal: AbortSignal,
    failure: ServiceError | UserError,
  ): Promise<number[][]> => {
    const before = ++refused
    if (texts.length > 1) {
      const half = Math.ceil(texts.length / 2)
      const vectors = [...(await ask(texts.slice(0, half), model, signal, 0)), ...(await ask(texts.slice(half), model, signal, 0))]
      // Neither half was refused: it was their number.
      if (refused === before) most = Math.min(most, half)
      return vectors
    }
    for (let [text = '', times] = [texts[0], 0]; times < HALVED && text.length > 100; times++) {
      text = cut(text, Math.floor(text.length / 2))
      try {
        return await post([text], model, signal, 0)
      } catch (error) {
        signal.throwIfAborted()
        if (failureOf(error, { model: model.name, key }).hope !== 'smaller') return await ask([text], model, signal, 0)
      }
    }
    throw failure
  }

  return {
    model: options.model,
    batch: options.batch,
    parallel: options.parallel,
    async embed(texts, model, signal) {
      const vectors: number[][] = []
      for (const { texts: some, tokens } of requestsOf(texts, most)) vectors.push(...(await ask(some, model, signal, tokens)))
      return vectors
    },
  }
}

/** Nothing is taken from the environment but what its operator configured, and nothing is logged. */
async function connect({ url, key }: EndpointOptions): Promise<OpenAI> {
  const { OpenAI } = await import('openai')
  return new OpenAI({
    baseURL: url,
    apiKey: key ?? 'none',
    ...(key === undefined && { defaultHeaders: { authorization: null } }),
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    maxRetries: 0,
    logLevel: 'off',
  })
}
