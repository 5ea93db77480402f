import { type Database, SCHEMA } from '../../database/database.ts'
import type { Citation } from '../knowledge-base.ts'
import { addressOf, titleOf } from '../search/address.ts'
import { answer, type Searcher } from '../search/search.ts'
import { understand } from '../search/understand.ts'
import { literalQuote } from './literal-quote.ts'
import { type Support, supportsOf } from './support.ts'

/** Passages that are looked through. */
const PASSAGES = 10
/** Found by `npm run bench knowledge cite`: a wrong citation is worse than none. On the page that is known to say it, less will do. */
export const LEAST = { share: 0.75, score: 0.5 }
const LEAST_ON_PAGE = LEAST

/** What may be cited. */
interface Citable {
  id: string
  title: string
  breadcrumb: string[]
  term: string | null
  anchor: string | null
  url: string
  text: string
  author: string | null
}

/** A citation, and how well it supports. */
export type Supported = Citation & Pick<Support, 'share' | 'score'>

/** The passage that supports a claim most, with the words that do; undefined when none does enough. */
export async function cite(
  searcher: Searcher,
  claim: string,
  postgres: number | undefined,
  signal: AbortSignal,
  least = LEAST,
): Promise<Supported | undefined> {
  const { best, understood } = await answer(searcher, { text: claim, postgres, limit: PASSAGES }, signal)
  const passages = best.map(({ row, text }) => ({ ...row, text: text.text, author: text.metadata.author }))
  return most(
    passages.flatMap((passage) => supportsOf(claim, passage, understood).map((support) => ({ ...support, passage }))),
    least,
  )
}

/** The same of several claims and one page of the manual, or one place of it: `https://www.postgresql.org/docs/15/sql-altertable.html#SQL-ALTERTABLE-NOTES`. */
export async function quotePage(
  searcher: Searcher,
  claims: readonly string[],
  url: string,
  signal: AbortSignal,
): Promise<Supported | undefined> {
  const passages = await passagesOf(searcher.reader, url)
  let best: Supported | undefined
  for (const claim of passages.length === 0 ? [] : claims) {
    signal.throwIfAborted()
    const understood = await understand(claim, searcher.reader, searcher.spelling)
    const supports = passages.flatMap((passage) => supportsOf(claim, passage, understood).map((support) => ({ ...support, passage })))
    const found = most(supports, LEAST_ON_PAGE)
    if (found && found.score > (best?.score ?? 0)) best = found
  }
  return best
}

type Found = Support & { passage: Citable }

function most(supports: Found[], least: Pick<Support, 'share' | 'score'>): Supported | undefined {
  const [first] = supports.sort((a, b) => b.score - a.score)
  // What says it best says something else: the rest only sounds alike.
  if (!first || first.isOther || first.score < least.score || first.share < least.share) return undefined
  const { passage, score, share } = first
  const quote = literalQuote(first.quote, passage.text)
  if (quote === undefined) return undefined
  return { passage: passage.id, title: titleOf(passage), author: passage.author, url: addressOf(passage), quote, score, share }
}

/** By the key, as sources of manuals give it, since that has an index. */
async function passagesOf(reader: Database, url: string): Promise<Citable[]> {
  const [page = '', anchor = null] = url.split('#')
  return await reader.query<Citable>(PAGE, [page, page.split('/').at(-1), anchor])
}

const PAGE = `select p.id::text as id, d.title, p.breadcrumb, p.term, p.anchor, d.url, p.text, d.metadata->>'author' as author
  from ${SCHEMA}.sources as s
  join ${SCHEMA}.documents as d on d.source = s.name and d.key = $2
  join ${SCHEMA}.passages as p on p.type = 'manual' and p.document = d.id
  where s.type = 'manual' and d.url = $1 and ($3::text is null or p.anchor = $3) order by p.position`
