import { type Database, SCHEMA } from '../../database/database.ts'
import { ServiceError, UserError } from '../../errors.ts'
import type { SourceDeclaration } from '../declaration.ts'
import { TRUST } from '../document.ts'
import { type CutDocument, removeDocuments } from '../storage/store-documents.ts'
import { storeAgain } from '../storage/sync.ts'
import type { WholeDocument } from './transfer-reader.ts'
import { compareKeys } from './transfer-record.ts'
import type { VectorTable } from './vector-tables.ts'

/** What is held in memory and stored at once, whichever comes first. */
const BATCH = { documents: 256, passages: 256 }
const KEYS_AT_ONCE = 20_000
const REMOVED_AT_ONCE = 100
/** Larger ones cannot be stored in two bytes. */
const LARGEST_HALF = 65_504

/**
 * Puts the documents of one source, which come by their keys, in the place of those that are there. What is the same stays untouched, with its vectors, so that an
 * import that was cut off goes on where it was.
 */
export class TransferStore {
  readonly #database: Database
  readonly #declaration: SourceDeclaration
  readonly #table: VectorTable | undefined
  #batch: WholeDocument[] = []
  /** Keys that are there, and which of them is next. */
  #keys: string[] = []
  #at = 0
  #areKeysRead = false
  #gone: string[] = []
  /** What could not be stored. */
  readonly failed: Array<{ key: string; reason: string }> = []

  private constructor(database: Database, declaration: SourceDeclaration, table: VectorTable | undefined) {
    this.#database = database
    this.#declaration = declaration
    this.#table = table
  }

  /** Until its end it counts as never synced. */
  static async open(database: Database, declaration: SourceDeclaration, table: VectorTable | undefined): Promise<TransferStore> {
    await database.query(
      `insert into ${SCHEMA}.sources (name, type, declaration) values ($1, $2, $3::jsonb)
       on conflict (name) do update set declaration = excluded.declaration, synced_at = null`,
      [declaration.name, declaration.type, JSON.stringify(declaration)],
    )
    return new TransferStore(database, declaration, table)
  }

  async add(whole: WholeDocument): Promise<void> {
    this.#batch.push(whole)
    const passages = this.#batch.reduce((sum, { passages: own }) => sum + own.length, 0)
    if (this.#batch.length >= BATCH.documents || passages >= BATCH.passages) await this.#store()
  }

  /** Stores what is left, and removes what the file does not have. */
  async end(): Promise<void> {
    await this.#store()
    await this.#dropUpTo(undefined)
    await this.#remove()
  }

  async #store(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    if (batch.length === 0) return
    for (const { document } of batch) await this.#dropUpTo(document.key)
    if (this.#gone.length >= REMOVED_AT_ONCE) await this.#remove()
    const same = await this.#readSame(batch)
    const changed = batch.filter(({ document }) => !same.has(document.key))
    await this.#replace(changed)
    await this.#storeVectors(batch)
  }

  /** One that cannot be stored, for what Postgres limits, keeps no other from being, as in a sync. */
  async #replace(changed: readonly WholeDocument[]): Promise<void> {
    if (changed.length === 0) return
    try {
      await storeAgain(this.#database, this.#declaration, changed.map(cutDocument))
    } catch (error) {
      const [one] = changed
      if (error instanceof ServiceError || error instanceof UserError || !one) throw error
      if (changed.length > 1) {
        for (const each of changed) await this.#replace([each])
        return
      }
      this.failed.push({ key: one.document.key, reason: error instanceof Error ? error.message : String(error) })
      this.#gone.push(one.document.key)
    }
  }

  /** Keys that are stored exactly as the file has them. */
  async #readSame(batch: readonly WholeDocument[]): Promise<Set<string>> {
    const rows = await this.#database.query<{ key: string; document: unknown[]; passages: unknown[][] | null }>(
      `select d.key, jsonb_build_array(d.revision, d.title, d.url, d.metadata -> 'author', d.metadata -> 'date', d.metadata -> 'licence', d.trust,
           d.from_version, d.to_version, d.metadata -> 'problems') as document,
         (select jsonb_agg(jsonb_build_array(p.position, p.anchor, p.kind, p.term, p.breadcrumb, p.text, p.tokens) order by p.position)
          from ${SCHEMA}.passages as p where p.type = $3 and p.document = d.id) as passages
       from ${SCHEMA}.documents as d where d.source = $1 and d.key = any($2::text[])`,
      [this.#declaration.name, batch.map(({ document }) => document.key), this.#declaration.type],
    )
    const stored = new Map(rows.map(({ key, document, passages }) => [key, JSON.stringify([document, passages ?? []])]))
    return new Set(batch.filter((whole) => stored.get(whole.document.key) === asStored(whole)).map(({ document }) => document.key))
  }

  async #storeVectors(batch: readonly WholeDocument[]): Promise<void> {
    const table = this.#table
    if (!table) return
    const most = table.type === 'halfvec' ? LARGEST_HALF : Number.MAX_VALUE
    const rows = batch.flatMap(({ document: { key }, passages }) =>
      passages.flatMap(({ position, numbers }) =>
        numbers?.every((number) => Math.abs(number) <= most) ? [{ key, position, vector: `[${numbers.join(',')}]` }] : [],
      ),
    )
    if (rows.length === 0) return
    await this.#database.query(
      `insert into ${table.table} (type, passage, embedding)
       select p.type, p.id, new.vector::${table.schema}.${table.type}
       from unnest($3::text[], $4::int[], $5::text[]) as new(key, position, vector)
       join ${SCHEMA}.documents as d on d.source = $1 and d.key = new.key
       join ${SCHEMA}.passages as p on p.type = $2 and p.document = d.id and p.position = new.position
       for key share of p
       on conflict do nothing`,
      [
        this.#declaration.name,
        this.#declaration.type,
        rows.map(({ key }) => key),
        rows.map(({ position }) => position),
        rows.map(({ vector }) => vector),
      ],
    )
  }

  /** Keys before this one that are there and did not come are gone; of those after it, the file may still tell. */
  async #dropUpTo(key: string | undefined): Promise<void> {
    for (;;) {
      const first = this.#keys[this.#at] ?? (await this.#readKeys())
      if (first === undefined) return
      const order = key === undefined ? -1 : compareKeys(first, key)
      if (order > 0) return
      this.#at++
      if (order === 0) return
      this.#gone.push(first)
    }
  }

  /** The next that are there, and the first of them. Asked for before anything behind the last is stored, so that they are none of this import's. */
  async #readKeys(): Promise<string | undefined> {
    if (this.#areKeysRead) return undefined
    const rows = await this.#database.query<{ key: string }>(
      `select key from ${SCHEMA}.documents where source = $1 and ($2::text is null or key collate "C" > $2) order by key collate "C" limit ${KEYS_AT_ONCE}`,
      [this.#declaration.name, this.#keys.at(-1) ?? null],
    )
    this.#keys = rows.map(({ key }) => key)
    this.#at = 0
    this.#areKeysRead = rows.length < KEYS_AT_ONCE
    return this.#keys[0]
  }

  async #remove(): Promise<void> {
    while (this.#gone.length > 0) await removeDocuments(this.#database, this.#declaration.name, this.#gone.splice(0, REMOVED_AT_ONCE))
  }
}

function cutDocument({ document: { kind: _, ...document }, passages }: WholeDocument): CutDocument {
  return {
    document: { ...document, blocks: [] },
    passages: passages.map(({ position, breadcrumb, anchor, block, term, text, tokens }) => ({
      ...{ position, breadcrumb, anchor, kind: block, term, text, tokens },
    })),
  }
}

/** As `#readSame` reads it. */
function asStored({ document, passages }: WholeDocument): string {
  const { revision, title, url, author, date, licence, trust, versions, problems } = document
  return JSON.stringify([
    [revision, title, url, author, date, licence, TRUST.indexOf(trust), versions?.from ?? null, versions?.to ?? null, problems],
    passages.map(({ position, anchor, block, term, breadcrumb, text, tokens }) => [
      position,
      anchor,
      block,
      term,
      breadcrumb,
      text,
      tokens,
    ]),
  ])
}
