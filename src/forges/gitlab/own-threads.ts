import type { InlineComment, MergeRequest } from '../forge.ts'
import { type Connection, listAllTwice, pathOf } from './connection.ts'
import { keyOf } from './note-text.ts'
import { type Discussion, discussion, type Note } from './replies.ts'

/** A discussion that begins with a comment of ours. */
export interface OwnThread {
  key: string
  discussionId: string
  first: Note
  /** `undefined`: it is open. A person's are left alone; so are those whose resolver GitLab does not tell. */
  resolvedBy: 'us' | 'somebody' | undefined
  hasAnswers: boolean
}

export async function listThreads(gitlab: Connection, request: MergeRequest, ownUserId: number): Promise<OwnThread[]> {
  const discussions = await listAllTwice(gitlab, pathOf(request, 'discussions'), discussion)
  return discussions.flatMap((one): OwnThread[] => {
    const [first] = one.notes
    const key = keyOf(first, ownUserId)
    if (!first || key === undefined) return []
    const hasAnswers = one.notes.some(({ author, system }) => !system && author?.id !== ownUserId)
    return [{ key, discussionId: one.id, first, resolvedBy: resolverOf(one, ownUserId), hasAnswers }]
  })
}

function resolverOf({ notes }: Discussion, ownUserId: number): OwnThread['resolvedBy'] {
  const resolvable = notes.filter((note) => note.resolvable)
  if (resolvable.length === 0 || resolvable.some((note) => !note.resolved)) return undefined
  return resolvable.every((note) => note.resolved_by?.id === ownUserId) ? 'us' : 'somebody'
}

/** A suggestion counts from the line that the thread stands at. One that GitLab left at an earlier version cannot be applied anyway. */
export function mayStandFor({ first }: OwnThread, { endLine }: InlineComment, { headSha }: MergeRequest): boolean {
  return first.position?.head_sha !== headSha || first.position.new_line === endLine
}
