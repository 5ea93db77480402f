import type { Award, MergeRequest } from './instance.ts'
import { noteOf } from './notes.ts'
import { PAGES, paginate } from './pagination.ts'
import { presentAward } from './present.ts'
import { notFound, Refusal } from './refusal.ts'
import { type Call, requestOf, route, text } from './route.ts'

/** GitLab knows some thousand names; these are enough to tell a right one from a wrong one. */
const NAMES = [
  'eyes',
  'thumbsup',
  'thumbsdown',
  'tada',
  'rocket',
  'heart',
  'confused',
  'laughing',
  'white_check_mark',
  'x',
  'warning',
  'hourglass',
]
const ON_REQUEST = '/projects/:id/merge_requests/:iid/award_emoji'
const ON_NOTE = '/projects/:id/merge_requests/:iid/notes/:note/award_emoji'

/** docs.gitlab.com: api/emoji_reactions. */
export const AWARD_EMOJI = [ON_REQUEST, ON_NOTE].flatMap((path) => [
  route('GET', path, PAGES, (call) => {
    const { awards, ...awardable } = awardableOf(call, requestOf(call))
    return paginate(call, awards, (award) => presentAward(call.instance, award, awardable))
  }),
  route('POST', path, { name: text }, (call) => {
    const { awards, ...awardable } = awardableOf(call, requestOf(call))
    const { name } = call.params
    if (!NAMES.includes(name)) {
      call.violate(`there is no emoji ${name}`)
      throw notFound('Award Emoji Name is not a valid emoji name')
    }
    if (awards.some((award) => award.name === name && award.user === call.user)) throw notFound('Award Emoji Name has already been taken')
    const award = { id: call.instance.nextId(), name, user: call.user }
    awards.push(award)
    return { status: 201, body: presentAward(call.instance, award, awardable) }
  }),
  route('DELETE', `${path}/:award`, {}, (call) => {
    const { awards } = awardableOf(call, requestOf(call))
    const index = awards.findIndex(({ id }) => String(id) === call.at.award)
    if (index < 0) throw notFound()
    if (awards[index]?.user !== call.user) throw new Refusal(401, { message: '401 Unauthorized' })
    awards.splice(index, 1)
    return { status: 204 }
  }),
])

function awardableOf(call: Pick<Call, 'at'>, request: MergeRequest): { id: number; type: 'MergeRequest' | 'Note'; awards: Award[] } {
  if (call.at.note === undefined) return { id: request.id, type: 'MergeRequest', awards: request.awards }
  const { note } = noteOf(call, request)
  return { id: note.id, type: 'Note', awards: note.awards }
}
