/** Vectors of the passages, one table a model, where Postgres has pgvector. */
import { type Database, SCHEMA, type Session } from '../../database/database.ts'
import { SOURCE_TYPES } from '../document.ts'
import type { Embedder, Model } from '../embedder.ts'
import { embedChecked } from './checked-vectors.ts'

export interface Vectors {
  /** The model that searches use: the newest that is complete, else the oldest there is. Undefined before there is any. */
  serving(session: Session): Promise<ModelTable | undefined>
  /** Makes what is missing for the embedder's model; when all is there, drops other models' tables. Gives how many were made. */
  fill(embedder: Embedder, context: { signal: AbortSignal; progress(what: string): void }): Promise<number>
  /** Makes the table of a model where there is none. */
  ensure(model: Model): Promise<void>
  /** What `fill` does at its end, when vectors came from elsewhere: nothing while any is missing. */
  completeWhenFull(model: Model): Promise<void>
  /** Passages near a vector (as `embedChecked` gives it), the nearest first. */
  near(database: Database, table: ModelTable, vector: string, where: { types: readonly string[]; limit: number }): Promise<string[]>
}

interface ModelTable extends Model {
  table: string
  isComplete: boolean
}

/** How pgvector is here. */
interface Support {
  schema: string
  type: 'halfvec' | 'vector'
  method: 'hnsw' | 'ivfflat'
}

/** Dimensions that an index takes: https://github.com/pgvector/pgvector#hnsw */
const MOST_DIMENSIONS = { halfvec: 4_000, vector: 2_000 }
/** A list of an IVFFlat index for so many rows, as its manual advises. */
const ROWS_PER_LIST = 1_000

/** Undefined where there is no pgvector, or no right to install it. `method` overrides what is best. */
export async function openVectors(database: Database, method?: 'ivfflat'): Promise<Vectors | undefined> {
  const support = await findSupport(database)
  if (!support) return undefined
  const how = method ? { ...support, method } : support
  return {
    serving: async (session) => (await readModels(session))[0],
    fill: async (embedder, context) => await fill(database, how, embedder, context),
    async ensure(model) {
      await ensureModel(database, how, model)
    },
    async completeWhenFull(model) {
      const table = await ensureModel(database, how, model)
      const [row] = await database.query<{ full: boolean }>(
        `select not exists (select from ${SCHEMA}.passages as p
           where not exists (select from ${table.table} as v where v.type = p.type and v.passage = p.id)) as full`,
      )
      if (row?.full) await complete(database, how, table)
    },
    near: async (reader, table, vector, where) => await near(reader, how, table, vector, where),
  }
}

async function findSupport(database: Database): Promise<Support | undefined> {
  const installed = async () =>
    await database.query<{ version: string; schema: string }>(
      `select extversion as version, nspname as schema from pg_extension join pg_namespace n on n.oid = extnamespace where extname = 'vector'`,
    )
  let [found] = await installed()
  if (!found) {
    const available = await database.query(`select 1 from pg_available_extensions where name = 'vector'`)
    if (available.length === 0) return undefined
    try {
      await database.query(`create extension if not exists vector schema ${SCHEMA}`)
    } catch {
      // Not trusted here: an administrator can install it. Full text goes on without.
      return undefined
    }
    ;[found] = await installed()
  }
  if (!found) return undefined
  const [major = 0, minor = 0] = found.version.split('.').map(Number)
  const atLeast = (wanted: number): boolean => major > 0 || minor >= wanted
  return {
    schema: `"${found.schema.replaceAll('"', '""')}"`,
    type: atLeast(7) ? 'halfvec' : 'vector',
    method: atLeast(5) ? 'hnsw' : 'ivfflat',
  }
}

async function readModels(session: Session): Promise<ModelTable[]> {
  const rows = await session.query<{ id: number; model: string; dimensions: number; complete: boolean }>(
    `select id, model, dimensions, complete from ${SCHEMA}.embedding_models order by complete desc, case when complete then -id else id end`,
  )
  return rows.map(({ id, model, dimensions, complete }) => ({
    name: model,
    dimensions,
    table: `${SCHEMA}.vectors_${id}`,
    isComplete: complete,
  }))
}

async function ensureModel(database: Database, { schema, type, method }: Support, { name, dimensions }: Model): Promise<ModelTable> {
  return await database.transaction(
    async (session) => {
      const [known] = await session.query<{ id: number }>(
        `select id from ${SCHEMA}.embedding_models where model = $1 and dimensions = $2`,
        [name, dimensions],
      )
      if (!known) {
        const [made] = await session.query<{ id: number }>(
          `insert into ${SCHEMA}.embedding_models (model, dimensions) values ($1, $2) returning id`,
          [name, dimensions],
        )
        const table = `${SCHEMA}.vectors_${made?.id}`
        await session.query(`create table ${table} (type text not null, passage bigint not null, embedding ${schema}.${type}(${Number(dimensions)}) not null,
          primary key (type, passage), foreign key (type, passage) references ${SCHEMA}.passages on delete cascade)`)
        // Nothing is in it yet, so that nobody waits. The other kind of index learns from its rows, and comes at the end.
        if (method === 'hnsw' && dimensions <= MOST_DIMENSIONS[type]) {
          await session.query(`create index on ${table} using hnsw (embedding ${schema}.${type}_cosine_ops)`)
        }
      }
      const models = await readModels(session)
      return models.find((model) => model.name === name && model.dimensions === dimensions) as ModelTable
    },
    ['embedding models'],
  )
}

async function fill(
  database: Database,
  support: Support,
  embedder: Embedder,
  { signal, progress }: { signal: AbortSignal; progress(what: string): void },
): Promise<number> {
  const model = await ensureModel(database, support, embedder.model)
  let made = 0
  for (const type of SOURCE_TYPES) {
    let after = '0'
    for (;;) {
      signal.throwIfAborted()
      const missing = await database.query<{ id: string; text: string }>(
        `select p.id::text as id, concat_ws(' > ', d.title, nullif(array_to_string(p.breadcrumb, ' > '), ''), p.term) || E'\\n\\n' || p.text as text
         from ${SCHEMA}.passages as p join ${SCHEMA}.documents as d on d.id = p.document
         where p.type = $1 and p.id > $2::bigint and not exists (select from ${model.table} as v where v.type = p.type and v.passage = p.id)
         order by p.id limit $3::int`,
        [type, after, embedder.batch],
      )
      if (missing.length === 0) break
      const vectors = await embedChecked(
        embedder,
        missing.map(({ text }) => text),
        embedder.model,
        signal,
      )
      await storeVectors(database, support, model, type, missing, vectors)
      made += missing.length
      after = missing.at(-1)?.id ?? after
      progress(`${made} passages embedded with ${model.name}`)
    }
  }
  await complete(database, support, model)
  return made
}

/** Passages that are gone meanwhile, or that somebody else embedded, are left out. */
async function storeVectors(
  database: Database,
  { schema, type: vectorType }: Support,
  { table }: ModelTable,
  type: string,
  passages: ReadonlyArray<{ id: string }>,
  vectors: readonly string[],
): Promise<void> {
  await database.query(
    `insert into ${table} (type, passage, embedding)
     select p.type, p.id, new.embedding::${schema}.${vectorType} from unnest($2::bigint[], $3::text[]) as new(passage, embedding)
     join ${SCHEMA}.passages as p on p.type = $1 and p.id = new.passage for key share of p
     on conflict do nothing`,
    [type, passages.map(({ id }) => id), vectors],
  )
}

/** From here on searches use it, and the tables of other models go. */
async function complete(database: Database, { schema, type, method }: Support, model: ModelTable): Promise<void> {
  if (method === 'ivfflat' && model.dimensions <= MOST_DIMENSIONS.vector) {
    const name = model.table.replace(`${SCHEMA}.`, '')
    const [there] = await database.query(`select 1 from pg_index where indexrelid = to_regclass('${model.table}_near') and indisvalid`)
    if (!there) {
      const [count] = await database.query<{ rows: number }>(`select count(*)::float8 as rows from ${model.table}`)
      const lists = Math.max(1, Math.ceil((count?.rows ?? 0) / ROWS_PER_LIST))
      // One that failed half-way is in the way of the next.
      await database.query(`drop index concurrently if exists ${model.table}_near`)
      await database.query(
        `create index concurrently ${name}_near on ${model.table} using ivfflat (embedding ${schema}.${type}_cosine_ops) with (lists = ${lists})`,
      )
    }
  }
  await database.transaction(
    async (session) => {
      await session.query(`set local lock_timeout = '3s'`)
      await session.query(`update ${SCHEMA}.embedding_models set complete = true where model = $1 and dimensions = $2 and not complete`, [
        model.name,
        model.dimensions,
      ])
      for (const other of await readModels(session)) {
        if (other.table === model.table) continue
        await session.query(`drop table if exists ${other.table}`)
        await session.query(`delete from ${SCHEMA}.embedding_models where model = $1 and dimensions = $2`, [other.name, other.dimensions])
      }
    },
    ['embedding models'],
  )
}

async function near(
  database: Database,
  { schema, type, method }: Support,
  { table, dimensions }: ModelTable,
  vector: string,
  { types, limit }: { types: readonly string[]; limit: number },
): Promise<string[]> {
  return await database.transaction(async (session) => {
    await session.query(method === 'hnsw' ? `set local hnsw.ef_search = ${Math.min(1_000, 2 * limit)}` : 'set local ivfflat.probes = 20')
    const rows = await session.query<{ id: string }>(
      `select passage::text as id from ${table} where type = any($2::text[])
       order by embedding operator(${schema}.<=>) $1::${schema}.${type}(${Number(dimensions)}) limit $3::int`,
      [vector, types, limit],
    )
    return rows.map(({ id }) => id)
  })
}
