/** The first, rough ranking: in Postgres, over all that the index finds. */
import { type Database, SCHEMA } from '../../database/database.ts'
import type { SourceType } from '../document.ts'
import { candidateQuery, phraseQuery } from './candidates.ts'
import type { Corpus, WeighedConcept, WeighedForm } from './weigh.ts'

/** What ranking needs of a passage. */
export interface PassageRow {
  id: string
  type: SourceType
  document: string
  anchor: string | null
  term: string | null
  breadcrumb: string[]
  /** Its lexemes with their places, as Postgres writes a tsvector. */
  words: string
  length: number
  place: string
  title: string
  url: string
  trust: number
  /** It speaks of other versions than the asker's. */
  is_other: boolean
  /** By the words alone. */
  rough: number
}

/** What is shown of one. */
export interface PassageText {
  id: string
  text: string
  source: string
  from_version: number | null
  to_version: number | null
  metadata: { author: string | null; date: string | null; licence: string | null }
}

export interface Where {
  postgres: number | undefined
  types: readonly SourceType[]
  limit: number
}

/** Of text, nothing, what is above, and the own name: {D, C, B, A} as ts_rank takes them. */
const FIELDS = '{0.5, 0.5, 0.6, 1}'

export async function findPassages(
  database: Database,
  concepts: readonly WeighedConcept[],
  corpus: Corpus,
  where: Where,
): Promise<PassageRow[]> {
  const forms = concepts.flatMap(({ forms: all }) => all)
  const types = where.types.filter((type) => corpus.types.has(type))
  if (forms.length === 0 || types.length === 0) return []
  const said = summed(forms)
  // Written out, as this reads some thousand rows: a sum over an array takes thrice as long.
  const score = said.map((_, index) => `$${5 + 2 * index}::float8 * ts_rank('${FIELDS}', p.words, $${6 + 2 * index}::tsquery)`).join(' + ')
  // Each type by a query of its own: a million mails would leave little room for a manual of some thousand passages.
  const sql = roughly(score, types.length, 5 + 2 * said.length)
  const parameters = [
    corpus.meanLength,
    where.postgres ?? null,
    where.limit,
    Math.ceil(where.limit * MOST_OF_A_TYPE),
    ...said.flatMap(([query, weight]) => [weight, query]),
    ...types.flatMap((type) => [type, candidateQuery(concepts, corpus.passages, corpus.types.get(type) ?? 0)]),
  ]
  return await database.transaction(async (session) => {
    await session.query(PLANNED)
    return await session.query<PassageRow>(sql, parameters)
  })
}

/**
 * To a planner that knows little of how long it takes to look for many words in a tsvector, reading all of a small table seems cheaper than its index. Compiling or
 * starting workers takes longer than all there is to do.
 */
const PLANNED = 'set local enable_seqscan = off; set local jit = off; set local max_parallel_workers_per_gather = 0'

/** Each once: what several concepts mean weighs as much as in all of them. */
function summed(forms: readonly WeighedForm[]): Array<[query: string, weight: number]> {
  const weights = new Map<string, number>()
  for (const form of forms) weights.set(phraseQuery(form), (weights.get(phraseQuery(form)) ?? 0) + form.weight)
  return [...weights]
}

const columns = (
  postgres: string,
): string => `select p.id::text as id, p.type, p.document::text as document, p.anchor, p.term, p.breadcrumb, p.words::text as words, p.length,
    p.place::text as place, d.title, d.url, p.trust,
    coalesce(not ${postgres}::int between p.from_version and p.to_version, false) as is_other`

/** Versions from the asker's; without one the newest are the nearest. */
function distance(postgres: string): string {
  return `case when p.from_version is null then 0
    when ${postgres}::int is null then 100 - coalesce(p.to_version, p.from_version)
    else greatest(p.from_version - ${postgres}::int, ${postgres}::int - coalesce(p.to_version, p.from_version), 0) end`
}

/** Of all that is ranked in full, when there are several types. */
const MOST_OF_A_TYPE = 0.6

const ofType = (score: string, first: number): string => `select p.type, p.id, p.place, ${distance('$2')} as distance,
      (${score}) / (0.65 + 0.35 * p.length / $1::float8) as score
    from ${SCHEMA}.passages as p where p.type = $${first}::text and p.words @@ $${first + 1}::tsquery`

const roughly = (score: string, types: number, first: number): string => `with candidates as materialized (
    ${Array.from({ length: types }, (_, index) => ofType(score, first + 2 * index)).join(' union all ')}
  ), nearest as (
    select *, min(distance) over (partition by place) as least from candidates
  ), counted as (
    select *, row_number() over (partition by type order by score desc, id) as nth from nearest where distance = least
  ), chosen as (
    select type, id, score from counted where nth <= $4::int or ${types} = 1 order by score desc, id limit $3::int
  )
  ${columns('$2')}, chosen.score::float8 as rough
  from chosen join ${SCHEMA}.passages as p using (type, id) join ${SCHEMA}.documents as d on d.id = p.document
  order by rough desc, p.id`

/** In the order of the ids; of one place only the version nearest to the asker's. */
export async function readPassages(database: Database, ids: readonly string[], where: Where): Promise<PassageRow[]> {
  const rows = await database.query<PassageRow & { distance: number }>(BY_ID, [ids, where.types, where.postgres ?? null])
  const nearest = new Map<string, number>()
  for (const { place, distance } of rows) nearest.set(place, Math.min(distance, nearest.get(place) ?? distance))
  return rows.filter(({ place, distance }) => distance === nearest.get(place))
}

const BY_ID = `${columns('$3')}, 0::float8 as rough, ${distance('$3')} as distance
  from unnest($1::bigint[]) with ordinality as wanted(id, rank)
  join ${SCHEMA}.passages as p on p.id = wanted.id and p.type = any($2::text[]) join ${SCHEMA}.documents as d on d.id = p.document
  order by rank`

/** Of those that are still there. */
export async function readTexts(
  database: Database,
  rows: ReadonlyArray<Pick<PassageRow, 'type' | 'id'>>,
): Promise<Map<string, PassageText>> {
  if (rows.length === 0) return new Map()
  const texts = await database.query<PassageText>(TEXTS, [rows.map(({ type }) => type), rows.map(({ id }) => id)])
  return new Map(texts.map((one) => [one.id, one]))
}

const TEXTS = `select p.id::text as id, p.text, d.source, p.from_version, p.to_version, d.metadata
  from unnest($1::text[], $2::bigint[]) as wanted(type, id)
  join ${SCHEMA}.passages as p on p.type = wanted.type and p.id = wanted.id join ${SCHEMA}.documents as d on d.id = p.document`
