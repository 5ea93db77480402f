/** What is really there, beside the sums that are kept: passages without document or in another type's table, and sums that are wrong. */
import { SCHEMA, type Session } from '../../../database/database.ts'
import { SOURCE_TYPES } from '../../document.ts'
import { type Check, type Found, SHOWN } from './check.ts'

export const counts: Check = {
  looksAt: 'passages and their documents',
  async find(session, { signal }) {
    const sources = await readSums(session)
    const rows: Counted[] = []
    for (const type of SOURCE_TYPES) {
      signal.throwIfAborted()
      rows.push(...(await countRows(session, type)))
    }
    return [...(await orphans(session, rows)), ...misplaced(rows, sources), ...(await strayDocuments(session)), ...wrongSums(rows, sources)]
  },
}

interface Counted {
  type: string
  /** Null when the document is gone. */
  source: string | null
  passages: number
  tokens: number
  words: number
}

interface Sums extends Omit<Counted, 'source'> {
  name: string
  documents: number
  stored: number
}

async function readSums(session: Session): Promise<Map<string, Sums>> {
  const rows = await session.query<Sums>(
    `select s.name, s.type, s.documents::float8 as documents, s.passages::float8 as passages, s.tokens::float8 as tokens, s.words::float8 as words,
       (select count(*)::float8 from ${SCHEMA}.documents as d where d.source = s.name) as stored
     from ${SCHEMA}.sources as s order by s.name`,
  )
  return new Map(rows.map((row) => [row.name, row]))
}

async function countRows(session: Session, type: string): Promise<Counted[]> {
  return await session.query<Counted>(
    `select $1::text as type, d.source, count(*)::float8 as passages, sum(p.tokens)::float8 as tokens, sum(p.length)::float8 as words
     from ${SCHEMA}.passages as p left join ${SCHEMA}.documents as d on d.id = p.document where p.type = $1 group by d.source order by d.source`,
    [type],
  )
}

async function orphans(session: Session, rows: readonly Counted[]): Promise<Found[]> {
  const count = rows.filter(({ source }) => source === null).reduce((sum, { passages }) => sum + passages, 0)
  if (count === 0) return []
  const some = await session.query<{ text: string }>(
    `select left(p.text, 80) as text from ${SCHEMA}.passages as p where not exists (select from ${SCHEMA}.documents as d where d.id = p.document) limit ${SHOWN}`,
  )
  return [
    {
      kind: 'orphans',
      source: null,
      count,
      what: `${count} passages belong to no document, and no search can show them`,
      advice: 'pgwitness kb doctor --fix removes them.',
      examples: some.map(({ text }) => text),
      async mend(database) {
        await database.query(REMOVE_ORPHANS)
        return 'mended'
      },
    },
  ]
}

// The counts of words with them.
const REMOVE_ORPHANS = `with gone as (
    delete from ${SCHEMA}.passages as p where not exists (select from ${SCHEMA}.documents as d where d.id = p.document) returning words
  ), counted as (
    select lexeme, count(*) as passages from gone, unnest(tsvector_to_array(words)) as lexeme group by lexeme
  )
  update ${SCHEMA}.words as w set passages = w.passages - counted.passages from counted where w.lexeme = counted.lexeme`

function misplaced(rows: readonly Counted[], sources: ReadonlyMap<string, Sums>): Found[] {
  return rows.flatMap(({ type, source, passages }): Found[] => {
    const declared = source === null ? undefined : sources.get(source)
    if (source === null || !declared || declared.type === type) return []
    return [
      {
        kind: 'orphans',
        source,
        count: passages,
        what: `${passages} passages of ${source} are stored as ${type}, which is not its type (${declared.type})`,
        advice: `pgwitness kb doctor --fix marks their documents, and then pgwitness kb sync ${source} reads them again.`,
        examples: [],
        async mend(database) {
          await database.query(
            `update ${SCHEMA}.documents set revision = '' where id in (
               select p.document from ${SCHEMA}.passages as p join ${SCHEMA}.documents as d on d.id = p.document where p.type = $1 and d.source = $2)`,
            [type, source],
          )
          return 'prepared'
        },
      },
    ]
  })
}

async function strayDocuments(session: Session): Promise<Found[]> {
  const rows = await session.query<{ source: string; count: number; examples: string[] }>(
    `select source, count(*)::float8 as count, (array_agg(title order by id))[1:${SHOWN}] as examples from ${SCHEMA}.documents as d
     where not exists (select from ${SCHEMA}.sources as s where s.name = d.source) group by source order by source`,
  )
  return rows.map(({ source, count, examples }) => ({
    kind: 'orphans',
    source,
    count,
    what: `${count} documents are of ${source}, which is no source that is declared`,
    advice: `Declare it again (pgwitness kb add --name ${source} …) to keep it, and then pgwitness kb remove ${source} to be rid of it.`,
    examples,
  }))
}

function wrongSums(rows: readonly Counted[], sources: ReadonlyMap<string, Sums>): Found[] {
  return [...sources.values()].flatMap(({ name, stored, ...kept }): Found[] => {
    const own = rows.filter(({ source }) => source === name)
    const sum = (what: 'passages' | 'tokens' | 'words'): number => own.reduce((total, row) => total + row[what], 0)
    const real = { documents: stored, passages: sum('passages'), tokens: sum('tokens'), words: sum('words') }
    const wrong = (['documents', 'passages', 'tokens', 'words'] as const).filter((what) => kept[what] !== real[what])
    if (wrong.length === 0) return []
    return [
      {
        kind: 'wrong-sums',
        source: name,
        count: wrong.length,
        what: `sums of ${name} are not what is there, which ranking and statistics rely on`,
        advice: 'pgwitness kb doctor --fix puts them right.',
        examples: wrong.map((what) => `${what}: ${kept[what]} kept, ${real[what]} there`),
        async mend(database) {
          // By the difference: a sync may have gone on since they were counted.
          await database.query(
            `update ${SCHEMA}.sources set documents = documents + $2::bigint, passages = passages + $3::bigint, tokens = tokens + $4::bigint, words = words + $5::bigint
             where name = $1`,
            [name, ...(['documents', 'passages', 'tokens', 'words'] as const).map((what) => real[what] - kept[what])],
          )
          return 'mended'
        },
      },
    ]
  })
}
