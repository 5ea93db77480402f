/** Vectors for passages that have none. */
import { type Database, SCHEMA, type Session } from '../../database/database.ts'
import { SOURCE_TYPES } from '../document.ts'
import type { Embedder, Model } from '../embedder.ts'
import { embedChecked } from './checked-vectors.ts'
import { ensureModel, holdModel, type ModelTable, switchTo } from './embedding-models.ts'
import { indexVectors } from './index-vectors.ts'
import type { Pgvector } from './pgvector.ts'

export interface Filling {
  pgvector: Pgvector
  /** Passages of a type from which on an index is made; of fewer all are compared. */
  indexedFrom: number
}

interface Context {
  signal: AbortSignal
  progress(what: string): void
}

/** Tokens of what is above a passage, which is embedded with it: titles and the term, on average. */
export const HEADING_TOKENS = 12

/** Of a model that there is nothing of yet: all. Tokens are those of as many average passages. */
export async function countMissing(session: Session, table: string | undefined): Promise<{ passages: number; tokens: number }> {
  const [all] = await session.query<{ passages: number; tokens: number }>(
    `select coalesce(sum(passages), 0)::float8 as passages, coalesce(sum(tokens), 0)::float8 as tokens from ${SCHEMA}.sources`,
  )
  const { passages = 0, tokens = 0 } = all ?? {}
  const [row] =
    table === undefined
      ? [{ count: passages }]
      : await session.query<{ count: number }>(
          `select count(*)::float8 as count from (select p.type, p.id from ${SCHEMA}.passages as p where ${isMissing(table)}) as missing`,
        )
  const count = row?.count ?? 0
  return { passages: count, tokens: Math.round(count * (HEADING_TOKENS + tokens / Math.max(1, passages))) }
}

/** By the indexes of both tables alone: rows of passages are long. */
function isMissing(table: string): string {
  return `not exists (select from ${table} as v where v.type = p.type and v.passage = p.id)`
}

/** Makes what is missing for the embedder's model, then an index, and lets searches use it. Cut off, the next one goes on. Gives how many were made. */
export async function fillVectors(
  database: Database,
  { pgvector, indexedFrom }: Filling,
  embedder: Embedder,
  context: Context,
): Promise<number> {
  const model = await ensureModel(database, pgvector, embedder.model)
  return await holdModel(database, model, context, async (signal) => {
    const all = await countRest(database, model)
    let made = 0
    const round = async (): Promise<number> => {
      const from = made
      for (const type of SOURCE_TYPES) {
        await fillType(database, pgvector, embedder, model, type, signal, (count) => {
          made += count
          context.progress(`Embedding with ${model.name}: ${made} of ${Math.max(made, all)} passages`)
        })
      }
      return made - from
    }
    // Others may store passages meanwhile.
    while ((await round()) > 0);
    const built = await indexVectors(database, pgvector, model, indexedFrom, { ...context, signal })
    while (built > 0 && (await round()) > 0);
    await switchTo(database, model)
    return made
  })
}

/** As when `fillVectors` has nothing to do; it does nothing where vectors are missing. */
export async function completeWhenFull(database: Database, { pgvector, indexedFrom }: Filling, model: Model): Promise<void> {
  const table = await ensureModel(database, pgvector, model)
  if ((await countMissing(database, table.table)).passages > 0) return
  const { signal } = new AbortController()
  await indexVectors(database, pgvector, table, indexedFrom, { signal, progress() {} })
  await switchTo(database, table)
}

/** Near enough to show: by the sums that are kept. */
async function countRest(session: Session, { table }: ModelTable): Promise<number> {
  const [row] = await session.query<{ rest: number }>(
    `select ((select coalesce(sum(passages), 0) from ${SCHEMA}.sources) - (select count(*) from ${table}))::float8 as rest`,
  )
  return row?.rest ?? 0
}

interface Missing {
  id: string
  text: string
}

/** What is embedded at once is in memory, and nothing else. */
async function fillType(
  database: Database,
  pgvector: Pgvector,
  embedder: Embedder,
  model: ModelTable,
  type: string,
  signal: AbortSignal,
  made: (count: number) => void,
): Promise<void> {
  const { batch, parallel = 1 } = embedder
  for (let after = '0'; ; ) {
    signal.throwIfAborted()
    const missing = await database.query<Missing>(
      `select p.id::text as id, concat_ws(' > ', d.title, nullif(array_to_string(p.breadcrumb, ' > '), ''), p.term) || E'\\n\\n' || p.text as text
       from (select p.id from ${SCHEMA}.passages as p
         where p.type = $1 and p.id > $2::bigint and ${isMissing(model.table)} order by p.id limit $3::int) as missing
       join ${SCHEMA}.passages as p on p.type = $1 and p.id = missing.id join ${SCHEMA}.documents as d on d.id = p.document
       order by p.id`,
      [type, after, batch * parallel],
    )
    if (missing.length === 0) return
    const batches = Array.from({ length: Math.ceil(missing.length / batch) }, (_, nth) => missing.slice(nth * batch, (nth + 1) * batch))
    const ends = await Promise.allSettled(
      batches.map(async (some) => {
        const texts = some.map(({ text }) => text)
        await storeVectors(database, pgvector, model, type, some, await embedChecked(embedder, texts, embedder.model, signal))
        made(some.length)
      }),
    )
    // What the others gave is stored by now.
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed) throw failed.reason
    after = missing.at(-1)?.id ?? after
  }
}

/** Passages that are gone meanwhile, or that somebody else embedded, are left out. */
async function storeVectors(
  database: Database,
  { schema, type: vectorType }: Pgvector,
  { table }: ModelTable,
  type: string,
  passages: readonly Missing[],
  vectors: readonly string[],
): Promise<void> {
  await database.query(
    `insert into ${table} (type, passage, embedding)
     select p.type, p.id, new.embedding::${schema}.${vectorType} from unnest($2::bigint[], $3::text[]) as new(passage, embedding)
     join ${SCHEMA}.passages as p on p.type = $1 and p.id = new.passage order by p.id for key share of p
     on conflict do nothing`,
    [type, passages.map(({ id }) => id), vectors],
  )
}
