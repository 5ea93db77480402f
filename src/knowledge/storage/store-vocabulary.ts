import { type Database, SCHEMA, type Session } from '../../database/database.ts'
import { SYNONYM_STEMS } from '../search/question-words.ts'
import { STOP_WORDS } from '../search/stop-words.ts'

interface Synonym {
  asked: string[]
  meant: string[]
  weight: number
}

/** What searches in SQL know of words: the same as those in this process, as of the last sync. */
export async function storeVocabulary(database: Database): Promise<void> {
  const synonyms = SYNONYM_STEMS.map(({ asked, meant, weight }) => ({ asked: asked.map(phrase), meant: meant.map(phrase), weight }))
  const words = [...STOP_WORDS].sort()
  if (await isStored(database, synonyms, words)) return
  await database.transaction(
    async (session) => {
      await session.query(
        `with new as (select * from jsonb_to_recordset($1::jsonb) as new(asked text[], meant text[], weight double precision))
         delete from ${SCHEMA}.synonyms as old where not exists (select from new where (new.asked, new.meant, new.weight) = (old.asked, old.meant, old.weight))`,
        [JSON.stringify(synonyms)],
      )
      await session.query(
        `insert into ${SCHEMA}.synonyms (asked, meant, weight)
         select distinct asked, meant, weight from jsonb_to_recordset($1::jsonb) as new(asked text[], meant text[], weight double precision)
         where not exists (
           select from ${SCHEMA}.synonyms as old where (new.asked, new.meant, new.weight) = (old.asked, old.meant, old.weight))`,
        [JSON.stringify(synonyms)],
      )
      await session.query(`delete from ${SCHEMA}.stop_words where word <> all($1::text[])`, [words])
      await session.query(`insert into ${SCHEMA}.stop_words (word) select unnest($1::text[]) on conflict do nothing`, [words])
    },
    ['vocabulary'],
  )
}

async function isStored(session: Session, synonyms: readonly Synonym[], words: readonly string[]): Promise<boolean> {
  const rows = await session.query<Synonym>(`select asked, meant, weight from ${SCHEMA}.synonyms`)
  const stored = await session.query<{ word: string }>(`select word from ${SCHEMA}.stop_words order by word collate "C"`)
  return fingerprint(rows) === fingerprint(synonyms) && stored.map(({ word }) => word).join() === words.join()
}

function fingerprint(synonyms: readonly Synonym[]): string {
  return [...new Set(synonyms.map(({ asked, meant, weight }) => JSON.stringify([asked, meant, weight])))].sort().join()
}

function phrase(stems: readonly string[]): string {
  return stems.join(' ')
}
