import { SCHEMA, type Session } from '../../database/database.ts'

/** Smaller ones are read as a whole whatever the planner thinks. */
const LEAST_BYTES = 1024 * 1024

/**
 * Tables of the knowledge base that the planner has no statistics of. Nobody else analyzes the partitioned one: autovacuum looks at its partitions only, and an
 * embedded Postgres has none.
 */
export async function readUnanalyzed(session: Session): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class as c
     where c.relnamespace = '${SCHEMA}'::regnamespace and c.relkind in ('r', 'p') and c.relname ~ '^(?:documents|passages|words|vectors_)'
       and (select coalesce(sum(pg_relation_size(relid)), 0) from pg_partition_tree(c.oid)) > ${LEAST_BYTES}
       and not exists (select from pg_stats as s where s.schemaname = '${SCHEMA}' and s.tablename = c.relname and s.inherited = (c.relkind = 'p'))
     order by 1`,
  )
  return rows.map(({ name }) => name)
}
