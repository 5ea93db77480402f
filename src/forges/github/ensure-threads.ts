import { z } from 'zod'
import { type FileDiff, placeInDiff } from '../diff.ts'
import { type EnsuredThreads, Gone, type InlineComment, type MergeRequest } from '../forge.ts'
import { isSameText, withMarker } from '../marker.ts'
import { suggestionBlock } from '../suggestion.ts'
import type { Client } from './client.ts'
import { deleteOne, editOne, WRITES } from './comments.ts'
import type { Identity } from './credentials.ts'
import { Forbidden, Refused } from './failure.ts'
import { fetchFiles } from './merge-request.ts'
import { listThreads, type OwnThread, setResolved } from './threads.ts'

/** GitHub's limit is 65,536 characters. */
const MAX_COMMENT_LENGTH = 65_500

type Placed = { comment: InlineComment; path: string; startLine: number; line: number; isWhole: boolean }

/** See `Forge.ensureThreads`. What is new is written in one review, so that it is one notification. */
export async function ensureThreads(
  client: Client,
  me: Identity,
  request: MergeRequest,
  wanted: readonly InlineComment[],
  told: ReadonlySet<string>,
): Promise<EnsuredThreads> {
  const byKey = new Map(wanted.map((comment) => [comment.key, comment]))
  const diff = byKey.size > 0 ? await fetchFiles(client, request.number) : []
  let threads = await listThreads(client, me, request.number)
  const missing = () => [...byKey.values()].filter(({ key }) => !told.has(key) && !threads.some((thread) => thread.key === key))
  // A list that changes while it is read can hide what is there: who writes looks twice.
  if (missing().length > 0) threads = await listThreads(client, me, request.number)
  const places = missing().map((comment) => placeOf(comment, diff) ?? comment.key)
  const placeable = places.filter((place) => typeof place !== 'string')
  const made = await createThreads(client, request, placeable)
  if (made.created > 0) threads = await listThreads(client, me, request.number)
  const result: EnsuredThreads = {
    unplaced: [...places.filter((place) => typeof place === 'string'), ...made.refused],
    placed: [],
    created: made.created,
    edited: 0,
    resolved: 0,
    reopened: 0,
  }
  const kept = await dropDoubles(client, threads, result)
  for (const thread of kept) await settle(client, thread, byKey.get(thread.key), diff, result)
  for (const { comment } of placeable) {
    const isThere = made.refused.includes(comment.key) || kept.some(({ key }) => key === comment.key)
    if (!isThere) result.placed.push({ key: comment.key, url: request.url })
  }
  return result
}

function placeOf(comment: InlineComment, diff: readonly FileDiff[]): Placed | undefined {
  const place = placeInDiff(diff, comment)
  if (place?.start.newLine === undefined || place.end.newLine === undefined) return undefined
  return { comment, path: place.file.path, startLine: place.start.newLine, line: place.end.newLine, isWhole: place.isWhole }
}

/** A suggestion stands for whole lines, so it is there only when the thread is at just those. */
function bodyOf(comment: InlineComment, isAtItsLines: boolean): string {
  if (!isAtItsLines || comment.suggestion === undefined) return comment.body
  const whole = `${comment.body}\n\n${suggestionBlock('suggestion', comment.suggestion)}`
  return whole.length > MAX_COMMENT_LENGTH ? comment.body : whole
}

/** Of one key the oldest stays. What somebody answered to is not deleted but resolved. */
async function dropDoubles(client: Client, threads: readonly OwnThread[], result: EnsuredThreads): Promise<OwnThread[]> {
  const kept = new Map<string, OwnThread>()
  for (const thread of threads) {
    if (!kept.has(thread.key)) kept.set(thread.key, thread)
    else if (!thread.isAnswered) await deleteOne(client, 'thread', thread.commentId)
    else if (!thread.isResolved) await turn(client, thread, true, result)
  }
  return [...kept.values()]
}

/** Brings one thread to what is wanted of it; nothing is wanted of one whose finding is no more. */
async function settle(
  client: Client,
  thread: OwnThread,
  comment: InlineComment | undefined,
  diff: readonly FileDiff[],
  result: EnsuredThreads,
): Promise<void> {
  if (!comment) {
    if (!thread.isResolved && (await turn(client, thread, true, result))) result.resolved += 1
    return
  }
  result.placed.push({ key: thread.key, url: thread.url })
  if (thread.isResolved && !thread.isResolvedByUs) return
  if (thread.isResolved && (await turn(client, thread, false, result))) result.reopened += 1
  const place = placeOf(comment, diff)
  const isAtItsLines =
    place?.isWhole === true && (thread.isOutdated || (place.line === thread.line && place.startLine === thread.startLine))
  const body = bodyOf(comment, isAtItsLines)
  if (isSameText(thread.body, body)) return
  if (await editOne(client, 'thread', thread.commentId, withMarker(`thread ${thread.key}`, body))) result.edited += 1
}

/** Without the right to it the rest is done all the same, and the result says why. */
async function turn(client: Client, thread: OwnThread, isResolved: boolean, result: EnsuredThreads): Promise<boolean> {
  if (result.problem !== undefined) return false
  try {
    await setResolved(client, thread.id, isResolved)
    return true
  } catch (error) {
    if (error instanceof Forbidden) result.problem = error.message
    else if (!(error instanceof Gone)) throw error
    return false
  }
}

async function createThreads(
  client: Client,
  request: MergeRequest,
  places: readonly Placed[],
): Promise<{ created: number; refused: string[] }> {
  if (places.length === 0) return { created: 0, refused: [] }
  const comments = places.map(sent)
  try {
    const asked = { route: 'POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews', needs: WRITES }
    const review = { pull_number: request.number, commit_id: request.headSha, event: 'COMMENT', comments }
    await client.write(asked, z.object({ id: z.number() }), review)
    return { created: places.length, refused: [] }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
  }
  // One line that GitHub does not take spoils the whole review. After a push all of them can be such, and are the next review's.
  if ((await fetchHead(client, request.number)) !== request.headSha)
    return { created: 0, refused: places.map(({ comment }) => comment.key) }
  return createOneByOne(client, request, places)
}

async function createOneByOne(
  client: Client,
  request: MergeRequest,
  places: readonly Placed[],
): Promise<{ created: number; refused: string[] }> {
  const refused: string[] = []
  for (const place of places) {
    try {
      const asked = { route: 'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments', needs: WRITES }
      const comment = { pull_number: request.number, commit_id: request.headSha, ...sent(place) }
      await client.write(asked, z.object({ id: z.number() }), comment)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      refused.push(place.comment.key)
    }
  }
  return { created: places.length - refused.length, refused }
}

function sent({ comment, path, startLine, line, isWhole }: Placed): Record<string, unknown> {
  const body = withMarker(`thread ${comment.key}`, bodyOf(comment, isWhole))
  const start = startLine === line ? {} : { start_line: startLine, start_side: 'RIGHT' }
  return { path, line, side: 'RIGHT', ...start, body }
}

async function fetchHead(client: Client, number: number): Promise<string> {
  const asked = { route: 'GET /repos/{owner}/{repo}/pulls/{pull_number}', needs: 'Pull requests: read' }
  const pull = await client.read(asked, z.object({ head: z.object({ sha: z.string() }) }), { pull_number: number })
  return pull.head.sha
}
