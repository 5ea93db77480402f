/** Documents with their passages, into the tables. */
import { createHash } from 'node:crypto'
import { type Database, SCHEMA, type Session } from '../../database/database.ts'
import type { KnowledgeDocument, Passage, SourceType } from '../document.ts'
import { TRUST } from '../document.ts'
import { indexWords, tsvector } from '../search/lexemes.ts'
import { headings } from '../search/places.ts'

export interface CutDocument {
  document: KnowledgeDocument
  passages: Passage[]
}

/** One transaction: each document's passages are replaced as a whole, and words are counted with them. */
export async function storeDocuments(
  database: Database,
  source: { name: string; type: SourceType },
  cut: readonly CutDocument[],
): Promise<void> {
  const rows = cut.map((one) => rowsOf(one, source.type))
  await database.transaction(async (session) => {
    const ids = await upsertDocuments(session, source.name, rows)
    const gone = await deletePassages(
      session,
      [...ids.values()].map(({ id }) => id),
    )
    const passages = rows.flatMap(({ key, passages: all }) => all.map((passage) => ({ ...passage, document: ids.get(key)?.id })))
    await session.query(INSERT_PASSAGES, [JSON.stringify(passages)])
    const counts = gone.counts
    for (const { lexemes } of rows.flatMap(({ passages: all }) => all))
      for (const lexeme of lexemes) counts.set(lexeme, (counts.get(lexeme) ?? 0) + 1)
    await countWords(session, counts)
    await session.query(
      `update ${SCHEMA}.sources set documents = documents + $2, passages = passages + $3, words = words + $4, tokens = tokens + $5 where name = $1`,
      [
        source.name,
        [...ids.values()].filter(({ isNew }) => isNew).length,
        passages.length - gone.passages,
        passages.reduce((sum, { length }) => sum + length, 0) - gone.words,
        passages.reduce((sum, { tokens }) => sum + tokens, 0) - gone.tokens,
      ],
    )
  })
}

/** Gives how many there were. */
export async function removeDocuments(database: Database, source: string, keys: readonly string[]): Promise<number> {
  return await database.transaction(async (session) => {
    const documents = await session.query<{ id: string }>(
      `select id::text as id from ${SCHEMA}.documents where source = $1 and key = any($2::text[]) order by key for update`,
      [source, keys],
    )
    const ids = documents.map(({ id }) => id)
    const gone = await deletePassages(session, ids)
    await session.query(`delete from ${SCHEMA}.documents where id = any($1::bigint[])`, [ids])
    await countWords(session, gone.counts)
    await session.query(
      `update ${SCHEMA}.sources set documents = documents - $2, passages = passages - $3, words = words - $4, tokens = tokens - $5 where name = $1`,
      [source, ids.length, gone.passages, gone.words, gone.tokens],
    )
    return ids.length
  })
}

/** As it lies in the table, without its passages. */
export interface DocumentColumns {
  key: string
  revision: string
  title: string
  url: string
  trust: number
  from_version: number | null
  to_version: number | null
  metadata: { author: string | null; date: string | null; licence: string | null; problems: string[] }
}

interface DocumentRow extends DocumentColumns {
  passages: PassageRow[]
}

interface PassageRow {
  type: SourceType
  position: number
  anchor: string | null
  kind: string
  term: string | null
  breadcrumb: string[]
  text: string
  tokens: number
  trust: number
  from_version: number | null
  to_version: number | null
  place: string
  length: number
  words: string
  lexemes: Set<string>
}

function rowsOf({ document, passages }: CutDocument, type: SourceType): DocumentRow {
  const { key, revision, title, url, author, date, licence, versions, problems } = document
  const trust = TRUST.indexOf(document.trust)
  const common = { type, trust, from_version: versions?.from ?? null, to_version: versions?.to ?? null }
  return {
    key,
    revision,
    title: clean(title),
    url: clean(url),
    ...common,
    metadata: { author: cleanOrNull(author), date: cleanOrNull(date), licence: cleanOrNull(licence), problems: problems.map(clean) },
    passages: passages.map(({ position, anchor, kind, term, breadcrumb, text, tokens }) => {
      const { name, above } = headings(document.title, breadcrumb, term)
      const { placed, length } = indexWords({ name: clean(name), above: clean(above), text: clean(text) })
      return {
        ...common,
        position,
        anchor: cleanOrNull(anchor),
        kind,
        term: cleanOrNull(term),
        breadcrumb: breadcrumb.map(clean),
        text: clean(text),
        tokens,
        place: placeOf(url, versions, breadcrumb, term),
        length,
        words: tsvector(placed),
        lexemes: new Set(placed.map(({ lexeme }) => lexeme)),
      }
    }),
  }
}

/** The same in each version of a page: anchors made by a machine are not, titles are. */
function placeOf(url: string, versions: KnowledgeDocument['versions'], breadcrumb: readonly string[], term: string | null): string {
  const page = versions === null ? url : url.replace(/\/\d+(?:\.\d+)?\//, '/*/')
  return createHash('sha256')
    .update(JSON.stringify([page, breadcrumb, term]))
    .digest()
    .readBigInt64BE()
    .toString()
}

async function upsertDocuments(
  session: Session,
  source: string,
  rows: readonly DocumentRow[],
): Promise<Map<string, { id: string; isNew: boolean }>> {
  const found = await session.query<{ id: string; key: string; is_new: boolean }>(UPSERT_DOCUMENTS, [
    source,
    JSON.stringify(
      rows.map(({ passages, ...row }) => ({
        ...row,
        passages: passages.length,
        words: passages.reduce((sum, { length }) => sum + length, 0),
      })),
    ),
  ])
  return new Map(found.map(({ id, key, is_new }) => [key, { id, isNew: is_new }]))
}

// A row that was there has been updated, and only then has an xmax.
const UPSERT_DOCUMENTS = `insert into ${SCHEMA}.documents as d (source, key, revision, title, url, trust, from_version, to_version, passages, words, metadata)
  select $1, key, revision, title, url, trust, from_version, to_version, passages, words, metadata
  from jsonb_to_recordset($2::jsonb) as new(key text, revision text, title text, url text, trust smallint, from_version int, to_version int,
    passages int, words int, metadata jsonb)
  order by key
  on conflict (source, key) do update set revision = excluded.revision, title = excluded.title, url = excluded.url, trust = excluded.trust,
    from_version = excluded.from_version, to_version = excluded.to_version, passages = excluded.passages, words = excluded.words,
    metadata = excluded.metadata, stored_at = now()
  returning id::text as id, key, xmax = 0 as is_new`

const INSERT_PASSAGES = `insert into ${SCHEMA}.passages (type, document, position, anchor, kind, term, breadcrumb, text, tokens, trust, from_version, to_version,
    place, length, words)
  select type, document, position, anchor, kind, term, breadcrumb, text, tokens, trust, from_version, to_version, place, length, words::tsvector
  from jsonb_to_recordset($1::jsonb) as new(type text, document bigint, position int, anchor text, kind text, term text, breadcrumb text[], text text,
    tokens int, trust smallint, from_version int, to_version int, place bigint, length int, words text)`

interface Gone {
  passages: number
  words: number
  tokens: number
  /** Of each lexeme, below zero. */
  counts: Map<string, number>
}

async function deletePassages(session: Session, documents: readonly string[]): Promise<Gone> {
  const rows = await session.query<{ lexemes: string[]; length: number; tokens: number }>(
    `delete from ${SCHEMA}.passages where document = any($1::bigint[]) returning tsvector_to_array(words) as lexemes, length, tokens`,
    [documents],
  )
  const counts = new Map<string, number>()
  for (const { lexemes } of rows) for (const lexeme of lexemes) counts.set(lexeme, (counts.get(lexeme) ?? 0) - 1)
  return {
    passages: rows.length,
    words: rows.reduce((sum, { length }) => sum + length, 0),
    tokens: rows.reduce((sum, { tokens }) => sum + tokens, 0),
    counts,
  }
}

/** Always in the same order, so that two that count do not wait for each other in a circle. */
async function countWords(session: Session, counts: ReadonlyMap<string, number>): Promise<void> {
  const changed = [...counts].filter(([, count]) => count !== 0)
  if (changed.length === 0) return
  await session.query(
    `insert into ${SCHEMA}.words as w (lexeme, passages)
     select lexeme, count from unnest($1::text[], $2::bigint[]) as new(lexeme, count) order by lexeme collate "C"
     on conflict (lexeme) do update set passages = w.passages + excluded.passages`,
    [changed.map(([lexeme]) => lexeme), changed.map(([, count]) => count)],
  )
}

/** What Postgres cannot store. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD')
}

function cleanOrNull(text: string | null): string | null {
  return text === null ? null : clean(text)
}
