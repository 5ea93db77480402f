/**
 * What an export file holds, record by record: a head, then each source with its documents by key and each document with its passages, and an end. Whatever is in a
 * file was written by somebody else, so nothing more and nothing other than this is taken.
 */
import { z } from 'zod'
import { SourceDeclaration } from '../declaration.ts'
import { type Block, TRUST } from '../document.ts'

/** Counted up when an older pgwitness could not read what is written. */
export const FORMAT_VERSION = 1

/** All in one place. */
export const LIMITS = {
  /** Of a record, as text. */
  recordBytes: 8 * 1024 * 1024,
  /** What a byte of a file may become, beyond an allowance: texts shrink to a fifth, and what shrinks to a hundredth was made to fill a disk or a memory. */
  ratio: 100,
  allowanceBytes: 64 * 1024 * 1024,
  sources: 10_000,
  /** Of one document, which is held in memory as a whole. */
  passages: 50_000,
  textCharacters: 64 * 1024 * 1024,
  /** Of a key: what an index takes. */
  keyCharacters: 2_000,
  dimensions: 4_000,
}

const KINDS = ['prose', 'synopsis', 'example', 'table', 'code', 'entry', 'message'] as const satisfies ReadonlyArray<Block['kind']>

/** What a database can store. */
const text = z.string().refine((value) => value.isWellFormed() && !value.includes('\0'), 'holds a NUL or half a character')
const count = z.int().min(0).max(1e12)
const version = z.int().min(1).max(999)
/** Nothing that runs when somebody follows it. */
const address = text.refine((value) => /^(?:https?|ftp|file):$/.test(URL.parse(value)?.protocol ?? ''), 'is no address of a page')

const Model = z.strictObject({ name: text.min(1).max(500), dimensions: z.int().min(1).max(LIMITS.dimensions) })

const Header = z.strictObject({
  kind: z.literal('header'),
  exportedAt: z.iso.datetime(),
  /** Version of pgwitness. */
  by: text.max(200),
  /** What the vectors were made with, and how long their numbers are; null without vectors. */
  embedding: Model.extend({ bytesPerNumber: z.union([z.literal(2), z.literal(4)]) }).nullable(),
  sources: z
    .array(
      z.strictObject({
        declaration: SourceDeclaration,
        documents: count,
        passages: count,
        tokens: count,
        syncedAt: z.iso.datetime().nullable(),
      }),
    )
    .max(LIMITS.sources),
})

const Document = z.strictObject({
  kind: z.literal('document'),
  key: text.max(LIMITS.keyCharacters),
  revision: text.max(10_000),
  title: text,
  url: address,
  author: text.nullable(),
  date: text.nullable(),
  licence: text.nullable(),
  trust: z.enum(TRUST),
  versions: z
    .strictObject({ from: version, to: version })
    .refine(({ from, to }) => from <= to, 'goes backwards')
    .nullable(),
  problems: z.array(text),
})

const Passage = z.strictObject({
  kind: z.literal('passage'),
  position: z.int().min(0).max(LIMITS.passages),
  breadcrumb: z.array(text).max(100),
  anchor: text.nullable(),
  block: z.enum(KINDS),
  term: text.nullable(),
  text,
  tokens: z.int().min(0).max(100_000_000),
  /** Base64 of the numbers one after the other, the most significant byte first: IEEE 754 of two or four bytes. */
  vector: z.string().nullable(),
})

export const TransferRecord = z.discriminatedUnion('kind', [
  Header,
  z.strictObject({ kind: z.literal('source'), name: z.string() }),
  Document,
  Passage,
  z.strictObject({ kind: z.literal('end'), documents: count, passages: count, vectors: count }),
])
export type TransferRecord = z.infer<typeof TransferRecord>
export type TransferHeader = z.infer<typeof Header>
export type TransferDocument = z.infer<typeof Document>
export type TransferPassage = z.infer<typeof Passage>

/** The order of keys, whatever collation a database has: that of their bytes. */
export function compareKeys(left: string, right: string): number {
  return left === right ? 0 : Buffer.compare(Buffer.from(left), Buffer.from(right))
}

/** The most that a document of a source is trusted; a file that says more was not made by an export. */
export function mostTrusted(declaration: SourceDeclaration): (typeof TRUST)[number] {
  switch (declaration.type) {
    case 'source-code':
      return 'highest'
    case 'web-page':
      return 'unknown'
    case 'article':
      return declaration.verified ? 'high' : 'unknown'
    default:
      return 'high'
  }
}

export function isTrustedMore(one: (typeof TRUST)[number], other: (typeof TRUST)[number]): boolean {
  return TRUST.indexOf(one) > TRUST.indexOf(other)
}
