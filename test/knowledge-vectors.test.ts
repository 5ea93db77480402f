import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { openPostgres } from '../src/database/postgres.ts'
import type { SourceDeclaration } from '../src/knowledge/declaration.ts'
import type { KnowledgeDocument, SourceType } from '../src/knowledge/document.ts'
import type { Embedder } from '../src/knowledge/embedder.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import { embedChecked } from '../src/knowledge/storage/checked-vectors.ts'
import { openVectors, type VectorOptions } from '../src/knowledge/storage/vectors.ts'
import { wordEmbedder } from './bench/knowledge/word-vectors.ts'
import { findDebianPrograms, NO_DEBIAN_PROGRAMS, startDebianServer } from './fixtures/debian-server.ts'
import { startPgBouncer } from './fixtures/pgbouncer.ts'
import type { Server } from './fixtures/servers.ts'

const programs = findDebianPrograms()
const it = programs ? test : test.skip
const name = (text: string): string => (programs ? text : `${text} (${NO_DEBIAN_PROGRAMS})`)

const signal = new AbortController().signal
const context = { signal, progress() {} }
const MODEL = { name: 'words', dimensions: 64 }
const FIRST = 10
const QUESTIONS = 40
/** Of each version of the manual, and mails. */
const PLACES = 500
const VERSIONS = [14, 15, 16, 17]
const MAILS = 2_500

const TOPICS = 'vacuum checkpoint planner index lock replication partition trigger collation backup'.split(' ')
/** Words that a text of a topic is made of, with some of all: texts lie in clusters. */
function textOf(seed: number): string {
  let state = seed * 2_654_435_761
  const next = (below: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_507) + 0x9e3779b9) | 0
    return (state >>> 8) % below
  }
  const topic = TOPICS[next(TOPICS.length)] ?? ''
  return Array.from({ length: 40 }, (_, nth) => {
    const word = next(120)
    return nth % 4 === 3 ? `word${letters(word)}` : `${topic}${letters(word)}`
  }).join(' ')
}

const letters = (number: number): string => `${String.fromCharCode(97 + (number % 26))}${String.fromCharCode(97 + Math.floor(number / 26))}`

function* documents(type: SourceType): Generator<KnowledgeDocument> {
  const facts = { author: null, date: null, licence: null, trust: 'high', problems: [] } as const
  const count = type === 'manual' ? PLACES : MAILS
  const versions = type === 'manual' ? VERSIONS : [0]
  for (const version of versions) {
    for (let index = 0; index < count; index++) {
      // A few words are others in each version.
      const text = type === 'manual' ? `${textOf(index)} ${textOf(index * 31 + version).slice(0, 30)}` : textOf(10_000 + index)
      yield {
        key: `${version}-${index}`,
        revision: '1',
        title: type === 'manual' ? `Page ${index}` : 'Mail',
        url: type === 'manual' ? `https://www.postgresql.org/docs/${version}/p${index}.html` : `https://lists.example/${index}`,
        ...facts,
        problems: [],
        versions: version === 0 ? null : { from: version, to: version },
        blocks: [{ breadcrumb: [], anchor: null, kind: 'prose', term: null, text }],
      }
    }
  }
}

let server: Server
let pooler: Awaited<ReturnType<typeof startPgBouncer>>
let database: Database
const embedder: Embedder = wordEmbedder(
  MODEL,
  Array.from({ length: PLACES }, (_, index) => textOf(index)),
)

beforeAll(async () => {
  if (!programs) return
  server = await startDebianServer(programs)
  pooler = await startPgBouncer(programs.pgbouncer, server)
  await server.query('create database knowledge owner shop_script')
  database = await openPostgres(pooler.url('knowledge'))
  const base = await postgresKnowledgeBase(database)
  const sources: SourceDeclaration[] = [
    { name: 'manuals', type: 'manual', postgres: 17, path: '/nowhere' },
    { name: 'mails', type: 'mailing-list', list: 'x', path: '/nowhere', trustedAuthors: [] },
  ]
  for (const declaration of sources) {
    await base.declare(declaration)
    await base.sync(
      declaration.name,
      {
        async *read() {
          for (const document of documents(declaration.type)) yield { kind: 'document', document }
        },
      },
      context,
    )
  }
})
afterAll(async () => {
  await database?.close()
  await pooler?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** Of what is nearest when all vectors are compared: how much the index finds, through PgBouncer in transaction mode. */
async function recallOf(options: VectorOptions, types: readonly SourceType[], postgres?: number): Promise<number> {
  const vectors = await openVectors(database, options)
  const table = await vectors?.serving(database)
  if (!vectors || !table) throw new Error('there are no vectors')
  let [found, wanted] = [0, 0]
  for (let seed = 0; seed < QUESTIONS; seed++) {
    const [vector = ''] = await embedChecked(embedder, [textOf(50_000 + seed).slice(0, 120)], MODEL, signal)
    const near = await vectors.near(database, table, vector, { types, postgres, limit: 20 })
    const exact = await database.transaction(async (session) => {
      await session.query('set local enable_indexscan = off')
      return await session.query<{ id: string }>(
        `select passage::text as id from ${table.table} as v join pgwitness.passages as p on p.type = v.type and p.id = v.passage
         where v.type = any($2::text[]) and ($3::int is null or from_version is null or $3 between from_version and to_version)
         order by embedding <=> $1 limit ${FIRST}`,
        [vector, types, postgres ?? (types.includes('manual') ? 17 : null)],
      )
    })
    wanted += exact.length
    found += exact.filter(({ id }) => near.slice(0, FIRST).includes(id)).length
  }
  expect(wanted).toBe(QUESTIONS * FIRST)
  return found / wanted
}

it(name('HNSW finds what is nearest, in one type as in all and for each version'), async () => {
  const base = await postgresKnowledgeBase(database, { embedder, vectorIndex: { indexedFrom: 1_000 } })
  expect(await base.embed(context)).toBe(PLACES * VERSIONS.length + MAILS)
  const indexes = await database.query<{ indexdef: string }>(`select indexdef from pg_indexes where indexdef ~ 'USING hnsw' order by 1`)
  expect(indexes).toHaveLength(2)
  expect(indexes[0]?.indexdef).toContain('halfvec_cosine_ops')
  const recall = async (...where: [readonly SourceType[], number?]) => await recallOf({}, ...where)
  expect(await recall(['mailing-list'])).toBeGreaterThanOrEqual(0.95)
  expect(await recall(['manual', 'mailing-list'])).toBeGreaterThanOrEqual(0.95)
  for (const version of VERSIONS) expect(await recall(['manual'], version)).toBeGreaterThanOrEqual(0.95)
  expect(await plan(database)).toMatch(/Index Scan using vectors_\d+_mailing_list_near/)
}, 60_000)

it(name('an index of another kind, or one that was built half, gives way to the right one'), async () => {
  const options = { method: 'ivfflat', indexedFrom: 1_000 } as const
  const base = await postgresKnowledgeBase(database, { embedder, vectorIndex: options })
  await server.query(`update pg_index set indisvalid = false where indexrelid = 'pgwitness.vectors_1_manual_near'::regclass`, 'knowledge')
  await base.embed(context)
  const indexes = await database.query<{ name: string; method: string; valid: boolean }>(
    `select c.relname as name, am.amname as method, i.indisvalid as valid from pg_index as i join pg_class as c on c.oid = i.indexrelid
     join pg_am as am on am.oid = c.relam where c.relname ~ 'vectors_1_.*_near' order by 1`,
  )
  expect(indexes).toEqual([
    { name: 'vectors_1_mailing_list_near_again', method: 'ivfflat', valid: true },
    { name: 'vectors_1_manual_near', method: 'ivfflat', valid: true },
  ])
  expect(await recallOf(options, ['manual', 'mailing-list'], 16)).toBeGreaterThanOrEqual(0.95)
}, 60_000)

async function plan(session: Database): Promise<string> {
  const rows = await session.query<{ 'QUERY PLAN': string }>(
    `explain select passage from pgwitness.vectors_1 where type = 'mailing-list' order by embedding <=> (select embedding from pgwitness.vectors_1 limit 1) limit 20`,
  )
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}
