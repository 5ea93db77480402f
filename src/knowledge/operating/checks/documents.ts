/** Documents whose passages are not all there, or there twice. */
import { SCHEMA, type Session } from '../../../database/database.ts'
import { type Check, type Found, SHOWN } from './check.ts'

export const documents: Check = {
  looksAt: 'documents and their passages',
  find: async (session) => [...(await uneven(session)), ...(await declaredTwice(session))],
}

async function uneven(session: Session): Promise<Found[]> {
  const rows = await session.query<{ source: string; twice: boolean; ids: string[]; titles: string[] }>(
    `select d.source, coalesce(p.stored > least(d.passages, p.ends), false) as twice, array_agg(d.id::text order by d.id) as ids,
       (array_agg(d.title order by d.id))[1:${SHOWN}] as titles
     from ${SCHEMA}.documents as d
     left join (select document, count(*) as stored, max(position) + 1 as ends from ${SCHEMA}.passages group by document) as p on p.document = d.id
     where d.passages <> coalesce(p.stored, 0) or p.stored <> p.ends group by 1, 2 order by 1, 2`,
  )
  return rows.map(({ source, twice, ids, titles }) => ({
    kind: twice ? 'duplicates' : 'unfinished',
    source,
    count: ids.length,
    what: twice
      ? `${ids.length} documents of ${source} have passages twice`
      : `${ids.length} documents of ${source} were begun and never finished: passages are missing`,
    advice: `pgwitness kb doctor --fix marks them, and then pgwitness kb sync ${source} reads them again (or pgwitness kb import, where it came from a file).`,
    examples: titles,
    async mend(database) {
      await database.query(`update ${SCHEMA}.documents set revision = '' where id = any($1::bigint[])`, [ids])
      return 'prepared'
    },
  }))
}

/** Of the smaller source. Messages that went to two lists are few. */
const MOSTLY = 0.5

async function declaredTwice(session: Session): Promise<Found[]> {
  const rows = await session.query<{ sources: string[]; count: number; urls: string[] }>(
    `select sources, count(*)::float8 as count, (array_agg(url order by url))[1:${SHOWN}] as urls
     from (select url, array_agg(distinct source) as sources from ${SCHEMA}.documents group by url having min(source) <> max(source)) as shared
     group by sources order by sources`,
  )
  const sizes = await session.query<{ name: string; documents: number }>(
    `select name, documents::float8 as documents from ${SCHEMA}.sources`,
  )
  return rows
    .filter(({ sources, count }) => {
      const least = Math.min(...sizes.filter(({ name }) => sources.includes(name)).map(({ documents: all }) => all))
      return count > least * MOSTLY
    })
    .map(({ sources, count, urls }) => ({
      kind: 'duplicates',
      source: null,
      count,
      what: `${count} documents are there twice, as they are in ${sources.join(' and in ')}`,
      advice: `Keep one of these sources: pgwitness kb remove ${sources.at(-1)}.`,
      examples: urls,
    }))
}
