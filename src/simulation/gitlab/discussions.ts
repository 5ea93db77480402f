import {
  ACCESS,
  accessOf,
  type Discussion,
  type Instance,
  type MergeRequest,
  type Note,
  newDiscussion,
  newNote,
  type User,
} from './instance.ts'
import { acceptBody, editNote, noteOf, removeNote } from './notes.ts'
import { PAGES, paginate } from './pagination.ts'
import { type Placed, PositionParameters, place } from './position.ts'
import { presentDiscussion, presentNote } from './present.ts'
import { badRequest, forbidden, notFound, Refusal } from './refusal.ts'
import { boolean, type Call, requestOf, route, text } from './route.ts'
import { readSuggestions } from './suggestion-blocks.ts'

const LIST = '/projects/:id/merge_requests/:iid/discussions'
const ONE = `${LIST}/:discussion`
const NOTE = `${ONE}/notes/:note`

/** docs.gitlab.com: api/discussions, merge requests. */
export const DISCUSSIONS = [
  route('GET', LIST, PAGES, (call) => {
    const request = requestOf(call, 'MergeRequest')
    return paginate(call, request.discussions, (one) => presentDiscussion(call.instance, request, one))
  }),
  route('GET', ONE, {}, (call) => {
    const request = requestOf(call, 'MergeRequest')
    return { status: 200, body: presentDiscussion(call.instance, request, discussionOf(call, request)) }
  }),
  route(
    'POST',
    LIST,
    { body: text, position: PositionParameters.nullish(), commit_id: text.optional(), created_at: text.optional() },
    async (call) => {
      const request = requestOf(call, 'MergeRequest')
      const placed = await place(request, call.params.position, call.violate)
      const discussion = startDiscussion(call, request, call.params.body, placed)
      return { status: 201, body: presentDiscussion(call.instance, request, discussion) }
    },
  ),
  route('PUT', ONE, { resolved: boolean }, (call) => {
    const request = requestOf(call, 'MergeRequest')
    const discussion = discussionOf(call, request)
    authorizeResolving(call, request)
    if (!discussion.notes.some(({ isResolvable }) => isResolvable)) throw forbidden()
    for (const note of discussion.notes) resolveNote(call, note, call.params.resolved)
    return { status: 200, body: presentDiscussion(call.instance, request, discussion) }
  }),
  route('POST', `${ONE}/notes`, { body: text, created_at: text.optional() }, (call) => {
    const request = requestOf(call, 'MergeRequest')
    const discussion = discussionOf(call, request)
    if (discussion.notes[0]?.isSystem) throw badRequest('Discussion can not be replied to.')
    const note = addReply(call.instance, call.user, discussion, acceptBody(call, call.params.body))
    return { status: 201, body: presentNote(call.instance, request, note) }
  }),
  route('GET', NOTE, {}, (call) => {
    const request = requestOf(call, 'MergeRequest')
    return { status: 200, body: presentNote(call.instance, request, noteOf(call, request).note) }
  }),
  route('PUT', NOTE, { body: text.optional(), resolved: boolean.optional() }, (call) => {
    const request = requestOf(call, 'MergeRequest')
    const { note } = noteOf(call, request)
    const { body, resolved } = call.params
    if ((body === undefined) === (resolved === undefined)) throw new Refusal(400, { error: 'body, resolved are mutually exclusive' })
    if (body !== undefined) editNote(call, request, note, body)
    if (resolved !== undefined) {
      authorizeResolving(call, request)
      if (!note.isResolvable) throw badRequest('Note is not resolvable')
      resolveNote(call, note, resolved)
    }
    return { status: 200, body: presentNote(call.instance, request, note) }
  }),
  route('DELETE', NOTE, {}, (call) => {
    removeNote(call, requestOf(call, 'MergeRequest'))
    return { status: 204 }
  }),
]

function discussionOf(call: Pick<Call, 'at'>, request: MergeRequest): Discussion {
  const discussion = request.discussions.find(({ id }) => id === call.at.discussion)
  if (!discussion) throw notFound('Discussion')
  return discussion
}

/** A thread: on the overview, or at the place in the diff. */
export function startDiscussion(call: Omit<Call, 'params'>, request: MergeRequest, body: string, placed: Placed | undefined): Discussion {
  const accepted = acceptBody(call, body)
  const suggestions = readSuggestions(call.instance, accepted, placed?.line, call.violate)
  const place = placed
    ? { type: 'DiffNote' as const, position: placed.position, originalPosition: placed.position, lineCode: placed.lineCode, suggestions }
    : { type: 'DiscussionNote' as const }
  const note = newNote(call.instance, call.user, accepted, { ...place, isResolvable: true })
  const discussion = newDiscussion(note.id, false, note)
  request.discussions.push(discussion)
  return discussion
}

/** Answering a plain comment makes a thread of it; the answer in a resolved thread is resolved too. */
export function addReply(instance: Instance, author: User, discussion: Discussion, body: string): Note {
  const first = discussion.notes[0] as Note
  if (discussion.isIndividual) {
    discussion.isIndividual = false
    first.type = 'DiscussionNote'
    first.isResolvable = true
  }
  const { type, position, originalPosition, lineCode, resolvedAt, resolvedBy } = first
  const place = type === 'DiffNote' ? { type, position, originalPosition, lineCode } : { type }
  const note = newNote(instance, author, body, { ...place, isResolvable: true, resolvedAt, resolvedBy })
  discussion.notes.push(note)
  return note
}

/** From Developer on, and whoever proposes the change. */
function authorizeResolving({ user }: Pick<Call, 'user'>, request: MergeRequest): void {
  if (accessOf(request.project, user) < ACCESS.developer && request.author !== user) throw forbidden()
}

export function resolveNote(call: Pick<Call, 'instance' | 'user'>, note: Note, isResolved: boolean): void {
  if (!note.isResolvable || isResolved === (note.resolvedAt !== undefined)) return
  note.resolvedAt = isResolved ? call.instance.now() : undefined
  note.resolvedBy = isResolved ? call.user : undefined
}
