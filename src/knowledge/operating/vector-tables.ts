/** The tables of vectors, as the catalog has them. */
import { SCHEMA, type Session } from '../../database/database.ts'
import type { Model } from '../embedder.ts'

export interface VectorTable extends Model {
  id: number
  isComplete: boolean
  table: string
  /** Of pgvector. */
  type: 'halfvec' | 'vector'
  /** Where pgvector is, quoted. */
  schema: string
}

/** The one that searches use first. Models whose table is gone are left out. */
export async function readVectorTables(session: Session): Promise<VectorTable[]> {
  const rows = await session.query<{
    id: number
    model: string
    dimensions: number
    complete: boolean
    type: 'halfvec' | 'vector'
    schema: string
  }>(
    `select m.id, m.model, m.dimensions, m.complete, t.typname as type, quote_ident(n.nspname) as schema
     from ${SCHEMA}.embedding_models as m
     join pg_attribute as a on a.attrelid = to_regclass('${SCHEMA}.vectors_' || m.id) and a.attname = 'embedding'
     join pg_type as t on t.oid = a.atttypid join pg_namespace as n on n.oid = t.typnamespace
     where t.typname in ('halfvec', 'vector')
     order by m.complete desc, case when m.complete then -m.id else m.id end`,
  )
  return rows.map(({ id, model, dimensions, complete, type, schema }) => ({
    id,
    name: model,
    dimensions,
    isComplete: complete,
    table: `${SCHEMA}.vectors_${Number(id)}`,
    type,
    schema,
  }))
}
