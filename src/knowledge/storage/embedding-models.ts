/** The models that there are vectors of, and which of them searches use. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Database, SCHEMA, type Session } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import type { Model } from '../embedder.ts'
import type { Pgvector } from './pgvector.ts'

export interface ModelTable extends Model {
  id: number
  table: string
  isComplete: boolean
}

const LOCK = ['embedding models']
/** Making or dropping a table that refers to passages waits for those who write them, and they for it. */
const WAITS = `set local lock_timeout = '3s'`
const ATTEMPTS = 5
/** A process that is killed keeps others waiting for so long. */
const HELD_MS = 15_000
const SIGN_OF_LIFE_MS = 4_000

/** The one that searches use first: the newest that is complete, else the oldest there is. */
export async function readModels(session: Session): Promise<ModelTable[]> {
  const rows = await session.query<{ id: number; model: string; dimensions: number; complete: boolean }>(
    `select id, model, dimensions, complete from ${SCHEMA}.embedding_models order by complete desc, case when complete then -id else id end`,
  )
  return rows.map(({ id, model, dimensions, complete }) => ({
    id,
    name: model,
    dimensions,
    table: `${SCHEMA}.vectors_${Number(id)}`,
    isComplete: complete,
  }))
}

export async function readModel(session: Session, { name, dimensions }: Model): Promise<ModelTable | undefined> {
  return (await readModels(session)).find((model) => model.name === name && model.dimensions === dimensions)
}

export async function ensureModel(database: Database, pgvector: Pgvector, model: Model): Promise<ModelTable> {
  for (let attempt = 1; ; attempt++) {
    const known = await readModel(database, model)
    if (known) return known
    try {
      await database.transaction(async (session) => await makeModel(session, pgvector, model), LOCK)
    } catch (error) {
      if (!isLockTimeout(error) || attempt === ATTEMPTS) throw error
    }
  }
}

async function makeModel(session: Session, { schema, type }: Pgvector, model: Model): Promise<void> {
  if (await readModel(session, model)) return
  await session.query(WAITS)
  const [made] = await session.query<{ id: number }>(
    `insert into ${SCHEMA}.embedding_models (model, dimensions) values ($1, $2) returning id`,
    [model.name, model.dimensions],
  )
  await session.query(`create table ${SCHEMA}.vectors_${made?.id} (type text not null, passage bigint not null,
    embedding ${schema}.${type}(${Number(model.dimensions)}) not null,
    primary key (type, passage), foreign key (type, passage) references ${SCHEMA}.passages on delete cascade)`)
}

/** From here on searches use it. Then the others go, but those that somebody makes vectors for; one that cannot go now goes the next time. */
export async function switchTo(database: Database, model: ModelTable): Promise<void> {
  await database.query(`update ${SCHEMA}.embedding_models set complete = (id = $1) where complete <> (id = $1)`, [model.id])
  const old = await database.query<{ id: number }>(
    `select id from ${SCHEMA}.embedding_models where id <> $1 and coalesce(held_until < now(), true)`,
    [model.id],
  )
  for (const { id } of old) {
    try {
      await database.transaction(async (session) => {
        await session.query(WAITS)
        await session.query(`drop table if exists ${SCHEMA}.vectors_${Number(id)}`)
        await session.query(`delete from ${SCHEMA}.embedding_models where id = $1`, [id])
      }, LOCK)
    } catch (error) {
      if (!isLockTimeout(error)) throw error
    }
  }
}

function isLockTimeout(error: unknown): boolean {
  return (error as { code?: unknown }).code === '55P03' || (error as { cause?: { code?: unknown } }).cause?.code === '55P03'
}

/** Of this process: who holds what on the embedded database and is none of these was killed. */
const holders = new Set<string>()

/** While `work` runs nobody else makes vectors of the model: each would pay for them. Waits for another who does. */
export async function holdModel<T>(
  database: Database,
  { id, name }: ModelTable,
  { signal, progress }: { signal: AbortSignal; progress(what: string): void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const holder = randomUUID()
  const hold = async (): Promise<boolean> => {
    const dead = database.kind === 'embedded' ? 'or held_by <> all($4::text[])' : 'and $4::text[] is not null'
    const rows = await database.query(
      `update ${SCHEMA}.embedding_models set held_by = $2, held_until = now() + $3::int * interval '1 millisecond'
       where id = $1 and (held_by is null or held_by = $2 or held_until < now() ${dead}) returning id`,
      [id, holder, HELD_MS, [...holders]],
    )
    return rows.length > 0
  }
  const wait = async (): Promise<void> => {
    progress(`Another process makes vectors of ${name}: waiting for it`)
    await sleep(500, undefined, { signal })
    if (!(await database.query(`select 1 from ${SCHEMA}.embedding_models where id = $1`, [id])).length)
      throw new ServiceError('embeddings', `${name} was given up for another model meanwhile`)
  }
  const lost = new AbortController()
  let life: NodeJS.Timeout | undefined
  holders.add(holder)
  try {
    while (!(await hold())) await wait()
    life = setInterval(async () => {
      const isHeld = await hold().catch(() => true)
      if (!isHeld) lost.abort(new ServiceError('embeddings', `another process makes vectors of ${name} now`))
    }, SIGN_OF_LIFE_MS)
    return await work(AbortSignal.any([signal, lost.signal]))
  } finally {
    clearInterval(life)
    holders.delete(holder)
    await database
      .query(`update ${SCHEMA}.embedding_models set held_by = null, held_until = null where id = $1 and held_by = $2`, [id, holder])
      .catch(() => {})
  }
}
