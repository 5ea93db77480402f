/** Passages near a vector. */
import { type Database, SCHEMA } from '../../database/database.ts'
import type { SourceType } from '../document.ts'
import type { ModelTable } from './embedding-models.ts'
import type { Pgvector } from './pgvector.ts'

export interface Nearness {
  types: readonly SourceType[]
  /** Major version of the asker's server: of a place in several versions the nearest to it is given. */
  postgres: number | undefined
  limit: number
}

/** Of what is given, when there are several types: a million mails would leave little room for a manual. */
const MOST_OF_A_TYPE = 0.6
/** Candidates of a type at most: what a scan of an HNSW index gives before it has to go on. */
const MOST_CANDIDATES = 1_000
/** How widely an index is searched at least: measured by `npm run bench knowledge vectors`. */
const LEAST_EFFORT = 400
const PROBES = 20
/** Without an index all vectors are compared. Full text answers alone when that takes too long. */
const LIMIT_MS = 2_000

interface Candidate {
  id: string
  type: SourceType
  place: string
  /** Versions from the asker's. */
  apart: number
  distance: number
}

/** Ids, the nearest first; of one place those of one version, and those for the asker's version before others. A vector is as `embedChecked` gives it. */
export async function nearPassages(
  database: Database,
  pgvector: Pgvector,
  model: ModelTable,
  vector: string,
  where: Nearness,
): Promise<string[]> {
  const { types, postgres, limit } = where
  if (types.length === 0) return []
  // Other versions of the nearest places fill the first candidates.
  for (let wanted = Math.min(MOST_CANDIDATES, 2 * limit); ; wanted = Math.min(MOST_CANDIDATES, 4 * wanted)) {
    const found = await candidates(database, pgvector, model, vector, where, wanted)
    const least = leastOf(found, ({ type }) => type)
    const isShort = types.some((type) => {
      const those = found.filter((one) => one.type === type)
      return those.length >= wanted && those.filter(({ apart }) => apart === least.get(type)).length < limit
    })
    if (isShort && wanted < MOST_CANDIDATES) continue
    const places = leastOf(found, ({ place }) => place)
    const nearest = found.filter(({ place, apart }) => apart === places.get(place))
    const isForAsker = ({ type, apart }: Candidate): boolean => postgres === undefined || apart === least.get(type)
    const ordered = [...nearest.filter(isForAsker), ...nearest.filter((one) => !isForAsker(one))]
    return chosen(ordered, types.length === 1 ? limit : Math.ceil(limit * MOST_OF_A_TYPE), limit).map(({ id }) => id)
  }
}

async function candidates(
  database: Database,
  { schema, type: vectorType, method, iterates }: Pgvector,
  { table, dimensions }: ModelTable,
  vector: string,
  { types, postgres }: Nearness,
  wanted: number,
): Promise<Candidate[]> {
  const distance = `embedding operator(${schema}.<=>) $1::${schema}.${vectorType}(${Number(dimensions)})`
  const effort =
    method === 'hnsw'
      ? `set local hnsw.ef_search = ${Math.min(1_000, Math.max(LEAST_EFFORT, wanted))}${iterates ? '; set local hnsw.iterative_scan = strict_order' : ''}`
      : `set local ivfflat.probes = ${PROBES}${iterates ? '; set local ivfflat.iterative_scan = relaxed_order' : ''}`
  // The type is written out: by a parameter the planner would not see that its index will do.
  const branches = types.map(
    (type) => `(select p.id::text as id, p.type, p.place::text as place, near.distance,
        case when p.from_version is null then 0
          when $3::int is null then 100 - coalesce(p.to_version, p.from_version)
          else greatest(p.from_version - $3::int, $3::int - coalesce(p.to_version, p.from_version), 0) end as apart
      from (select passage, ${distance} as distance from ${table} where type = '${type}' order by ${distance} limit $2::int) as near
      join ${SCHEMA}.passages as p on p.type = '${type}' and p.id = near.passage)`,
  )
  return await database.transaction(async (session) => {
    await session.query(`set local statement_timeout = ${LIMIT_MS}; ${effort}`)
    return await session.query<Candidate>(`${branches.join(' union all ')} order by distance`, [vector, wanted, postgres ?? null])
  })
}

/** How far the nearest version is from the asker's, of each type or place. */
function leastOf(found: readonly Candidate[], of: (one: Candidate) => string): Map<string, number> {
  const least = new Map<string, number>()
  for (const one of found) least.set(of(one), Math.min(one.apart, least.get(of(one)) ?? one.apart))
  return least
}

function chosen(ordered: readonly Candidate[], mostOfAType: number, limit: number): Candidate[] {
  const counts = new Map<string, number>()
  return ordered
    .filter(({ type }) => {
      const count = (counts.get(type) ?? 0) + 1
      counts.set(type, count)
      return count <= mostOfAType
    })
    .slice(0, limit)
}
