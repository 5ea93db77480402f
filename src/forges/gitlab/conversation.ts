/** Comments of others: read, reacted to, answered. */
import { type Comment, type CommentRef, Gone, type MergeRequestRef } from '../forge.ts'
import { isSameText } from '../marker.ts'
import { type Connection, listAll, pathOf, read } from './connection.ts'
import { keyOf, markerOf, noteText } from './note-text.ts'
import { personOf } from './people.ts'
import { type Discussion, discussion, type Note, note } from './replies.ts'

export async function fetchComment(
  gitlab: Connection,
  ref: MergeRequestRef,
  comment: CommentRef,
  ownUserId: number,
): Promise<Comment | undefined> {
  try {
    if (comment.thread === undefined) {
      const shown = read(note, await gitlab.notes.show(ref.repositoryId, ref.number, comment.id), 'a note')
      return commentOf(shown, undefined)
    }
    const { notes } = await discussionOf(gitlab, ref, comment)
    return commentOf(
      notes.find(({ id }) => id === comment.id),
      keyOf(notes[0], ownUserId),
    )
  } catch (error) {
    if (error instanceof Gone) return undefined
    throw error
  }
}

function commentOf(note: Note | undefined, key: string | undefined): Comment | undefined {
  return note?.author ? { author: personOf(note.author), text: note.body, key } : undefined
}

/** GitLab answers 404 to a reaction that is there already, as to a note that is not; the message tells them apart. */
export async function ensureReaction(gitlab: Connection, ref: MergeRequestRef, comment: CommentRef | undefined): Promise<void> {
  const { repositoryId, number } = ref
  try {
    await (comment ? gitlab.noteAwards.award(repositoryId, number, comment.id, 'eyes') : gitlab.awards.award(repositoryId, number, 'eyes'))
  } catch (error) {
    if (!(error instanceof Gone) || !/already been taken/i.test(error.message)) throw error
  }
}

/** In the discussion of the comment; a comment that stands alone becomes one by the answer. */
export async function ensureReply(
  gitlab: Connection,
  ref: MergeRequestRef,
  comment: CommentRef,
  body: string,
  ownUserId: number,
): Promise<string> {
  const { repositoryId, number } = ref
  const { id: discussionId, notes } = await discussionOf(gitlab, ref, comment)
  const text = noteText(`reply ${comment.id}`, body)
  const [answer] = notes.filter((one) => markerOf(one, ownUserId) === `reply ${comment.id}`).sort((a, b) => a.id - b.id)
  if (!answer) {
    const created = read(note, await gitlab.discussions.addNote(repositoryId, number, discussionId, text), 'a note')
    return addressOf(gitlab, ref, created.id)
  }
  if (!isSameText(answer.body, text)) await gitlab.discussions.editNote(repositoryId, number, discussionId, answer.id, { body: text })
  return addressOf(gitlab, ref, answer.id)
}

async function discussionOf(gitlab: Connection, ref: MergeRequestRef, comment: CommentRef): Promise<Discussion> {
  if (comment.thread !== undefined) {
    const shown = await gitlab.discussions.show(ref.repositoryId, ref.number, comment.thread)
    const found = read(discussion, shown, 'a discussion')
    if (!found.notes.some(({ id }) => id === comment.id)) throw new Gone(`GitLab has no note ${comment.id} in this discussion any more`)
    return found
  }
  const all = await listAll(gitlab, pathOf(ref, 'discussions'), discussion)
  const found = all.find(({ notes }) => notes.some(({ id }) => id === comment.id))
  if (!found) throw new Gone(`GitLab has no note ${comment.id} in !${ref.number} any more`)
  return found
}

function addressOf({ access }: Connection, { repository, number }: MergeRequestRef, noteId: number): string {
  const path = repository.split('/').map(encodeURIComponent).join('/')
  return `${access.url}/${path}/-/merge_requests/${number}#note_${noteId}`
}
