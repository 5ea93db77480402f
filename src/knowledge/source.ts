import type { KnowledgeDocument } from './document.ts'

/** One place that knowledge is read from. A file in `sources/` makes one from its declaration. */
export interface Source {
  /**
   * Every document there is now, in an order that stays, so that a sync that was cut off goes on. `known` are the revisions there are already, by key: a document
   * whose revision is among them is given as `unchanged` without being read further. Stops at the signal. A ServiceError when the source cannot be read at all;
   * what is wrong with one document is told in its `problems`, or as `failed`, and keeps no other from being read.
   */
  read(known: ReadonlyMap<string, string>, context: ReadContext): AsyncIterable<SourceItem>
}

export type SourceItem =
  | { kind: 'document'; document: KnowledgeDocument }
  | { kind: 'unchanged'; key: string }
  | { kind: 'failed'; key: string; reason: string }

export interface ReadContext {
  signal: AbortSignal
  /** Says what is being read. */
  progress(what: string): void
}
