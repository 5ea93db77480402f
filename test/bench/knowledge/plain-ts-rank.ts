import type { Session } from '../../../src/database/database.ts'
import type { ManualText } from './plain-manual.ts'

/** What answers best, the best first; of texts with one address the best alone. */
type PlainSearch = (question: string, limit: number) => Promise<ManualText[]>

const BATCH = 500

/**
 * What one gets who reads Postgres's chapter on text search and stops there: one tsvector a text, `websearch_to_tsquery` and `ts_rank`, all of them with the
 * English configuration and as they come. Where too few texts hold all the words, those follow that hold any. `texts` may be passages, sections or whole pages.
 * The table is made anew.
 */
export async function plainTsRank(session: Session, texts: readonly ManualText[], table = 'plain_ts_rank'): Promise<PlainSearch> {
  await session.query(
    `drop table if exists ${table}; create table ${table} (position int not null, url text not null, words tsvector not null)`,
  )
  for (let from = 0; from < texts.length; from += BATCH) {
    const batch = texts.slice(from, from + BATCH)
    await session.query(
      `insert into ${table} select $1 + place, url, to_tsvector('english', body)
       from unnest($2::text[], $3::text[]) with ordinality as given (url, body, place)`,
      [from - 1, batch.map(({ url }) => url), batch.map(({ text }) => text)],
    )
  }
  await session.query(`create index on ${table} using gin (words); analyze ${table}`)
  return async (question, limit) => {
    const rows = await session.query<{ position: number }>(
      `with asked as (
         select websearch_to_tsquery('english', $1) as all_words,
           (select string_agg('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || '''', ' | ')
            from unnest(tsvector_to_array(to_tsvector('english', $1))) as word)::tsquery as any_word
       ), found as (
         select position, url, words @@ all_words as has_all, ts_rank(words, case when words @@ all_words then all_words else any_word end) as rank
         from ${table}, asked
         where words @@ all_words or words @@ any_word
       ), best as (
         select distinct on (url) position, has_all, rank from found order by url, has_all desc, rank desc, position
       )
       select position from best order by has_all desc, rank desc, position limit $2`,
      [question, limit],
    )
    return rows.flatMap(({ position }) => texts[position] ?? [])
  }
}
