import { setTimeout as sleep } from 'node:timers/promises'
import type { Octokit } from '@octokit/core'
import { z } from 'zod'
import { ServiceError } from '../../errors.ts'
import { type Asked, failureOf } from './failure.ts'

const REQUEST_MS = 20_000
/** Before the second and the third try of something that only reads. */
const RETRY_MS = [200, 1000]
const MAX_PAGES = 100
const PER_PAGE = 100

type Parameters = Record<string, unknown>

/** GitHub's API, asked within one call of the forge. Replies are checked against a schema that names only what is read. */
export interface Client {
  /** `owner/name` in routes stands for the repository; after a rename for the new one. */
  read<T>(asked: Asked, schema: z.ZodType<T>, parameters?: Parameters): Promise<T>
  /** All pages of a list. One that changes while it is read may miss an entry. */
  list<T>(asked: Asked, schema: z.ZodType<T>, parameters?: Parameters): Promise<T[]>
  /** Never tried again: whether it was done is not known when the reply is lost. */
  write<T>(asked: Asked, schema: z.ZodType<T>, parameters?: Parameters): Promise<T>
  query<T>(asked: Asked, schema: z.ZodType<T>, query: string, variables: Parameters): Promise<T>
  mutate(asked: Asked, query: string, variables: Parameters): Promise<void>
  readonly repository: { owner: string; repo: string }
  readonly signal: AbortSignal
}

interface Response {
  status: number
  headers: Record<string, string | number | undefined>
  data: unknown
}

/** `renew` gets a new token when the old one counts no longer before its time; nothing was done then, so all may be asked again. */
export function newClient(octokit: Octokit, repositoryName: string, signal: AbortSignal, renew?: () => Promise<unknown>): Client {
  let repository = partsOf(repositoryName)
  const parameters = (own: Parameters, redirect: 'follow' | 'manual') => ({
    ...own,
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    request: { redirect, signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]) },
  })
  let isRenewed = renew === undefined
  const attempt = async <R>(asked: Asked, work: () => Promise<R>): Promise<R> => {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      if (isRenewed || (error as { status?: unknown }).status !== 401) throw failureOf(error, asked)
      isRenewed = true
      await renew?.().catch((cause: unknown) => {
        throw failureOf(cause, asked)
      })
      return attempt(asked, work)
    }
  }
  const send = (asked: Asked, own: Parameters): Promise<Response> => {
    const redirect = asked.route.startsWith('GET ') ? 'follow' : 'manual'
    const named = asked.route.includes('{owner}') ? { ...repository, ...own } : own
    return attempt(asked, async () => (await octokit.request(asked.route, parameters(named, redirect))) as Response)
  }
  const read = <T>(asked: Asked, schema: z.ZodType<T>, own: Parameters = {}): Promise<T> =>
    again(signal, async () => parsed(asked, schema, (await send(asked, own)).data))
  const graphql = (asked: Asked, query: string, variables: Parameters): Promise<unknown> =>
    attempt(asked, () => octokit.graphql(query, parameters(variables, 'manual')))
  return {
    get repository() {
      return repository
    },
    signal,
    read,
    async list(asked, schema, own = {}) {
      const found = []
      for (let page = 1; page <= MAX_PAGES; page += 1) {
        const { data, isLast } = await again(signal, async () => {
          const response = await send(asked, { ...own, per_page: PER_PAGE, page })
          return { data: parsed(asked, z.array(schema), response.data), isLast: !/rel="next"/.test(String(response.headers.link)) }
        })
        found.push(...data)
        if (isLast) break
      }
      return found
    },
    async write(asked, schema, own = {}) {
      const response = await send(asked, own)
      if (response.status < 300 || response.status >= 400) return parsed(asked, schema, response.data)
      // A renamed repository: only reads may be sent on by the network's own rules, which would turn this into one.
      const renamed = await read({ route: 'GET /repos/{owner}/{repo}', needs: 'Metadata: read' }, z.object({ full_name: z.string() }))
      repository = partsOf(renamed.full_name)
      return parsed(asked, schema, (await send(asked, own)).data)
    },
    query: (asked, schema, query, variables) => again(signal, async () => parsed(asked, schema, await graphql(asked, query, variables))),
    async mutate(asked, query, variables) {
      parsed(asked, z.looseObject({}), await graphql(asked, query, variables))
    },
  }
}

function partsOf(name: string): { owner: string; repo: string } {
  const [owner = '', repo = ''] = name.split('/')
  return { owner, repo }
}

/** A reply that was cut off comes as text. What it says is nobody's business. */
function parsed<T>({ route }: Asked, schema: z.ZodType<T>, data: unknown): T {
  const result = schema.safeParse(data)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new ServiceError('GitHub', `the reply to ${route} cannot be read (at ${issue?.path.join('.') || 'its start'})`)
}

/** Waiting for a limit is the caller's; what has no time of its own is tried again at once. */
async function again<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  for (const waitMs of RETRY_MS) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof ServiceError) || error.retryAfterMs !== undefined) throw error
      await sleep(waitMs, undefined, { signal })
    }
  }
  return work()
}
