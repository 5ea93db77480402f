/** Indexes over vectors: one for each type of source, so that a search in one type finds as much as a search in all. */
import { type Database, SCHEMA, type Session } from '../../database/database.ts'
import { SOURCE_TYPES } from '../document.ts'
import type { ModelTable } from './embedding-models.ts'
import { MOST_DIMENSIONS, type Pgvector } from './pgvector.ts'

/** Rows in a list of an IVFFlat index, as its manual advises. More lists would need more memory to be found than servers usually give. */
const ROWS_PER_LIST = 1_000
const MOST_LISTS = 200
/** Its lists are of the rows it was built with: one of so many times more is built anew. */
const GROWN = 3

/** Twice pgvector's own: without it searches would have to look at half as many again. `npm run bench knowledge vectors` */
const EF_CONSTRUCTION = 128

interface VectorIndex {
  name: string
  method: string
  isValid: boolean
  lists: number
}

/** Those that are missing, built half or outgrown. Nobody waits: what is stored meanwhile goes into them too. Gives how many were built. */
export async function indexVectors(
  database: Database,
  pgvector: Pgvector,
  model: ModelTable,
  from: number,
  { signal, progress }: { signal: AbortSignal; progress(what: string): void },
): Promise<number> {
  if (model.dimensions > MOST_DIMENSIONS[pgvector.type]) return 0
  const counts = await database.query<{ type: string; rows: number }>(
    `select type, count(*)::float8 as rows from ${model.table} group by type having count(*) >= $1`,
    [from],
  )
  let built = 0
  for (const type of SOURCE_TYPES) {
    const rows = counts.find((one) => one.type === type)?.rows
    if (rows === undefined) continue
    const name = `vectors_${model.id}_${type.replaceAll('-', '_')}_near`
    const old = await readIndexes(database, name)
    for (const { name: half } of old.filter(({ isValid }) => !isValid)) await drop(database, half, signal)
    const lists = Math.min(MOST_LISTS, Math.max(1, Math.ceil(rows / ROWS_PER_LIST)))
    const valid = old.find(({ isValid }) => isValid)
    if (valid?.method === pgvector.method && (valid.method === 'hnsw' || lists <= valid.lists * GROWN)) continue
    progress(`Indexing ${rows} vectors of ${model.name}`)
    const next = valid ? nextName(name, valid.name) : name
    await database.build(
      `create index concurrently ${next} on ${model.table} using ${pgvector.method} (embedding ${pgvector.schema}.${pgvector.type}_cosine_ops)
       with (${pgvector.method === 'ivfflat' ? `lists = ${lists}` : `ef_construction = ${EF_CONSTRUCTION}`}) where type = '${type}'`,
      signal,
    )
    if (valid) await drop(database, valid.name, signal)
    built++
  }
  if (built > 0) await database.build(`analyze ${model.table}`, signal)
  return built
}

/** Of a type; while one is built for another there are two. */
async function readIndexes(session: Session, name: string): Promise<VectorIndex[]> {
  const rows = await session.query<{ name: string; method: string; valid: boolean; lists: string | null }>(
    `select c.relname as name, am.amname as method, i.indisvalid as valid, substring(array_to_string(c.reloptions, ',') from 'lists=([0-9]+)') as lists
     from pg_class as c join pg_index as i on i.indexrelid = c.oid join pg_am as am on am.oid = c.relam
     where c.relnamespace = '${SCHEMA}'::regnamespace and c.relname in ($1::text, $1::text || '_again') order by c.relname`,
    [name],
  )
  return rows.map(({ name: found, method, valid, lists }) => ({ name: found, method, isValid: valid, lists: Number(lists ?? 1) }))
}

function nextName(name: string, used: string): string {
  return used === name ? `${name}_again` : name
}

async function drop(database: Database, index: string, signal: AbortSignal): Promise<void> {
  await database.build(`drop index concurrently if exists ${SCHEMA}.${index}`, signal)
}
