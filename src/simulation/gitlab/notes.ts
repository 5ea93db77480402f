import { ACCESS, accessOf, type Discussion, type MergeRequest, type Note, newDiscussion, newNote } from './instance.ts'
import { PAGES, paginate } from './pagination.ts'
import { presentNote } from './present.ts'
import { extractQuickActions } from './quick-actions.ts'
import { forbidden, invalidNote, notFound, Refusal } from './refusal.ts'
import { boolean, type Call, requestOf, route, text } from './route.ts'

/** docs.gitlab.com: administration/instance_limits, size of comments. */
const MAX_BODY_LENGTH = 1_000_000
const LIST = '/projects/:id/merge_requests/:iid/notes'
const ONE = `${LIST}/:note`

/** docs.gitlab.com: api/notes, merge requests. */
export const NOTES = [
  route('GET', LIST, { ...PAGES, sort: text.optional(), order_by: text.optional(), activity_filter: text.optional() }, (call) => {
    const request = requestOf(call, 'MergeRequest')
    const { sort = 'desc', order_by = 'created_at' } = call.params
    const notes = request.discussions.flatMap((discussion) => discussion.notes)
    const key = ({ id, createdAt, updatedAt }: Note) =>
      [order_by === 'updated_at' ? updatedAt : createdAt, String(id).padStart(12, '0')].join()
    notes.sort((a, b) => (key(a) < key(b) ? -1 : 1))
    return paginate(call, sort === 'asc' ? notes : notes.reverse(), (note) => presentNote(call.instance, request, note))
  }),
  route('GET', ONE, {}, (call) => {
    const request = requestOf(call, 'MergeRequest')
    return { status: 200, body: presentNote(call.instance, request, noteOf(call, request).note) }
  }),
  route(
    'POST',
    LIST,
    { body: text, internal: boolean.optional(), created_at: text.optional(), merge_request_diff_head_sha: text.optional() },
    (call) => {
      const request = requestOf(call, 'MergeRequest')
      const body = acceptBody(call, call.params.body)
      const note = newNote(call.instance, call.user, body, { isInternal: call.params.internal ?? false })
      request.discussions.push(newDiscussion(note.id, true, note))
      return { status: 201, body: presentNote(call.instance, request, note) }
    },
  ),
  route('PUT', ONE, { body: text }, (call) => {
    const request = requestOf(call, 'MergeRequest')
    const { note } = noteOf(call, request)
    editNote(call, request, note, call.params.body)
    return { status: 200, body: presentNote(call.instance, request, note) }
  }),
  route('DELETE', ONE, {}, (call) => {
    const request = requestOf(call, 'MergeRequest')
    removeNote(call, request)
    return { status: 204 }
  }),
]

/** The note the path names, and where it is. */
export function noteOf({ at }: Pick<Call, 'at'>, request: MergeRequest): { discussion: Discussion; note: Note } {
  const found = findNote(request, Number(at.note))
  if (!found || (at.discussion !== undefined && at.discussion !== found.discussion.id)) throw notFound()
  return found
}

export function findNote(request: MergeRequest, id: number): { discussion: Discussion; note: Note } | undefined {
  for (const discussion of request.discussions) {
    const note = discussion.notes.find((one) => one.id === id)
    if (note) return { discussion, note }
  }
  return undefined
}

/** The body as it is kept. Quick actions are carried out and left out; a note of nothing else is none. */
export function acceptBody(call: Omit<Call, 'params'>, body: string): string {
  if (body.trim() === '') {
    call.violate('a note without text')
    throw invalidNote({ note: ["can't be blank"] })
  }
  if ([...body].length > MAX_BODY_LENGTH) {
    call.violate(`a note is at most ${MAX_BODY_LENGTH} characters`)
    throw invalidNote({ note: [`is too long (maximum is ${MAX_BODY_LENGTH} characters)`] })
  }
  const { text: kept, commands } = extractQuickActions(body)
  if (commands.length === 0) return body
  call.instance.quickActions.push(...commands)
  call.violate(`the note has quick actions, which GitLab carries out: ${commands.join(', ')}`)
  if (kept === '') throw new Refusal(202, { commands_changes: {}, summary: commands })
  return kept
}

export function editNote(call: Omit<Call, 'params'>, request: MergeRequest, note: Note, body: string): void {
  authorize(call, request, note)
  note.body = acceptBody(call, body)
  note.updatedAt = call.instance.now()
}

export function removeNote(call: Omit<Call, 'params'>, request: MergeRequest): void {
  const { discussion, note } = noteOf(call, request)
  authorize(call, request, note)
  dropNote(request, discussion, note)
}

/** A discussion without notes is gone. */
export function dropNote(request: MergeRequest, discussion: Discussion, note: Note): void {
  discussion.notes = discussion.notes.filter((one) => one !== note)
  if (discussion.notes.length === 0) request.discussions = request.discussions.filter((one) => one !== discussion)
}

/** Notes are changed by who wrote them, and by maintainers. */
function authorize({ user }: Pick<Call, 'user'>, request: MergeRequest, note: Note): void {
  if (note.isSystem || (note.author !== user && accessOf(request.project, user) < ACCESS.maintainer)) throw forbidden()
}
