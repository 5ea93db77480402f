/** Vectors that are missing, or that belong to nothing. */
import { SCHEMA, type Session } from '../../../database/database.ts'
import { readVectorTables, type VectorTable } from '../vector-tables.ts'
import { type Check, type Found, SHOWN } from './check.ts'

export const vectors: Check = {
  looksAt: 'vectors',
  async find(session, { signal }) {
    const found: Found[] = []
    const tables = await readVectorTables(session)
    for (const table of tables) {
      signal.throwIfAborted()
      found.push(...(await missing(session, table)), ...(await orphans(session, table)))
    }
    return [...found, ...(await withoutModel(session)), ...(await withoutTable(session, tables))]
  },
}

async function missing(session: Session, { name, dimensions, table }: VectorTable): Promise<Found[]> {
  const rows = await session.query<{ source: string; count: number; titles: string[] }>(
    `select d.source, count(*)::float8 as count, (array_agg(distinct d.title))[1:${SHOWN}] as titles
     from ${SCHEMA}.passages as p join ${SCHEMA}.documents as d on d.id = p.document
     where not exists (select from ${table} as v where v.type = p.type and v.passage = p.id) group by d.source order by d.source`,
  )
  return rows.map(({ source, count, titles }) => ({
    kind: 'missing-vectors',
    source,
    count,
    what: `${count} passages of ${source} have no vector of ${name} (${dimensions} dimensions), and are found by their words only`,
    advice: `pgwitness kb sync ${source} makes them, with PGWITNESS_EMBEDDING_MODEL=${name}; pgwitness kb stats says what that costs.`,
    examples: titles,
  }))
}

async function orphans(session: Session, { name, table }: VectorTable): Promise<Found[]> {
  const isOrphan = `not exists (select from ${SCHEMA}.passages as p where p.type = v.type and p.id = v.passage)`
  const [row] = await session.query<{ count: number }>(`select count(*)::float8 as count from ${table} as v where ${isOrphan}`)
  if (!row || row.count === 0) return []
  return [
    {
      kind: 'orphans',
      source: null,
      count: row.count,
      what: `${row.count} vectors of ${name} belong to no passage`,
      advice: 'pgwitness kb doctor --fix removes them.',
      examples: [],
      async mend(database) {
        await database.query(`delete from ${table} as v where ${isOrphan}`)
        return 'mended'
      },
    },
  ]
}

async function withoutModel(session: Session): Promise<Found[]> {
  const rows = await session.query<{ name: string; rows: number }>(
    `select relname as name, greatest(reltuples, 0)::float8 as rows from pg_class
     where relnamespace = '${SCHEMA}'::regnamespace and relkind = 'r' and relname ~ '^vectors_[0-9]+$'
       and not exists (select from ${SCHEMA}.embedding_models as m where relname = 'vectors_' || m.id) order by relname`,
  )
  return rows.map(({ name, rows: estimated }) => ({
    kind: 'orphans',
    source: null,
    count: estimated,
    what: `the vectors in ${SCHEMA}.${name} are of a model that is not known`,
    advice: 'pgwitness kb doctor --fix drops the table: nothing can search in it.',
    examples: [],
    async mend(database) {
      await database.query(`set local lock_timeout = '3s'; drop table if exists ${SCHEMA}.${name}`)
      return 'mended'
    },
  }))
}

async function withoutTable(session: Session, tables: readonly VectorTable[]): Promise<Found[]> {
  const rows = await session.query<{ id: number; model: string }>(`select id, model from ${SCHEMA}.embedding_models order by id`)
  return rows
    .filter(({ id }) => !tables.some((table) => table.id === id))
    .map(({ id, model }) => ({
      kind: 'missing-vectors',
      source: null,
      count: 1,
      what: `the table with the vectors of ${model} is gone`,
      advice: 'pgwitness kb doctor --fix forgets the model; the next sync that is configured for it makes all its vectors anew.',
      examples: [],
      async mend(database) {
        await database.query(`delete from ${SCHEMA}.embedding_models where id = $1`, [id])
        return 'mended'
      },
    }))
}
