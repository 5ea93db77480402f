/** Vectors on a server with pgvector: how long indexes take to build, how long a search takes, and how much of what is nearest it finds. */
import { ADMIN } from '../../../src/clones/local/cluster.ts'
import type { Database } from '../../../src/database/database.ts'
import { openPostgres } from '../../../src/database/postgres.ts'
import { ServiceError } from '../../../src/errors.ts'
import { SOURCE_TYPES, type SourceType } from '../../../src/knowledge/document.ts'
import type { Embedder } from '../../../src/knowledge/embedder.ts'
import { postgresKnowledgeBase } from '../../../src/knowledge/postgres.ts'
import { embedChecked } from '../../../src/knowledge/storage/checked-vectors.ts'
import { openVectors, type VectorOptions } from '../../../src/knowledge/storage/vectors.ts'
import { findDebianPrograms, NO_DEBIAN_PROGRAMS, startDebianServer } from '../../fixtures/debian-server.ts'
import { hashingEmbedder } from '../../fixtures/hashing-embedder.ts'
import { newMailWriter } from './mail-writer.ts'
import { multiplyMails, storeMails } from './many-mails.ts'
import { readQuestions } from './questions.ts'
import { storeManual } from './stored-manual.ts'
import { timesOf } from './timing.ts'
import { wordEmbedder } from './word-vectors.ts'

const SIZE = 110_000
const STORED_MAILS = 20_000
const QUESTIONS = 100
const NEAREST = 60
const FIRST = 10
const signal = new AbortController().signal

export async function benchVectors(size = SIZE): Promise<void> {
  const programs = findDebianPrograms()
  if (!programs) return console.log(`vectors: ${NO_DEBIAN_PROGRAMS}`)
  await using server = await startDebianServer(programs, {
    shared_buffers: '1GB',
    max_wal_size: '4GB',
    temp_file_limit: '-1',
    maintenance_work_mem: '1GB',
  })
  await server.query('create database knowledge')
  const url = server.url('knowledge', ADMIN)
  const database = await openPostgres(url)
  try {
    const plain = await postgresKnowledgeBase(database)
    const { passages } = await storeManual(plain)
    const texts = await database.query<{ text: string }>(`select text from pgwitness.passages where kind = 'prose'`)
    await storeMails(plain, newMailWriter(texts.map(({ text }) => text)), Math.min(STORED_MAILS, size - passages))
    if (size - passages > STORED_MAILS) await multiplyMails(url, size - passages)
    const [version] = await database.query<{ version: string }>(`select extversion as version from pg_extension where extname = 'vector'`)
    console.log(`vectors: ${size.toLocaleString('en')} passages, pgvector ${version?.version}`)
    for (const embedder of [
      wordEmbedder(
        { name: 'words', dimensions: 384 },
        texts.map(({ text }) => text),
      ),
      { ...hashingEmbedder({ name: 'letters', dimensions: 1536 }), batch: 256 },
    ]) {
      for (const options of [{}, { method: 'ivfflat' as const }]) await measure(database, embedder, options)
    }
  } finally {
    await database.close()
  }
}

async function measure(database: Database, embedder: Embedder, options: VectorOptions): Promise<void> {
  const base = await postgresKnowledgeBase(database, { embedder, vectorIndex: options })
  const started = performance.now()
  let indexing: number | undefined
  const made = await base.embed({
    signal,
    progress(what) {
      if (what.startsWith('Indexing')) indexing ??= performance.now()
    },
  })
  const ended = performance.now()
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`
  const { model } = embedder
  console.log(`  ${model.name}, ${model.dimensions} dimensions, ${options.method ?? 'hnsw'}:`)
  if (made > 0)
    console.log(
      `    ${made.toLocaleString('en')} made and stored in ${seconds((indexing ?? ended) - started)}, with ${Math.round(process.memoryUsage.rss() / 1e6)} MB here`,
    )
  const [sizes] = await database.query<{ index: number; table: number }>(
    `select sum(pg_relation_size(i.indexrelid)) filter (where am.amname <> 'btree')::float8 / 1e6 as index, max(pg_table_size(i.indrelid))::float8 / 1e6 as table
     from pg_index as i join pg_class as c on c.oid = i.indexrelid join pg_am as am on am.oid = c.relam join pg_class as t on t.oid = i.indrelid
     where t.relname ~ '^vectors_'`,
  )
  console.log(
    `    indexes built in ${seconds(ended - (indexing ?? ended))}, ${sizes?.index.toFixed(0)} MB beside a table of ${sizes?.table.toFixed(0)} MB`,
  )
  const vectors = await openVectors(database, options)
  const table = await vectors?.serving(database)
  if (!vectors || !table) throw new Error('there are no vectors')
  const asked = readQuestions().map(({ ask }) => ask)
  const some = asked.filter((_, index) => index % Math.ceil(asked.length / QUESTIONS) === 0)
  for (const types of [SOURCE_TYPES, ['manual'] as const]) {
    const ms: number[] = []
    let found = 0
    let wanted = 0
    for (const text of some) {
      const [vector = ''] = await embedChecked(embedder, [text], model, signal)
      const before = performance.now()
      // One that takes too long finds nothing, as in a search.
      const ids = await vectors.near(database, table, vector, { types, postgres: undefined, limit: NEAREST }).catch((error: unknown) => {
        if (error instanceof ServiceError) return []
        throw error
      })
      ms.push(performance.now() - before)
      const nearest = await exactly(database, table.table, vector, types)
      wanted += nearest.length
      found += nearest.filter((id) => ids.slice(0, FIRST).includes(id)).length
    }
    const { median, p95 } = timesOf(ms)
    const where = types.length === 1 ? 'the manual alone' : 'all types'
    console.log(
      `    ${where}: recall@${FIRST} ${(found / wanted).toFixed(3)}; a search takes ${median.toFixed(1)} ms, 95 of 100 less than ${p95.toFixed(1)} ms`,
    )
  }
  await base.close()
}

/** Every vector is compared. */
async function exactly(database: Database, table: string, vector: string, types: readonly SourceType[]): Promise<string[]> {
  return await database.transaction(async (session) => {
    await session.query('set local enable_indexscan = off; set local max_parallel_workers_per_gather = 2')
    const rows = await session.query<{ id: string }>(
      `select passage::text as id from ${table} where type = any($2::text[]) order by embedding <=> $1 limit ${FIRST}`,
      [vector, types],
    )
    return rows.map(({ id }) => id)
  })
}
