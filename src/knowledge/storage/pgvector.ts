import { type Database, SCHEMA } from '../../database/database.ts'

/** How pgvector is here. */
export interface Pgvector {
  /** Quoted. */
  schema: string
  type: 'halfvec' | 'vector'
  method: 'hnsw' | 'ivfflat'
  /** A scan of an index goes on until there is enough: from 0.8. */
  iterates: boolean
}

/** Dimensions that an index takes: https://github.com/pgvector/pgvector#hnsw */
export const MOST_DIMENSIONS = { halfvec: 4_000, vector: 2_000 }

/** Installs it where that is allowed. Undefined where there is none, or no right to install it: an administrator can. */
export async function findPgvector(database: Database): Promise<Pgvector | undefined> {
  const installed = async () =>
    await database.query<{ version: string; schema: string }>(
      `select extversion as version, quote_ident(nspname) as schema from pg_extension join pg_namespace n on n.oid = extnamespace where extname = 'vector'`,
    )
  let [found] = await installed()
  if (!found) {
    const available = await database.query(`select 1 from pg_available_extensions where name = 'vector'`)
    if (available.length === 0) return undefined
    try {
      await database.query(`create extension if not exists vector schema ${SCHEMA}`)
    } catch {
      // It is trusted nowhere but on the embedded database. Another process may have been faster.
    }
    ;[found] = await installed()
  }
  if (!found) return undefined
  const [major = 0, minor = 0] = found.version.split('.').map(Number)
  const atLeast = (wanted: number): boolean => major > 0 || minor >= wanted
  return {
    schema: found.schema,
    type: atLeast(7) ? 'halfvec' : 'vector',
    method: atLeast(5) ? 'hnsw' : 'ivfflat',
    iterates: atLeast(8),
  }
}
