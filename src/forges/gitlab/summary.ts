import { Gone, type MergeRequest, type MergeRequestRef } from '../forge.ts'
import { isSameText, readMarker } from '../marker.ts'
import { type Connection, listAllTwice, pathOf, read } from './connection.ts'
import { markerOf, noteText } from './note-text.ts'
import { type Note, note } from './replies.ts'

/** Our summaries, the oldest first. There are several after two processes wrote at once, or when one was copied with its marker. */
async function listSummaries(gitlab: Connection, ref: MergeRequestRef, ownUserId: number): Promise<Note[]> {
  const notes = await listAllTwice(gitlab, pathOf(ref, 'notes'), note, { order_by: 'created_at', sort: 'asc' })
  return notes.filter((one) => markerOf(one, ownUserId) === 'summary').sort((a, b) => a.id - b.id)
}

export async function fetchSummary(gitlab: Connection, ref: MergeRequestRef, ownUserId: number): Promise<string | undefined> {
  const [first] = await listSummaries(gitlab, ref, ownUserId)
  return first && readMarker(first.body)?.body
}

/**
 * The oldest stays and others go. Whatever became of an earlier try is found in the list first, so a creation whose answer was lost is not repeated. A
 * summary that a person deletes while we edit it is written anew.
 */
export async function ensureSummary(gitlab: Connection, request: MergeRequest, body: string, ownUserId: number): Promise<string> {
  const { repositoryId, number, url } = request
  const text = noteText('summary', body)
  const [first, ...others] = await listSummaries(gitlab, request, ownUserId)
  for (const other of others) await ignoringGone(gitlab.notes.remove(repositoryId, number, other.id))
  const kept =
    first && (isSameText(first.body, text) || (await ignoringGone(gitlab.notes.edit(repositoryId, number, first.id, { body: text }))))
  if (first && kept) return `${url}#note_${first.id}`
  const created = read(note, await gitlab.notes.create(repositoryId, number, text), 'a note')
  return `${url}#note_${created.id}`
}

/** False when it is not there any more, true when it was done. */
export async function ignoringGone(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof Gone) return false
    throw error
  }
}
