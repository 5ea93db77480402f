import {
  Commits,
  MergeRequestAwardEmojis,
  MergeRequestDiscussions,
  MergeRequestNoteAwardEmojis,
  MergeRequestNotes,
  MergeRequests,
  ProjectMembers,
  Projects,
  Users,
} from '@gitbeaker/rest'
import type { z } from 'zod'
import { ServiceError, UserError } from '../../errors.ts'
import type { GitLabAccess } from './access.ts'
import { requesterFn } from './requester.ts'

const PER_PAGE = 100
const MAX_PAGES = 100

/** GitLab's API for one call of the port: the requests of a call end with its signal, which gitbeaker has no other place for. */
export type Connection = ReturnType<typeof connect>

export function connect(access: GitLabAccess, signal: AbortSignal) {
  const token = access.kind === 'job' ? { jobToken: access.token } : { token: access.token }
  const options = { ...token, host: access.url, queryTimeout: null, requesterFn: requesterFn(access, signal) }
  const mergeRequests = new MergeRequests(options)
  return {
    access,
    requester: mergeRequests.requester,
    mergeRequests,
    discussions: new MergeRequestDiscussions(options),
    notes: new MergeRequestNotes(options),
    awards: new MergeRequestAwardEmojis(options),
    noteAwards: new MergeRequestNoteAwardEmojis(options),
    commits: new Commits(options),
    members: new ProjectMembers(options),
    projects: new Projects(options),
    users: new Users(options),
  }
}

/** An answer as far as we use it; others are a proxy's page or a GitLab that we do not know. */
export function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new ServiceError('GitLab', `answered with something else than ${what}: ${issue?.path.join('.')} ${issue?.message}`)
}

/**
 * All entries of a list. gitbeaker's own follows `next` for as long as there is one. Of the address of the next page only the query counts, so that the
 * token goes nowhere else.
 */
export async function listAll<T>(
  { requester }: Connection,
  path: string,
  schema: z.ZodType<T>,
  query: Record<string, string> = {},
): Promise<T[]> {
  const found: T[] = []
  let searchParams: Record<string, string> | undefined = { per_page: `${PER_PAGE}`, ...query }
  for (let page = 0; searchParams; page += 1) {
    if (page === MAX_PAGES) throw new UserError(`GitLab lists more than ${MAX_PAGES} pages of ${path}, which is more than is read.`)
    const { body, headers } = await requester.get(path, { searchParams })
    found.push(...read(schema.array(), body, `a list of ${path}`))
    searchParams = nextPage(searchParams, headers)
  }
  return found
}

/**
 * All of a list that others change: GitLab counts its pages anew for each, so that what is deleted on the first lets something else slip from the second to
 * the first in between. Whoever writes what it does not find looks twice.
 */
export async function listAllTwice<T extends { id: unknown }>(
  gitlab: Connection,
  path: string,
  schema: z.ZodType<T>,
  query: Record<string, string> = {},
): Promise<T[]> {
  const first = await listAll(gitlab, path, schema, query)
  if (first.length < PER_PAGE) return first
  const again = await listAll(gitlab, path, schema, query)
  return [...new Map([...first, ...again].map((one) => [one.id, one])).values()]
}

function nextPage(query: Record<string, string>, headers: Record<string, string>): Record<string, string> | undefined {
  const next = /<[^>?]*\?([^>]*)>;\s*rel="?next"?/.exec(headers.link ?? '')?.[1]
  if (next !== undefined) return { ...query, ...Object.fromEntries(new URLSearchParams(next)) }
  const page = headers['x-next-page']
  return page ? { ...query, page } : undefined
}

/** `projects/7/merge_requests/3/…` for lists. Both are numbers of the forge. */
export function pathOf({ repositoryId, number }: { repositoryId: number; number: number }, rest: string): string {
  return `projects/${repositoryId}/merge_requests/${number}/${rest}`
}
