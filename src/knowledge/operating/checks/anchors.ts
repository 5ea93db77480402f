/** Links that lead nowhere: those we give, and those that texts give to documents that are here. */
import { SCHEMA, type Session } from '../../../database/database.ts'
import { type Check, type Found, SHOWN } from './check.ts'

export const anchors: Check = {
  looksAt: 'links and their anchors',
  find: async (session, { signal }) => [...(await unusable(session)), ...(await broken(session, signal))],
}

/** An anchor that no address can have, or beside another one in its document's address. */
async function unusable(session: Session): Promise<Found[]> {
  const rows = await session.query<{ source: string; count: number; examples: string[] }>(
    `select d.source, count(*)::float8 as count, (array_agg(d.url || '#' || p.anchor))[1:${SHOWN}] as examples
     from ${SCHEMA}.passages as p join ${SCHEMA}.documents as d on d.id = p.document
     where p.anchor ~ '^$|[[:space:]]' or (position('#' in d.url) > 0 and p.anchor <> split_part(d.url, '#', 2)) group by d.source order by d.source`,
  )
  return rows.map(({ source, count, examples }) => ({
    kind: 'broken-anchors',
    source,
    count,
    what: `${count} passages of ${source} have an anchor that their link cannot have`,
    advice: `See the address (url) of ${source}: it must not have an anchor of its own. Then pgwitness kb sync ${source}.`,
    examples,
  }))
}

interface Link {
  source: string
  url: string
  anchor: string
}

/** What people wrote in mails or somewhere on the web is not ours to mend. */
const TYPES = ['manual', 'release-notes', 'tool-manual', 'article', 'source-code']
const LINK = `https?://[^[:space:]<>"''()\\\\]+#[^[:space:]<>"''()\\\\]+`
const AT_ONCE = 5_000

async function broken(session: Session, signal: AbortSignal): Promise<Found[]> {
  const found = new Map<string, { count: number; examples: string[] }>()
  await session.query(`declare links no scroll cursor for
    select distinct d.source, split_part(link[1], '#', 1) as url, regexp_replace(split_part(link[1], '#', 2), '[].,;:!?*_\`]+$', '') as anchor
    from ${SCHEMA}.passages as p join ${SCHEMA}.documents as d on d.id = p.document, regexp_matches(p.text, '${LINK}', 'g') as link
    where p.type in (${TYPES.map((type) => `'${type}'`).join(', ')}) and p.text ~ '://[^[:space:]]+#'`)
  for (;;) {
    signal.throwIfAborted()
    const links = await session.query<Link>(`fetch ${AT_ONCE} from links`)
    if (links.length === 0) break
    for (const { source, url, anchor } of await withoutTarget(session, links)) {
      const one = found.get(source) ?? { count: 0, examples: [] }
      one.count++
      if (one.examples.length < SHOWN) one.examples.push(`${url}#${anchor}`)
      found.set(source, one)
    }
  }
  await session.query('close links')
  return [...found].map(([source, { count, examples }]) => ({
    kind: 'broken-anchors',
    source,
    count,
    what: `${count} links in texts of ${source} name an anchor that their page, as it is stored, does not have`,
    advice: `Sync the source of the page they lead to; if that is up to date, ${source} itself has to be put right.`,
    examples,
  }))
}

/** Numbered by DocBook: not kept for what is smaller than a section. */
const NUMBERED = /^id-\d/i

/** Of those whose page is stored, the ones whose anchor is not. `current` is the newest version there is. */
async function withoutTarget(session: Session, links: readonly Link[]): Promise<Link[]> {
  const wanted = links.filter(({ anchor }) => anchor !== '' && !NUMBERED.test(anchor))
  return await session.query<Link>(
    `with links as materialized (
       select * from unnest($1::text[], $2::text[], $3::text[]) as l(source, url, anchor)
     ), pages as materialized (
       select id, url from ${SCHEMA}.documents where url = any($2::text[])
       union all
       select id, current from (
         select id, regexp_replace(url, '/docs/[0-9]+/', '/docs/current/') as current,
           rank() over (partition by regexp_replace(url, '/docs/[0-9]+/', '/docs/current/') order by to_version desc nulls last) as nth
         from ${SCHEMA}.documents where url ~ '^https://www\\.postgresql\\.org/docs/[0-9]+/'
       ) as newest where nth = 1
     )
     select l.source, l.url, l.anchor from links as l join pages on pages.url = l.url
     group by l.source, l.url, l.anchor
     having not bool_or(exists (select from ${SCHEMA}.passages as p where p.document = pages.id and lower(p.anchor) = lower(l.anchor)))
     order by 1, 2, 3`,
    [wanted.map(({ source }) => source), wanted.map(({ url }) => url), wanted.map(({ anchor }) => decoded(anchor))],
  )
}

function decoded(anchor: string): string {
  try {
    return decodeURIComponent(anchor)
  } catch {
    return anchor
  }
}
