/** Cuts what is too long, at the place that hurts least. Sizes in tokens. */
import { countTokens } from './tokens.ts'

/** A paragraph: whole up to `whole`, else lines (a list's), else sentences, else words, in pieces of about `piece`. */
export function cutProse(text: string, { piece, whole }: { piece: number; whole: number }): string[] {
  const tokens = countTokens(text)
  if (tokens <= whole) return [text]
  return cutEvenly(text, { piece: tokens / Math.ceil(tokens / piece) + 20, whole })
}

function cutEvenly(text: string, { piece, whole }: { piece: number; whole: number }): string[] {
  return (
    cutAt(text, /\n/, '\n', piece, whole) ??
    cutAt(text, /(?<=[.!?]["'”’)\]]{0,2})\s+(?=[\p{Lu}\p{Lo}\p{N}"'“‘([])|(?<=[。！？])/u, ' ', piece, whole) ??
    cutAt(text, /\s+/, ' ', piece, whole) ??
    cutCharacters(text, piece)
  )
}

/** Lines, at empty ones where that gives pieces. The heading is repeated in front of every piece but the first. */
export function cutLines(text: string, piece: number, { heading }: { heading: string }): string[] {
  const parts = pack(text.split('\n\n'), '\n\n', piece).flatMap((part) =>
    countTokens(part) <= piece * 1.5 ? [part] : pack(part.split('\n'), '\n', piece).flatMap((lines) => longLine(lines, piece)),
  )
  return parts.map((part, at) => (at === 0 || heading === '' ? part : `${heading}\n${part}`))
}

/** Rows, with everything down to the line under the head in front of each piece. */
export function cutTable(text: string, piece: number): string[] {
  const lines = text.split('\n')
  const under = lines.slice(0, 8).findIndex((line) => /^-{3}(?: \| -{3})*$/.test(line))
  const top = lines.slice(0, under + 1).join('\n')
  const head = countTokens(top) <= piece / 2 ? top : ''
  const room = piece - countTokens(head)
  const parts = pack(head === '' ? lines : lines.slice(under + 1), '\n', room).flatMap((part) => longLine(part, room))
  return parts.map((part) => (head === '' ? part : `${head}\n${part}`))
}

function longLine(text: string, piece: number): string[] {
  return countTokens(text) <= piece * 1.5 ? [text] : cutProse(text, { piece, whole: piece * 1.5 })
}

/** Parted there and put together again to about `piece`; undefined when there is no such place. Parts that stay too long are cut further. */
function cutAt(text: string, place: RegExp, joint: string, piece: number, whole: number): string[] | undefined {
  const parts = text.split(place)
  if (parts.length < 2) return undefined
  return pack(parts, joint, piece).flatMap((part) =>
    part.length < text.length ? cutProse(part, { piece, whole }) : cutCharacters(part, piece),
  )
}

function pack(parts: readonly string[], joint: string, piece: number): string[] {
  const packed: string[] = []
  let current: string[] = []
  let tokens = 0
  for (const part of parts) {
    const more = countTokens(part)
    if (current.length > 0 && tokens + more > piece) {
      packed.push(current.join(joint))
      current = []
      tokens = 0
    }
    current.push(part)
    tokens += more
  }
  packed.push(current.join(joint))
  return packed.filter((part) => part.trim() !== '')
}

/** A text without a space, and no pair of surrogates torn. */
function cutCharacters(text: string, piece: number): string[] {
  const parts: string[] = []
  const size = Math.max(2, Math.floor((text.length * piece) / countTokens(text)))
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + size, text.length)
    if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1] as string)) end--
    parts.push(text.slice(at, end))
    at = end
  }
  return parts
}
