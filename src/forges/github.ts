import { ServiceError } from '../errors.ts'
import type { Comment, CommentRef, Forge, MergeRequestRef, Person } from './forge.ts'
import { ensureCheckRun } from './github/check-run.ts'
import type { Client } from './github/client.ts'
import { createAnswer, createComment, ensureOne, fetchOne, listOwn, ownOf, react } from './github/comments.ts'
import { ensureCommitStatus } from './github/commit-status.ts'
import { type GithubConnection, type GithubCredentials, type Identity, newAccess } from './github/credentials.ts'
import { ensureThreads } from './github/ensure-threads.ts'
import { authorOf, fetchClone, fetchFiles, fetchPull } from './github/merge-request.ts'
import { fetchPermission } from './github/permission.ts'
import { treeOf } from './github/tree.ts'
import { type Marker, withMarker } from './marker.ts'

export type GithubOptions = GithubCredentials & GithubConnection

/** Characters that a comment may have, less room for a marker. GitHub takes 65,536. */
const MAX_BODY_LENGTH = 65_000
const CALL_MS = 55_000

/** GitHub as a GitHub App, or with a token. */
export function githubForge(options: GithubOptions): Forge {
  const access = newAccess(options, options)
  const apiUrl = options.baseUrl ?? 'https://api.github.com'
  const at = <T>(ref: MergeRequestRef, signal: AbortSignal, work: (client: Client) => Promise<T>): Promise<T> =>
    limited(signal, async (within) => work(await access.client(ref, within)))
  const asUs = <T>(ref: MergeRequestRef, signal: AbortSignal, work: (client: Client, me: Identity) => Promise<T>): Promise<T> =>
    at(ref, signal, async (client) => work(client, await access.identity(client.signal, client)))
  return {
    name: 'github',
    maxBodyLength: MAX_BODY_LENGTH,
    fetchIdentity: (signal) =>
      limited(signal, async (within): Promise<Person> => {
        const { id, login, isBot } = await access.identity(within)
        return { id, login, isBot }
      }),
    fetchMergeRequest: (ref, signal) => at(ref, signal, (client) => fetchPull(client, ref)),
    fetchDiff: (request, signal) => at(request, signal, (client) => fetchFiles(client, request.number)),
    fetchGitAccess: (ref, signal) =>
      at(ref, signal, async (client) => {
        const clone = await fetchClone(client, ref, apiUrl)
        const login = `x-access-token:${await access.gitToken(ref, client.signal)}`
        return { ...clone, authorization: `Basic ${Buffer.from(login).toString('base64')}` }
      }),
    treeByApi: (ref, sha, signal) => treeOf((work) => at(ref, signal, work), sha),
    fetchPermission: (ref, person, signal) => at(ref, signal, (client) => fetchPermission(client, person)),
    fetchComment: (ref, comment, signal) => asUs(ref, signal, (client, me) => fetchComment(client, me, comment)),
    fetchSummary: (request, signal) =>
      asUs(request, signal, async (client, me) => {
        const own = await listOwn(client, me, 'conversation', request.number)
        return own.find(({ marker }) => marker === 'summary')?.body
      }),
    ensureSummary: (request, body, signal) =>
      asUs(request, signal, (client, me) =>
        ensureComment(client, me, { place: 'conversation', number: request.number, marker: 'summary', body }, (text) =>
          createComment(client, request.number, text),
        ),
      ),
    ensureThreads: (request, wanted, told, signal) =>
      asUs(request, signal, (client, me) => ensureThreads(client, me, request, wanted, told)),
    ensureStatus: (request, status, signal) =>
      asUs(request, signal, (client, me) => (me.app ? ensureCheckRun : ensureCommitStatus)(client, me, request, status)),
    ensureReaction: (ref, comment, signal) => at(ref, signal, (client) => react(client, ref.number, comment)),
    ensureReply: (ref, comment, body, signal) =>
      asUs(ref, signal, (client, me) =>
        ensureComment(client, me, { place: comment.place, number: ref.number, marker: `reply ${comment.id}`, body }, (text) =>
          comment.place === 'thread' ? createAnswer(client, ref.number, threadOf(comment), text) : createComment(client, ref.number, text),
        ),
      ),
  }
}

/** What it takes too long for is tried again later. */
async function limited<T>(signal: AbortSignal, work: (within: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = AbortSignal.timeout(CALL_MS)
  try {
    return await work(AbortSignal.any([signal, deadline]))
  } catch (error) {
    signal.throwIfAborted()
    throw deadline.aborted ? new ServiceError('GitHub', `not done after ${CALL_MS / 1000} seconds`) : error
  }
}

/** A list that changes while it is read can hide what is there: who writes looks twice. */
async function ensureComment(
  client: Client,
  me: Identity,
  { place, number, marker, body }: { place: CommentRef['place']; number: number; marker: Marker; body: string },
  create: (text: string) => Promise<string>,
): Promise<string> {
  for (let look = 1; look <= 2; look += 1) {
    const found = await ensureOne(client, place, await listOwn(client, me, place, number), marker, body)
    if (found) return found.url
  }
  return create(withMarker(marker, body))
}

async function fetchComment(client: Client, me: Identity, comment: CommentRef): Promise<Comment | undefined> {
  const found = await fetchOne(client, comment.place, comment.id)
  if (!found) return undefined
  const isInThread = comment.place === 'thread' && threadOf(comment) !== comment.id
  const first = isInThread ? await fetchOne(client, 'thread', threadOf(comment)) : undefined
  const marker = first && ownOf(first, me)?.marker
  const key = marker?.startsWith('thread ') ? marker.slice('thread '.length) : undefined
  return { author: authorOf(found.user), text: found.body ?? '', key }
}

function threadOf({ id, thread }: CommentRef): number {
  const first = Number(thread)
  return thread !== undefined && Number.isSafeInteger(first) && first > 0 ? first : id
}
