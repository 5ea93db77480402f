import { z } from 'zod'
import { Gone } from '../forge.ts'
import { isSameText, type Marker, readMarker, withMarker } from '../marker.ts'
import type { Client } from './client.ts'
import type { Identity } from './credentials.ts'
import { AUTHOR } from './merge-request.ts'

export const COMMENT = z.object({
  id: z.number(),
  html_url: z.string(),
  body: z.string().nullish(),
  user: AUTHOR,
  in_reply_to_id: z.number().nullish(),
})
const WRITTEN = z.object({ id: z.number(), html_url: z.string() })

/** One of ours: the marker is its first line, and we are its author. */
export interface OwnComment {
  id: number
  url: string
  marker: Marker
  body: string
}

/** Where comments are: under the pull request, or in threads at its lines. */
export type Place = 'conversation' | 'thread'

const ROUTES = {
  conversation: {
    list: 'GET /repos/{owner}/{repo}/issues/{number}/comments',
    get: 'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
    edit: 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
    delete: 'DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}',
    reaction: 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
  },
  thread: {
    list: 'GET /repos/{owner}/{repo}/pulls/{number}/comments',
    get: 'GET /repos/{owner}/{repo}/pulls/comments/{comment_id}',
    edit: 'PATCH /repos/{owner}/{repo}/pulls/comments/{comment_id}',
    delete: 'DELETE /repos/{owner}/{repo}/pulls/comments/{comment_id}',
    reaction: 'POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions',
  },
} as const satisfies Record<Place, Record<string, string>>

const READS = 'Pull requests: read'
export const WRITES = 'Pull requests: write'

/** Undefined when it is gone. */
export async function fetchOne(client: Client, place: Place, id: number): Promise<z.infer<typeof COMMENT> | undefined> {
  try {
    return await client.read({ route: ROUTES[place].get, needs: READS }, COMMENT, { comment_id: id })
  } catch (error) {
    if (error instanceof Gone) return undefined
    throw error
  }
}

/** Ours with a marker of this kind, oldest first. */
export async function listOwn(client: Client, me: Identity, place: Place, number: number): Promise<OwnComment[]> {
  const found = await client.list({ route: ROUTES[place].list, needs: READS }, COMMENT, { number })
  const own = new Map<number, OwnComment>()
  for (const comment of found) {
    const marked = ownOf(comment, me)
    if (marked) own.set(comment.id, { id: comment.id, url: comment.html_url, ...marked })
  }
  return [...own.values()].sort((a, b) => a.id - b.id)
}

export function ownOf(comment: z.infer<typeof COMMENT>, me: Identity): ReturnType<typeof readMarker> {
  return comment.user?.id === me.id ? readMarker(comment.body ?? '') : undefined
}

/**
 * What is there under this marker, edited when it says something else; undefined when there is none, or when somebody deleted it meanwhile. Of several, which
 * two processes can make, the oldest stays.
 */
export async function ensureOne(
  client: Client,
  place: Place,
  found: readonly OwnComment[],
  marker: Marker,
  body: string,
): Promise<{ url: string; isEdited: boolean } | undefined> {
  const [first, ...others] = found.filter((comment) => comment.marker === marker)
  for (const other of others) await deleteOne(client, place, other.id)
  if (!first) return undefined
  if (isSameText(first.body, body)) return { url: first.url, isEdited: false }
  return (await editOne(client, place, first.id, withMarker(marker, body))) ? { url: first.url, isEdited: true } : undefined
}

/** False when it is gone. */
export function editOne(client: Client, place: Place, id: number, body: string): Promise<boolean> {
  return unlessGone(client.write({ route: ROUTES[place].edit, needs: WRITES }, WRITTEN, { comment_id: id, body }))
}

export function deleteOne(client: Client, place: Place, id: number): Promise<boolean> {
  return unlessGone(client.write({ route: ROUTES[place].delete, needs: WRITES }, z.unknown(), { comment_id: id }))
}

async function unlessGone(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof Gone) return false
    throw error
  }
}

/** A comment under the pull request. */
export async function createComment(client: Client, number: number, body: string): Promise<string> {
  const asked = { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments', needs: WRITES }
  return (await client.write(asked, WRITTEN, { issue_number: number, body })).html_url
}

/** `thread` is the id of its first comment: GitHub takes answers only to that. */
export async function createAnswer(client: Client, number: number, thread: number, body: string): Promise<string> {
  const asked = { route: 'POST /repos/{owner}/{repo}/pulls/{pull_number}/comments/{comment_id}/replies', needs: WRITES }
  return (await client.write(asked, WRITTEN, { pull_number: number, comment_id: thread, body })).html_url
}

/** GitHub has one of a kind from each account: the same again is no second. */
export async function react(client: Client, number: number, comment: { place: Place; id: number } | undefined): Promise<void> {
  if (comment)
    await client.write({ route: ROUTES[comment.place].reaction, needs: WRITES }, z.unknown(), { comment_id: comment.id, content: 'eyes' })
  else {
    const asked = { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', needs: WRITES }
    await client.write(asked, z.unknown(), { issue_number: number, content: 'eyes' })
  }
}
