/** What the readers of parts of a page share: where they are, and where they put what they read. */
import type { BlockList } from './block-list.ts'
import type { Element, Parent } from './html-tree.ts'

/** Where the reader is. Copied for what is inside something. */
export interface Place {
  /** Titles of the table or entry around. */
  within: readonly string[]
  /** The entry whose text this is part of; null when blocks are made. */
  entry: Entry | null
  inList: boolean
}

export interface Entry {
  parts: string[]
  /** Its last part is prose, and a list may go on in it. */
  open: boolean
  /** Made after the entry they are in. */
  nested: Array<() => void>
}

export interface Body {
  readonly list: BlockList
  /** Anchor of something that began and has said nothing yet. */
  pending: string | null
  /** Goes before the next paragraph: `- `, `Note: `. */
  mark: string
  /** Says a mark that no paragraph came for: a bullet alone says nothing, a term does. */
  sayMark(place: Place): void
  /** The pending anchor, which is no longer. */
  take(): string | null
  children(parent: Parent, place: Place): void
  /** Text beside the elements of a list, where none should be. */
  strayText(parent: Element, place: Place): void
  prose(text: string, anchor: string | null, place: Place): void
  add(kind: 'synopsis' | 'example' | 'table' | 'code', text: string, place: Place): void
  /** Without the number in front. */
  heading(text: string): string
}

/** Reads into an entry, and gives it. What is to come after it is made by `nested`. */
export function collect(body: Body, parents: readonly Parent[], place: Place, parts: readonly string[] = []): Entry {
  const entry: Entry = { parts: [...parts], open: false, nested: [] }
  for (const parent of parents) body.children(parent, { ...place, entry })
  return entry
}
