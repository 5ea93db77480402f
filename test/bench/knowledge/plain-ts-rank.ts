import type { Session } from '../../../src/database/database.ts'
import type { ManualText } from './plain-manual.ts'

/** The addresses that answer best, the best first. */
type PlainSearch = (question: string, limit: number) => Promise<string[]>

const BATCH = 500

/**
 * What one gets who reads Postgres's chapter on text search and stops there: one tsvector a text, `websearch_to_tsquery` and `ts_rank`, all of them with the
 * English configuration and as they come. Where too few texts hold all the words, those follow that hold any. `texts` may be sections or whole pages.
 * The table is made anew.
 */
export async function plainTsRank(session: Session, texts: readonly ManualText[], table = 'plain_ts_rank'): Promise<PlainSearch> {
  await session.query(`drop table if exists ${table}; create table ${table} (url text primary key, words tsvector not null)`)
  for (let from = 0; from < texts.length; from += BATCH) {
    const batch = texts.slice(from, from + BATCH)
    await session.query(
      `insert into ${table} select url, to_tsvector('english', body) from unnest($1::text[], $2::text[]) as given (url, body)`,
      [batch.map(({ url }) => url), batch.map(({ text }) => text)],
    )
  }
  await session.query(`create index on ${table} using gin (words); analyze ${table}`)
  return async (question, limit) => {
    const rows = await session.query<{ url: string }>(
      `with asked as (
         select websearch_to_tsquery('english', $1) as all_words,
           (select string_agg('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || '''', ' | ')
            from unnest(tsvector_to_array(to_tsvector('english', $1))) as word)::tsquery as any_word
       )
       select url from ${table}, asked
       where words @@ all_words or words @@ any_word
       order by words @@ all_words desc, ts_rank(words, case when words @@ all_words then all_words else any_word end) desc, url
       limit $2`,
      [question, limit],
    )
    return rows.map(({ url }) => url)
  }
}
