import { ACCESS, accessOf, latestVersion, type MergeRequest, type Note, type Suggestion } from './instance.ts'
import { presentSuggestion } from './present.ts'
import { pushTo } from './proposals.ts'
import { forbidden, notFound, Refusal } from './refusal.ts'
import { type Call, integer, route, text } from './route.ts'

/** docs.gitlab.com: api/suggestions. */
export const SUGGESTIONS = [
  route('PUT', '/suggestions/:suggestion/apply', { id: integer, commit_message: text.optional() }, async (call) => {
    const { request, note, suggestion } = find(call)
    if (accessOf(request.project, call.user) < ACCESS.developer) throw forbidden()
    const { position } = note
    const { head } = latestVersion(request)
    if (suggestion.isApplied || position?.head_sha !== head) throw new Refusal(400, { message: 'A suggestion is not applicable.' })
    const lines = (await request.project.repository.git(['cat-file', 'blob', `${head}:${position.new_path}`])).toString().split('\n')
    const content = suggestion.toContent === '' ? [] : suggestion.toContent.replace(/\n$/, '').split('\n')
    lines.splice(suggestion.fromLine - 1, suggestion.toLine - suggestion.fromLine + 1, ...content)
    suggestion.isApplied = true
    await pushTo(call.instance, request, { [position.new_path]: lines.join('\n') }, { by: call.user })
    return { status: 200, body: presentSuggestion(suggestion) }
  }),
]

function find({ instance, at }: Pick<Call, 'instance' | 'at'>): { request: MergeRequest; note: Note; suggestion: Suggestion } {
  for (const request of instance.projects.flatMap((project) => project.requests))
    for (const note of request.discussions.flatMap((discussion) => discussion.notes)) {
      const suggestion = note.suggestions.find(({ id }) => String(id) === at.suggestion)
      if (suggestion) return { request, note, suggestion }
    }
  throw notFound()
}
