/**
 * The hidden line that tells our comments: `<!-- pgwitness:summary -->`, `<!-- pgwitness:thread KEY -->`, `<!-- pgwitness:reply COMMENT_ID -->`. It is the
 * first line and counts only there: what a comment quotes comes later, and no fence or comment left open before it can swallow it.
 */
const MARKED = /^<!-- pgwitness:(summary|thread [\w:.-]+|reply \d+) -->\r?\n([\s\S]*)$/

/** `thread` and `reply` say of what. */
export type Marker = 'summary' | `thread ${string}` | `reply ${number}`

export function withMarker(marker: Marker, body: string): string {
  const text = `<!-- pgwitness:${marker} -->\n${body}`
  // One that is not found again would be written again with every review.
  if (!MARKED.test(text)) throw new Error(`"${marker}" is no marker: a key has letters, digits, "-", "_", "." and ":"`)
  return text
}

/** Undefined when the text is not marked. Whether its author is us the caller has to look at: everybody can write a marker. */
export function readMarker(text: string): { marker: Marker; body: string } | undefined {
  const [, marker, body] = MARKED.exec(text) ?? []
  return marker === undefined || body === undefined ? undefined : { marker: marker as Marker, body }
}

/** Forges change the ends of lines, and drop white space around a text. */
export function isSameText(one: string, other: string): boolean {
  return plain(one) === plain(other)
}

function plain(text: string): string {
  return text.replaceAll('\r\n', '\n').trim()
}
