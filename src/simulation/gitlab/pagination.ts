import type { StubReply } from '../stub-server.ts'
import { type Call, integer } from './route.ts'

const DEFAULT_PER_PAGE = 20
const MAX_PER_PAGE = 100

/** Parameters of every list. */
export const PAGES = { page: integer, per_page: integer }

interface PageParameters {
  page?: number | undefined
  per_page?: number | undefined
}

/** One page with the headers GitLab sends. docs.gitlab.com: api/rest, pagination. */
export function paginate<T>(call: Call<PageParameters>, all: readonly T[], present: (one: T) => unknown): StubReply {
  const { page = 1, per_page: asked = DEFAULT_PER_PAGE } = call.params
  if (asked > MAX_PER_PAGE) call.violate(`per_page is at most ${MAX_PER_PAGE}, not ${asked}`)
  const perPage = Math.max(1, Math.min(asked, MAX_PER_PAGE))
  const pages = Math.max(1, Math.ceil(all.length / perPage))
  const list = call.request.isShuffled ? shuffled(all) : all
  const headers: Record<string, string> = {
    'x-next-page': page < pages ? String(page + 1) : '',
    'x-page': String(page),
    'x-per-page': String(perPage),
    'x-prev-page': page > 1 ? String(page - 1) : '',
    'x-total': String(all.length),
    'x-total-pages': String(pages),
    link: links(call, page, pages, perPage),
  }
  return { status: 200, headers, body: list.slice((page - 1) * perPage, page * perPage).map(present) }
}

function links(call: Call<PageParameters>, page: number, pages: number, perPage: number): string {
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(call.request.query)
    query.set('page', String(to))
    query.set('per_page', String(perPage))
    return `<${call.instance.url}${call.request.path}?${query}>; rel="${rel}"`
  }
  return [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < pages ? [link(page + 1, 'next')] : []),
    link(1, 'first'),
    link(pages, 'last'),
  ].join(', ')
}

/** Another order, the same each time. */
function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one, index) => ({ one, rank: (index * 7919 + 104729) % 1009 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ one }) => one)
}
