/** The first, rough ranking: in Postgres, over all that the index finds. */
import { type Database, SCHEMA } from '../../database/database.ts'
import type { SourceType } from '../document.ts'
import { candidateQuery, phraseQuery } from './candidates.ts'
import type { Corpus, WeighedConcept } from './weigh.ts'

export interface PassageRow {
  id: string
  type: SourceType
  source: string
  document: string
  position: number
  anchor: string | null
  kind: string
  term: string | null
  breadcrumb: string[]
  text: string
  length: number
  place: string
  title: string
  url: string
  trust: number
  from_version: number | null
  to_version: number | null
  metadata: { author: string | null; date: string | null; licence: string | null }
  /** It speaks of other versions than the asker's. */
  is_other: boolean
  /** By the words alone. */
  rough: number
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
  if (forms.length === 0) return []
  // Written out, as this reads some thousand rows: a sum over an array takes thrice as long.
  const score = forms.map((_, index) => `$${6 + 2 * index}::float8 * ts_rank('${FIELDS}', p.words, $${7 + 2 * index}::tsquery)`).join(' + ')
  return await database.query<PassageRow>(roughly(score), [
    candidateQuery(concepts, corpus.passages),
    where.types,
    corpus.meanLength,
    where.postgres ?? null,
    where.limit,
    ...forms.flatMap((form) => [form.weight, phraseQuery(form)]),
  ])
}

const columns = (
  postgres: string,
): string => `select p.id::text as id, p.type, d.source, p.document::text as document, p.position, p.anchor, p.kind, p.term, p.breadcrumb, p.text, p.length,
    p.place::text as place, d.title, d.url, p.trust, p.from_version, p.to_version, d.metadata,
    coalesce(not ${postgres}::int between p.from_version and p.to_version, false) as is_other`

/** Versions from the asker's; without one the newest are the nearest. */
function distance(postgres: string): string {
  return `case when p.from_version is null then 0
    when ${postgres}::int is null then 100 - coalesce(p.to_version, p.from_version)
    else greatest(p.from_version - ${postgres}::int, ${postgres}::int - coalesce(p.to_version, p.from_version), 0) end`
}

const roughly = (score: string): string => `with candidates as materialized (
    select p.type, p.id, p.place, ${distance('$4')} as distance, (${score}) / (0.65 + 0.35 * p.length / $3::float8) as score
    from ${SCHEMA}.passages as p
    where p.words @@ $1::tsquery and p.type = any($2::text[])
  ), nearest as (
    select *, min(distance) over (partition by place) as least from candidates
  ), chosen as (
    select type, id, score from nearest where distance = least order by score desc, id limit $5::int
  )
  ${columns('$4')}, chosen.score::float8 as rough
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
