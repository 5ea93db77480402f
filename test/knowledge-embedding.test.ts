import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { ServiceError, UserError } from '../src/errors.ts'
import type { SourceDeclaration } from '../src/knowledge/declaration.ts'
import type { Embedder } from '../src/knowledge/embedder.ts'
import { openaiEmbedder } from '../src/knowledge/embedding/openai.ts'
import { newPace, retryAfterOf } from '../src/knowledge/embedding/pace.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import { embedChecked } from '../src/knowledge/storage/checked-vectors.ts'
import { type Address, openAddress, STORAGES, type Storage } from './fixtures/databases.ts'
import { hashedVector } from './fixtures/hashing-embedder.ts'
import { MANY, manyDocuments } from './fixtures/many-documents.ts'
import { STUB_KEY, type StubEmbeddingOptions, startStubEmbeddings } from './fixtures/stub-embeddings.ts'

const signal = new AbortController().signal
const context = { signal, progress() {} }
const OWN = { name: 'own', dimensions: 48 }
const ARTICLES: SourceDeclaration = {
  name: 'killed',
  type: 'article',
  author: 'Ada',
  permission: 'hers',
  url: 'https://a.example',
  verified: false,
  path: '/nowhere',
}

async function startEndpoint(options: StubEmbeddingOptions & Partial<Parameters<typeof openaiEmbedder>[0]> = {}) {
  const { models, mostInputs, mostCharacters, headers, ...more } = options
  const stub = await startStubEmbeddings({
    ...(models && { models }),
    ...(mostInputs !== undefined && { mostInputs }),
    ...(mostCharacters !== undefined && { mostCharacters }),
    ...(headers && { headers }),
  })
  const embedder = openaiEmbedder({
    url: stub.api,
    key: STUB_KEY,
    model: OWN,
    batch: 64,
    parallel: 2,
    requestMs: 2_000,
    retryMs: 2,
    ...more,
  })
  return { ...stub, stub, embedder, [Symbol.asyncDispose]: stub[Symbol.asyncDispose] }
}

const failureOf = async (work: Promise<unknown>): Promise<Error> =>
  await work.then(
    () => new Error('it did not fail'),
    (error: Error) => error,
  )

describe('an endpoint that speaks as OpenAI does', () => {
  test('gives a vector a text, in order, within the limits of the API', async () => {
    await using endpoint = await startEndpoint({ batch: 2_048 })
    const texts = Array.from({ length: 2_500 }, (_, index) => `passage ${index}`)
    expect(await endpoint.embedder.embed(texts, OWN, signal)).toEqual(texts.map((text) => hashedVector(text, 'own', 48)))
    expect(endpoint.requests).toHaveLength(2)
    // 400 texts of about 1,400 tokens are more than one request takes, and one of 60,000 loses its end.
    const long = Array.from({ length: 400 }, (_, index) => `${index} ${'checkpoint '.repeat(700)}`)
    await endpoint.embedder.embed([...long, 'wal '.repeat(60_000), '中文'.repeat(9_000), '\ud83d half'], OWN, signal)
    expect(endpoint.embedded.length).toBe(2_903)
    expect(endpoint.embedded.at(-1)).toBe('\ufffd half')
    expect(endpoint.violations).toEqual([])
  })

  test.each<[string, Parameters<Awaited<ReturnType<typeof startEndpoint>>['misbehave']>[0]]>([
    ['429 with Retry-After', { status: 429, headers: { 'retry-after-ms': '5' } }],
    ['500', { status: 500, times: 2 }],
    ['503 as a page', { status: 503, body: '<html>Down</html>', headers: { 'content-type': 'text/html' } }],
    ['a connection that is cut', { reset: true }],
    ['JSON that is cut off', { truncate: true }],
    ['JSON that is whole for HTTP alone', { status: 200, body: '{"data": [{"index": 0', headers: { 'content-type': 'application/json' } }],
    ['no answer in time', { delayMs: 3_000 }],
  ])('asks again after %s', async (_, fault) => {
    await using endpoint = await startEndpoint({ requestMs: 500 })
    endpoint.misbehave(fault)
    expect(await endpoint.embedder.embed(['wal'], OWN, signal)).toEqual([hashedVector('wal', 'own', 48)])
    expect(endpoint.violations).toEqual([])
  })

  test('waits as long as it is told, and leaves what is too long to who asks', async () => {
    await using endpoint = await startEndpoint()
    endpoint.misbehave({ status: 429, headers: { 'retry-after': '0.3' } })
    const before = performance.now()
    await endpoint.embedder.embed(['wal'], OWN, signal)
    expect(performance.now() - before).toBeGreaterThan(290)
    endpoint.misbehave({ status: 429, headers: { 'retry-after': '3600' } })
    const error = await failureOf(endpoint.embedder.embed(['wal'], OWN, signal))
    expect(error).toBeInstanceOf(ServiceError)
    expect((error as ServiceError).retryAfterMs).toBe(3_600_000)
    expect(endpoint.requests.map(({ status }) => status)).toEqual([429, 200, 429])
  })

  test('gives up an endpoint that goes on failing, and stops at the signal', async () => {
    await using endpoint = await startEndpoint()
    endpoint.misbehave({ status: 500, times: 20 })
    expect(await failureOf(endpoint.embedder.embed(['wal'], OWN, signal))).toBeInstanceOf(ServiceError)
    expect(endpoint.requests).toHaveLength(6)
    endpoint.misbehave({ status: 429, headers: { 'retry-after': '30' }, times: 20 })
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 50)
    await expect(endpoint.embedder.embed(['wal'], OWN, stop.signal)).rejects.toThrow()
  })

  test('says what its operator can put right', async () => {
    await using endpoint = await startEndpoint({ key: 'sk-wrong-secret-0123456789' })
    expect(await failureOf(endpoint.embedder.embed(['wal'], OWN, signal))).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('PGWITNESS_EMBEDDING_KEY'),
    })
    await using other = await startEndpoint({ model: { name: 'gone', dimensions: 3 } })
    expect((await failureOf(other.embedder.embed(['wal'], { name: 'gone', dimensions: 3 }, signal))).message).toContain(
      'no model gone (404)',
    )
    other.misbehave({ status: 429, body: { error: { message: 'You exceeded your current quota.', code: 'insufficient_quota' } } })
    expect(await failureOf(other.embedder.embed(['wal'], OWN, signal))).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('no credit'),
    })
    expect(endpoint.requests).toHaveLength(1)
    await other[Symbol.asyncDispose]()
    const away = openaiEmbedder({ url: other.api, key: undefined, model: OWN, batch: 8, parallel: 1, retryMs: 1 })
    expect((await failureOf(away.embed(['wal'], OWN, signal))).message).toContain('ECONNREFUSED')
  })

  test('no error has the key in it', async () => {
    await using endpoint = await startEndpoint()
    for (const status of [400, 401, 403, 404, 418, 422, 429, 500]) {
      endpoint.misbehave({ status, times: 6, headers: { 'x-echo': STUB_KEY } })
      const error = await failureOf(endpoint.embedder.embed(['wal'], OWN, signal))
      expect(error instanceof UserError || error instanceof ServiceError, `${status}: ${error}`).toBe(true)
      expect(`${error.stack} ${JSON.stringify(error, Object.getOwnPropertyNames(error))} ${String(error.cause)}`).not.toContain(STUB_KEY)
      for (let left = endpoint.requests.length; left % 6 !== 0; left++) await fetch(`${endpoint.api}/embeddings`, { method: 'POST' })
      endpoint.requests.length = 0
    }
  })

  test.each<[string, (data: Array<{ index: number; embedding: unknown }>) => unknown, RegExp]>([
    ['too few', (data) => data.slice(1), /3 vectors for 4 texts/],
    ['too many', (data) => [...data, ...data], /8 vectors for 4 texts/],
    ['one twice', (data) => data.with(1, { index: 0, embedding: [1] }), /two vectors for text 0/],
    ['no index', (data) => data.map(({ embedding }) => ({ embedding })), /text undefined of 4/],
    [
      'wrong dimensions',
      (data) => data.map((one) => ({ ...one, embedding: [1, 2] })),
      /2 dimensions for text 1 of 4, and 48 are configured/,
    ],
    [
      'null',
      (data) => data.with(2, { index: 2, embedding: Array(48).fill(null) }),
      /null, which is no finite number, in the vector for text 3 of 4/,
    ],
    ['infinity', (data) => data.with(2, { index: 2, embedding: JSON.parse(`[${Array(48).fill('1e999').join()}]`) }), /no finite number/],
    ['text', (data) => data.with(2, { index: 2, embedding: Array(48).fill('1') }), /no finite number/],
    ['base64', (data) => data.with(2, { index: 2, embedding: 'AAAA' }), /no numbers for text 2/],
    ['zeros', (data) => data.with(3, { index: 3, embedding: Array(48).fill(0) }), /zeros for text 4 of 4/],
    ['nothing', () => null, /no list/],
    ['another thing', () => 'done', /.*/],
  ])('refuses %s', async (_, change, message) => {
    await using endpoint = await startEndpoint()
    // JSON has no infinity but for who writes it so.
    endpoint.spoil((data) =>
      change.toString().includes('1e999') ? JSON.stringify({ data: change(data) }).replaceAll('null', '1e999') : change(data),
    )
    for (let times = 0; times < 5; times++) endpoint.spoil(change)
    const error = await failureOf(embedChecked(endpoint.embedder, ['a', 'b', 'c', 'd'], OWN, signal))
    expect(error).toBeInstanceOf(ServiceError)
    expect(error.message).toMatch(message)
  })

  test('takes vectors in any order, and reads no answer longer than it can be', async () => {
    await using endpoint = await startEndpoint()
    endpoint.spoil((data) => data.toReversed())
    expect(await endpoint.embedder.embed(['a1', 'b2'], OWN, signal)).toEqual(['a1', 'b2'].map((text) => hashedVector(text, 'own', 48)))
    endpoint.misbehave({ status: 200, body: `{"data": [${' '.repeat(30_000_000)}]}`, headers: { 'content-type': 'application/json' } })
    expect((await failureOf(endpoint.embedder.embed(['wal'], OWN, signal))).message).toContain('longer than all its vectors could be')
  })

  test('asks for shorter vectors where a model gives them, and never where it need not', async () => {
    const short = { name: 'text-embedding-3-small', dimensions: 256 }
    await using endpoint = await startEndpoint({ models: { 'text-embedding-3-small': 1_536, matryoshka: 64, own: 48 } })
    expect((await endpoint.embedder.embed(['wal'], short, signal))[0]).toHaveLength(256)
    expect((await endpoint.embedder.embed(['wal'], { name: 'matryoshka', dimensions: 16 }, signal))[0]).toHaveLength(16)
    expect((await endpoint.embedder.embed(['wal'], { name: 'matryoshka', dimensions: 16 }, signal))[0]).toHaveLength(16)
    expect((await endpoint.embedder.embed(['wal'], OWN, signal))[0]).toHaveLength(48)
    expect(endpoint.requests).toHaveLength(5)
  })

  test('finds out how many texts, and how long ones, a server takes', async () => {
    await using endpoint = await startEndpoint({ mostInputs: 5, mostCharacters: 600 })
    const texts = Array.from({ length: 32 }, (_, index) => `passage ${index}`)
    expect(await endpoint.embedder.embed(texts, OWN, signal)).toEqual(texts.map((text) => hashedVector(text, 'own', 48)))
    const asked = endpoint.requests.length
    await endpoint.embedder.embed(texts, OWN, signal)
    expect(endpoint.requests.length - asked).toBe(8)
    expect(endpoint.requests.slice(asked).every(({ status }) => status === 200)).toBe(true)
    const vectors = await endpoint.embedder.embed(['short', 'long '.repeat(400), 'short too'], OWN, signal)
    expect(vectors[1]).toEqual(hashedVector('long '.repeat(100), 'own', 48))
    expect(vectors[2]).toEqual(hashedVector('short too', 'own', 48))
  })

  test('goes at the pace it is told', async () => {
    const pace = newPace()
    pace.heed(
      new Headers({ 'x-ratelimit-limit-tokens': '1000', 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-reset-tokens': '400ms' }),
      500,
    )
    const before = performance.now()
    await pace.turn(signal)
    expect(performance.now() - before).toBeGreaterThan(190)
    pace.heed(
      new Headers({ 'x-ratelimit-remaining-requests': '5', 'x-ratelimit-reset-requests': '6m0s', 'x-ratelimit-reset-tokens': 'soon' }),
      500,
    )
    const again = performance.now()
    await pace.turn(signal)
    expect(performance.now() - again).toBeLessThan(100)
    expect(retryAfterOf(new Headers({ 'retry-after': new Date(10_000).toUTCString() }), 4_000)).toBe(6_000)
    expect(retryAfterOf(new Headers({ 'retry-after': '2' }))).toBe(2_000)
    expect(retryAfterOf(new Headers({ 'retry-after': 'later' }))).toBeUndefined()
  })
})

describe.each(STORAGES.filter(({ name }) => name === 'embedded'))('vectors, $name', ({ start }) => {
  let storage: Storage
  let address: Address
  let database: Database

  beforeAll(async () => {
    storage = await start()
    address = await storage.create()
    database = await openAddress(address)
  })
  afterAll(async () => {
    await database?.close()
    await storage?.[Symbol.asyncDispose]()
  })
  const open = async (embedder: Embedder) => await postgresKnowledgeBase(database, { embedder, vectorIndex: { indexedFrom: 50 } })
  const stored = async (): Promise<Array<{ model: string; vectors: number }>> => {
    const models = await database.query<{ id: number; model: string }>('select id, model from pgwitness.embedding_models order by id')
    return await Promise.all(
      models.map(async ({ id, model }) => {
        const [row] = await database.query<{ n: number }>(`select count(*)::int as n from pgwitness.vectors_${id}`)
        return { model, vectors: row?.n ?? 0 }
      }),
    )
  }
  const all = 2 * MANY

  test('what was embedded when the endpoint failed stays, and the rest is embedded once', async () => {
    await using endpoint = await startEndpoint({ batch: 16 })
    const base = await open(endpoint.embedder)
    await base.declare(ARTICLES)
    endpoint.misbehave({ status: 500, after: 5, times: 1_000 })
    const report = await base.sync(ARTICLES.name, manyDocuments(), context)
    expect(report).toMatchObject({ added: MANY, problems: [{ problem: expect.stringContaining('not all passages are embedded') }] })
    const [cut] = await stored()
    expect(cut?.vectors).toBe(endpoint.embedded.length)
    expect(cut?.vectors).toBeGreaterThan(0)
    expect(cut?.vectors).toBeLessThan(all)
    expect(await base.embedding()).toMatchObject({ missing: { passages: all - (cut?.vectors ?? 0) }, cost: { price: null } })
    await using mended = await startEndpoint({ batch: 16 })
    const again = await open(mended.embedder)
    expect(await again.embed(context)).toBe(all - (cut?.vectors ?? 0))
    expect(await stored()).toEqual([{ model: 'own', vectors: all }])
    const texts = [...endpoint.embedded, ...mended.embedded]
    expect(new Set(texts).size).toBe(texts.length)
    expect(await again.embed(context)).toBe(0)
    expect(await again.embedding()).toMatchObject({ missing: { passages: 0, tokens: 0 }, serving: OWN })
    const indexes = await database.query<{ indexdef: string }>(
      `select indexdef from pg_indexes where indexdef ~ 'using hnsw' or indexdef ~ 'USING hnsw'`,
    )
    expect(indexes.map(({ indexdef }) => indexdef)).toEqual([expect.stringContaining(`WHERE (type = 'article'`)])
    expect([...endpoint.violations, ...mended.violations]).toEqual([])
  })

  test('two at once make no vector twice', async () => {
    await database.query('delete from pgwitness.vectors_1 where passage % 3 = 0')
    await using endpoint = await startEndpoint({ batch: 8 })
    const bases = await Promise.all([open(endpoint.embedder), open(endpoint.embedder)])
    const made = await Promise.all(bases.map(async (base) => await base.embed(context)))
    expect(made.toSorted((a, b) => a - b)[0]).toBe(0)
    expect(new Set(endpoint.embedded).size).toBe(endpoint.embedded.length)
    expect(await stored()).toEqual([{ model: 'own', vectors: all }])
  })

  test('a change of the model is killed and goes on; searches use the old model until it is done', async () => {
    await database.close()
    await using endpoint = await startEndpoint({ models: { own: 48, next: 32 }, batch: 16 })
    const child = spawn(process.execPath, ['test/fixtures/knowledge-embedder.ts', JSON.stringify(address), endpoint.api, 'next', '32'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise<string | null>((resolve) => child.on('exit', (_, how) => resolve(how)))
    child.stdout.once('data', () => child.kill('SIGKILL'))
    expect(await ended).toBe('SIGKILL')
    database = await openAddress(address)
    const [old, cut] = await stored()
    expect(old).toEqual({ model: 'own', vectors: all })
    expect(cut?.vectors).toBeGreaterThan(0)
    expect(cut?.vectors).toBeLessThan(all)
    const asked: string[] = []
    const next = openaiEmbedder({ url: endpoint.api, key: STUB_KEY, model: { name: 'next', dimensions: 32 }, batch: 16, parallel: 2 })
    const watched: Embedder['embed'] = async (texts, model, at) => {
      asked.push(model.name)
      return await next.embed(texts, model, at)
    }
    const base = await open({ ...next, embed: watched })
    const before = endpoint.embedded.length
    expect(await base.search({ text: 'a word that nobody wrote', limit: 3 }, signal)).toHaveLength(3)
    expect(asked).toEqual(['own'])
    expect(await base.embed(context)).toBe(all - (cut?.vectors ?? 0))
    expect(endpoint.embedded.length - before - 1).toBe(all - (cut?.vectors ?? 0))
    asked.length = 0
    expect(await base.search({ text: 'a word that nobody wrote', limit: 3 }, signal)).toHaveLength(3)
    expect(asked).toEqual(['next'])
    expect(await stored()).toEqual([{ model: 'next', vectors: all }])
    expect(endpoint.violations).toEqual([])
  })

  test('a question waits for no endpoint that hangs', async () => {
    await using endpoint = await startEndpoint({ models: { next: 32 } })
    const base = await open({ ...endpoint.embedder, model: { name: 'next', dimensions: 32 } })
    endpoint.misbehave({ delayMs: 60_000, times: 10 })
    expect(await base.search({ text: 'walrus', limit: 3 }, signal)).toBeInstanceOf(Array)
  })
})

test('without pgvector search is by words alone, and whoever configured a model is told', async () => {
  await using storage = await (STORAGES.find(({ name }) => name === 'Postgres 18') as (typeof STORAGES)[0]).start()
  const database = await openAddress(await storage.create())
  try {
    await using endpoint = await startEndpoint()
    const base = await postgresKnowledgeBase(database, { embedder: endpoint.embedder })
    await base.declare(ARTICLES)
    const report = await base.sync(ARTICLES.name, manyDocuments(), context)
    expect(report).toMatchObject({ added: MANY, problems: [{ problem: expect.stringContaining('has no pgvector') }] })
    expect(await failureOf(base.embed(context))).toMatchObject({
      name: 'UserError',
      message: expect.stringContaining('create extension vector'),
    })
    expect(await base.search({ text: 'document 7', limit: 3 }, signal)).toHaveLength(3)
    expect(endpoint.requests).toEqual([])
  } finally {
    await database.close()
  }
})
