/**
 * Comments on lines, each a discussion of its own.
 *
 * Not as draft notes published together, though that would be one notification: `bulk_publish` publishes whatever our user has pending, is told of a line
 * it does not take only then and by a 500 that does not say which, and when it is cut off has published some; a second try would publish those again.
 * A discussion is refused by itself, and is found by its marker when the answer to its creation was lost.
 */
import { UserError } from '../../errors.ts'
import { type DiffPlace, type FileDiff, placeInDiff } from '../diff.ts'
import type { EnsuredThreads, InlineComment, MergeRequest } from '../forge.ts'
import { isSameText } from '../marker.ts'
import { type Connection, pathOf, read } from './connection.ts'
import { fetchDiff } from './diff.ts'
import { Refused } from './failures.ts'
import { showMergeRequest } from './merge-request.ts'
import { noteText, withSuggestion } from './note-text.ts'
import { listThreads, mayStandFor, type OwnThread } from './own-threads.ts'
import { positionOf } from './position.ts'
import { type DiffRefs, discussion } from './replies.ts'
import { ignoringGone } from './summary.ts'

export async function ensureThreads(
  gitlab: Connection,
  request: MergeRequest,
  wanted: readonly InlineComment[],
  told: ReadonlySet<string>,
  ownUserId: number,
): Promise<EnsuredThreads> {
  const result: EnsuredThreads = { unplaced: [], placed: [], created: 0, edited: 0, resolved: 0, reopened: 0 }
  const standing = await oneOfEach(gitlab, request, await listThreads(gitlab, request, ownUserId), result)
  if (wanted.length === 0 && standing.size === 0) return result
  const page = await openDiff(gitlab, request)
  for (const comment of new Map(wanted.map((one) => [one.key, one])).values()) {
    const place = page && placeInDiff(page.diff, comment)
    const thread = standing.get(comment.key)
    const isAtItsLines = place?.isWhole === true && (!thread || mayStandFor(thread, comment, request))
    const text = noteText(`thread ${comment.key}`, withSuggestion(comment, isAtItsLines))
    if (thread) {
      standing.delete(comment.key)
      await keep(gitlab, request, thread, text, result)
    } else if (!told.has(comment.key)) {
      const id = page && place && (await create(gitlab, request, place, page.refs, text))
      if (id === undefined) result.unplaced.push(comment.key)
      else {
        result.created += 1
        result.placed.push({ key: comment.key, url: `${request.url}#note_${id}` })
      }
    }
  }
  // What is wanted at a commit that is not the newest any more says nothing of what is fixed now.
  for (const thread of page ? standing.values() : []) {
    if (!thread.resolvedBy && (await resolve(gitlab, request, thread, true, result)) === 'done') result.resolved += 1
  }
  return result
}

/** By their keys. There are several of one after two processes wrote at once; one that somebody answered is kept rather than the oldest. */
async function oneOfEach(
  gitlab: Connection,
  request: MergeRequest,
  threads: readonly OwnThread[],
  result: EnsuredThreads,
): Promise<Map<string, OwnThread>> {
  const standing = new Map<string, OwnThread>()
  for (const [key, same] of Map.groupBy(threads, (thread) => thread.key)) {
    const [kept, ...doubles] = same.sort((a, b) => Number(b.hasAnswers) - Number(a.hasAnswers) || a.first.id - b.first.id)
    if (kept) standing.set(key, kept)
    for (const { discussionId, first, hasAnswers, ...double } of doubles) {
      if (!hasAnswers) await ignoringGone(gitlab.discussions.removeNote(request.repositoryId, request.number, discussionId, first.id))
      else if (!double.resolvedBy) await resolve(gitlab, request, { discussionId }, true, result)
    }
  }
  return standing
}

async function keep(gitlab: Connection, request: MergeRequest, thread: OwnThread, text: string, result: EnsuredThreads): Promise<void> {
  const { discussionId, first } = thread
  if (thread.resolvedBy === 'us') {
    const outcome = await resolve(gitlab, request, thread, false, result)
    if (outcome === 'gone') return
    if (outcome === 'done') result.reopened += 1
  }
  if (thread.resolvedBy !== 'somebody' && !isSameText(first.body, text)) {
    const edited = gitlab.discussions.editNote(request.repositoryId, request.number, discussionId, first.id, { body: text })
    // Somebody may delete it between our reading and this: then it is not written again.
    if (!(await ignoringGone(edited))) return
    result.edited += 1
  }
  result.placed.push({ key: thread.key, url: `${request.url}#note_${first.id}` })
}

/** Comments need less of a role than this does, so a refusal is told once and the rest goes on. */
async function resolve(
  gitlab: Connection,
  { repositoryId, number }: MergeRequest,
  { discussionId }: Pick<OwnThread, 'discussionId'>,
  resolved: boolean,
  result: EnsuredThreads,
): Promise<'done' | 'gone' | 'refused'> {
  if (result.problem !== undefined) return 'refused'
  try {
    return (await ignoringGone(gitlab.discussions.resolve(repositoryId, number, discussionId, resolved))) ? 'done' : 'gone'
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    result.problem = error.message
    return 'refused'
  }
}

/** The diff and its commits; undefined when the merge request has moved on, since the lines we speak of are not in its diff any more. */
async function openDiff(gitlab: Connection, request: MergeRequest): Promise<{ diff: FileDiff[]; refs: DiffRefs } | undefined> {
  const { diff_refs: refs } = await showMergeRequest(gitlab, request)
  return refs?.head_sha === request.headSha ? { diff: await fetchDiff(gitlab, request), refs } : undefined
}

/** The id of its note; undefined when GitLab does not take the place, as whole or as its last line. */
async function create(
  gitlab: Connection,
  request: MergeRequest,
  place: DiffPlace,
  refs: DiffRefs,
  text: string,
): Promise<number | undefined> {
  for (const isSingle of place.start === place.end ? [true] : [false, true]) {
    try {
      // Not by gitbeaker's `create`: it sends a form, which turns line ends into CR LF, also in suggestions, and cuts paths at `&`.
      const { body } = await gitlab.requester.post(pathOf(request, 'discussions'), {
        body: { body: text, position: positionOf(place, refs, isSingle) },
      })
      return read(discussion, body, 'a discussion').notes[0]?.id
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 400) throw error
    }
  }
  return undefined
}
