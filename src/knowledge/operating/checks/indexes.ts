/** Indexes that searches cannot use, and tables whose statistics the planner guesses. */
import { SCHEMA, type Session } from '../../../database/database.ts'
import { readUnanalyzed } from '../../storage/unanalyzed.ts'
import type { Check, Found } from './check.ts'

export const indexes: Check = {
  looksAt: 'indexes and statistics',
  find: async (session) => [...(await invalid(session)), ...(await unanalyzed(session))],
}

async function invalid(session: Session): Promise<Found[]> {
  const rows = await session.query<{ name: string; table: string; partitioned: boolean }>(
    `select c.relname as name, i.indrelid::regclass::text as table, c.relkind = 'I' as partitioned
     from pg_index as i join pg_class as c on c.oid = i.indexrelid
     where c.relnamespace = '${SCHEMA}'::regnamespace and not i.indisvalid
       and not exists (select from pg_stat_progress_create_index as p where p.index_relid = i.indexrelid)
     order by c.relname`,
  )
  return rows.map(({ name, table, partitioned }) => {
    const index = `${SCHEMA}."${name.replaceAll('"', '""')}"`
    // What REINDEX CONCURRENTLY leaves when it fails; the index it was to replace is still there.
    const isLeftOver = /_cc(?:new|old)\d*$/.test(name)
    const statement = isLeftOver ? `drop index concurrently if exists ${index}` : `reindex index concurrently ${index}`
    return {
      kind: 'invalid-indexes',
      source: null,
      count: 1,
      what: `the index ${name} of ${table} is invalid${partitioned ? ': one of its partitions has none' : ': its build was cut off, and it costs at every write'}`,
      advice: partitioned
        ? `Make the missing index and attach it: alter index ${index} attach partition …`
        : `pgwitness kb doctor --fix runs: ${statement}`,
      examples: [],
      ...(!partitioned && {
        async mend(database, signal) {
          await database.build(statement, signal)
          return 'mended' as const
        },
      }),
    } satisfies Found
  })
}

async function unanalyzed(session: Session): Promise<Found[]> {
  const tables = await readUnanalyzed(session)
  if (tables.length === 0) return []
  return [
    {
      kind: 'not-analyzed',
      source: null,
      count: tables.length,
      what: `the planner knows nothing of ${tables.length} tables, which were never analyzed`,
      advice: 'pgwitness kb doctor --fix analyzes them. On a server of your own, see that autovacuum is on.',
      examples: tables,
      async mend(database, signal) {
        for (const table of tables) await database.build(`analyze ${table}`, signal)
        return 'mended'
      },
    },
  ]
}
