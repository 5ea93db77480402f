import type { InlineComment } from '../forge.ts'
import { type Marker, readMarker, withMarker } from '../marker.ts'
import { suggestionBlock } from '../suggestion.ts'
import type { Note } from './replies.ts'

/** GitLab takes suggestions for up to this many lines above the commented one. */
const MAX_SUGGESTED_LINES = 100

/** The note as it is sent. */
export function noteText(marker: Marker, body: string): string {
  return withMarker(marker, withoutQuickActions(body))
}

/** What a note of ours is for; undefined for those of others. */
export function markerOf(note: Note | undefined, ownUserId: number): Marker | undefined {
  return note?.author?.id === ownUserId && !note.system ? readMarker(note.body)?.marker : undefined
}

/** The key of the inline comment that a note of ours is. */
export function keyOf(note: Note | undefined, ownUserId: number): string | undefined {
  return /^thread (.+)$/.exec(markerOf(note, ownUserId) ?? '')?.[1]
}

/**
 * A line that starts with `/close`, `/merge`, `/assign` would be carried out in the bot's name, also in some kinds of code blocks: GitLab finds those by a
 * regular expression of its own, which longer fences escape. A space in front ends that, and is not seen. GitLab drops carriage returns before it looks.
 */
function withoutQuickActions(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/^(?=\/\w)/gm, ' ')
}

/** The body of a comment with its suggestion. `isWhole`: the diff shows all of its lines, so that the comment is at the last of them. */
export function withSuggestion({ body, suggestion, line, endLine }: InlineComment, isWhole: boolean): string {
  const above = endLine - line
  if (suggestion === undefined || !isWhole || above > MAX_SUGGESTED_LINES) return body
  return `${body}\n\n${suggestionBlock(`suggestion:-${above}+0`, suggestion)}`
}
