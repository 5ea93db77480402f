import { addReply, resolveNote, startDiscussion } from './discussions.ts'
import type { DraftNote, MergeRequest } from './instance.ts'
import { acceptBody } from './notes.ts'
import { PositionParameters, place } from './position.ts'
import { presentDraft } from './present.ts'
import { badRequest, notFound } from './refusal.ts'
import { boolean, type Call, requestOf, route, text } from './route.ts'

const LIST = '/projects/:id/merge_requests/:iid/draft_notes'
const ONE = `${LIST}/:draft`
const POSITION = { position: PositionParameters.nullish(), commit_id: text.optional() }

/** Comments only their author sees until they are published. docs.gitlab.com: api/draft_notes. */
export const DRAFT_NOTES = [
  route('GET', LIST, {}, (call) => {
    const request = requestOf(call)
    return { status: 200, body: ownDrafts(call, request).map((draft) => presentDraft(request, draft)) }
  }),
  route('GET', ONE, {}, (call) => {
    const request = requestOf(call)
    return { status: 200, body: presentDraft(request, draftOf(call, request)) }
  }),
  route(
    'POST',
    LIST,
    { note: text, in_reply_to_discussion_id: text.optional(), resolve_discussion: boolean.optional(), ...POSITION },
    async (call) => {
      const request = requestOf(call)
      const { note, position, in_reply_to_discussion_id: discussion, resolve_discussion: resolves = false } = call.params
      const placed = await place(request, position, call.violate)
      const draft: DraftNote = {
        id: call.instance.nextId(),
        author: call.user,
        note,
        position: placed?.position,
        lineCode: placed?.lineCode,
        discussion,
        resolves,
      }
      request.draftNotes.push(draft)
      return { status: 201, body: presentDraft(request, draft) }
    },
  ),
  route('PUT', ONE, { note: text.optional(), ...POSITION }, async (call) => {
    const request = requestOf(call)
    const draft = draftOf(call, request)
    if (!call.params.note) throw badRequest('Missing params to modify')
    draft.note = call.params.note
    if (call.params.position) draft.position = (await place(request, call.params.position, call.violate))?.position
    return { status: 200, body: presentDraft(request, draft) }
  }),
  route('DELETE', ONE, {}, (call) => {
    const request = requestOf(call)
    const draft = draftOf(call, request)
    request.draftNotes = request.draftNotes.filter((one) => one !== draft)
    return { status: 204 }
  }),
  route('PUT', `${ONE}/publish`, {}, async (call) => {
    const request = requestOf(call)
    await publish(call, request, draftOf(call, request))
    return { status: 204 }
  }),
  route('POST', `${LIST}/bulk_publish`, {}, async (call) => {
    const request = requestOf(call)
    for (const draft of ownDrafts(call, request)) await publish(call, request, draft)
    return { status: 204 }
  }),
]

function ownDrafts({ user }: Pick<Call, 'user'>, request: MergeRequest): DraftNote[] {
  return request.draftNotes.filter(({ author }) => author === user)
}

function draftOf(call: Pick<Call, 'user' | 'at'>, request: MergeRequest): DraftNote {
  const draft = ownDrafts(call, request).find(({ id }) => String(id) === call.at.draft)
  if (!draft) throw notFound()
  return draft
}

async function publish(call: Call, request: MergeRequest, draft: DraftNote): Promise<void> {
  const { position } = draft
  const answered = request.discussions.find(({ id }) => id === draft.discussion)
  if (answered) addReply(call.instance, call.user, answered, acceptBody(call, draft.note))
  else startDiscussion(call, request, draft.note, await place(request, position && readAgain(position), call.violate))
  if (answered && draft.resolves) for (const note of answered.notes) resolveNote(call, note, true)
  request.draftNotes = request.draftNotes.filter((one) => one !== draft)
}

/** A stored position as parameters: null is what was not told. */
function readAgain(position: NonNullable<DraftNote['position']>): PositionParameters {
  return PositionParameters.parse(JSON.parse(JSON.stringify(position, (_, value) => value ?? undefined)))
}
