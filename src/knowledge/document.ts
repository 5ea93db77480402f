/** What sources give and passages are cut from. */

export const SOURCE_TYPES = ['manual', 'tool-manual', 'source-code', 'release-notes', 'article', 'mailing-list', 'web-page'] as const
export type SourceType = (typeof SOURCE_TYPES)[number]

/** How far a source is believed: source code highest; the manual, verified articles and well-known authors of the lists high; the rest unknown. */
export const TRUST = ['unknown', 'high', 'highest'] as const
export type Trust = (typeof TRUST)[number]

/** A document as its source has it now: a page of the manual, a file of code, a message. */
export interface KnowledgeDocument {
  /** Names it within its source for good: a path, a message-id. */
  key: string
  /** Changes with its contents and with how they are read: a hash, an ETag, a blob's id. */
  revision: string
  title: string
  /** Where people read it, without an anchor. */
  url: string
  author: string | null
  /** ISO 8601. */
  date: string | null
  /** SPDX where there is one: `PostgreSQL`, `Apache-2.0`. */
  licence: string | null
  trust: Trust
  /** Major versions of Postgres it speaks of, both included; null for all or unknown. */
  versions: { from: number; to: number } | null
  /** In the order of the text. */
  blocks: Block[]
  /** What a reader of the sync's report should know: a charset that was guessed, a part that could not be read. */
  problems: string[]
}

/** The smallest piece with a place of its own. Only prose may be cut further. */
export interface Block {
  /** Titles from the document down to here, the document's own left out: `["Description", "Notes"]`. */
  breadcrumb: string[]
  /** `SQL-ALTERTABLE-NOTES`: of the section, or of the entry itself. Null where there is none. */
  anchor: string | null
  kind: 'prose' | 'synopsis' | 'example' | 'table' | 'code' | 'entry' | 'message'
  /** An entry's term: a setting, an option, a function. Null for others. */
  term: string | null
  /** Plain text; paragraphs are separated by empty lines. White space counts in examples, code and tables. */
  text: string
}

/** What is searched, cited and embedded. */
export interface Passage {
  /** Place within its document, zero-based. */
  position: number
  breadcrumb: string[]
  anchor: string | null
  kind: Block['kind']
  term: string | null
  text: string
  /** Estimated, see `countTokens`. */
  tokens: number
}
