/** A base into a file: whole sources, at one moment, a few documents in memory at a time. */
import { type Database, SCHEMA, type Session } from '../../database/database.ts'
import { UserError } from '../../errors.ts'
import { version } from '../../version.ts'
import { SourceDeclaration } from '../declaration.ts'
import { type Passage, TRUST } from '../document.ts'
import type { DocumentColumns } from '../storage/store-documents.ts'
import type { TransferOptions, TransferReport } from '../upkeep.ts'
import { snapshot } from './snapshot.ts'
import { writeTransferFile } from './transfer-file.ts'
import { LIMITS, type TransferHeader, TransferRecord } from './transfer-record.ts'
import { readVectorTables, type VectorTable } from './vector-tables.ts'

/** Of ids; and what is in memory at once, unless one document alone has more. */
const AT_ONCE = { ids: 1_000, passages: 400 }

/** A UserError when there is nothing to export, or when the file cannot be written. */
export async function exportBase(database: Database, file: string, { only, signal, progress }: TransferOptions): Promise<TransferReport> {
  const report: TransferReport = { file, bytes: 0, exportedAt: new Date().toISOString(), model: null, vectors: 0, sources: [], notes: [] }
  report.bytes = await snapshot(database, async (session) => {
    const sources = await readSources(session, only)
    const [serving] = await readVectorTables(session)
    const header: TransferHeader = {
      kind: 'header',
      exportedAt: report.exportedAt,
      by: version,
      embedding: serving
        ? { name: serving.name, dimensions: serving.dimensions, bytesPerNumber: serving.type === 'halfvec' ? 2 : 4 }
        : null,
      sources,
    }
    report.model = serving ? { name: serving.name, dimensions: serving.dimensions } : null
    report.sources = sources.map(({ declaration: { name, type }, documents, passages, tokens }) => ({
      ...{ name, type, documents, passages, tokens },
      replaced: false,
    }))
    const all = sources.reduce((sum, { passages }) => sum + passages, 0)
    const count = (passages: number, vectors: number): void => {
      report.vectors = vectors
      progress(`Exporting: ${passages} of ${all} passages`)
    }
    return await writeTransferFile(file, linesOf(session, header, serving, count, signal), signal)
  })
  const withoutVectors = report.sources.reduce((sum, { passages }) => sum + passages, 0) - report.vectors
  if (report.model && withoutVectors > 0)
    report.notes.push(`${withoutVectors} passages have no vector of ${report.model.name} yet: pgwitness kb sync makes them.`)
  return report
}

async function* linesOf(
  session: Session,
  header: TransferHeader,
  table: VectorTable | undefined,
  count: (passages: number, vectors: number) => void,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const total = { documents: 0, passages: 0, vectors: 0 }
  yield line(header)
  for (const { declaration } of header.sources) {
    yield line({ kind: 'source', name: declaration.name })
    for await (const record of recordsOf(session, declaration, table)) {
      signal.throwIfAborted()
      if (record.kind === 'document') total.documents++
      if (record.kind === 'passage') {
        total.passages++
        if (record.vector !== null) total.vectors++
        if (total.passages % 100 === 0) count(total.passages, total.vectors)
      }
      yield line(record)
    }
  }
  count(total.passages, total.vectors)
  yield line({ kind: 'end', ...total })
}

/** What could not be imported is not exported: it would be noticed too late. */
function line(record: TransferRecord): string {
  const text = JSON.stringify(record)
  const name = record.kind === 'document' ? `The document ${record.key}` : record.kind === 'header' ? 'A declaration' : 'A passage'
  if (text.length * 3 > LIMITS.recordBytes && Buffer.byteLength(text) > LIMITS.recordBytes)
    throw new UserError(`${name} is longer than an export takes: ${LIMITS.recordBytes} bytes.`)
  const { success, error } = TransferRecord.safeParse(record)
  if (!success) throw new UserError(`${name} cannot be exported (${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}).`)
  return text
}

async function readSources(session: Session, only: readonly string[]): Promise<TransferHeader['sources']> {
  const rows = await session.query<{ name: string; declaration: unknown; synced_at: Date | null }>(
    `select name, declaration, synced_at from ${SCHEMA}.sources order by name collate "C"`,
  )
  const stranger = only.find((name) => !rows.some((row) => row.name === name))
  if (stranger !== undefined) throw new UserError(`There is no source ${stranger}.`)
  if (rows.length === 0) throw new UserError('There is nothing to export: the knowledge base has no sources.')
  // Counted, as the sums are only as right as the last `doctor`.
  const counts = await session.query<{ source: string; documents: number; passages: number; tokens: number }>(
    `select d.source, count(*)::float8 as documents, sum(p.passages)::float8 as passages, sum(p.tokens)::float8 as tokens
     from ${SCHEMA}.documents as d
     left join (select document, count(*) as passages, sum(tokens) as tokens from ${SCHEMA}.passages group by document) as p on p.document = d.id
     group by d.source`,
  )
  return rows
    .filter(({ name }) => only.length === 0 || only.includes(name))
    .map(({ name, declaration, synced_at }) => {
      const own = counts.find(({ source }) => source === name)
      return {
        declaration: SourceDeclaration.parse(declaration),
        documents: own?.documents ?? 0,
        passages: own?.passages ?? 0,
        tokens: own?.tokens ?? 0,
        syncedAt: synced_at?.toISOString() ?? null,
      }
    })
}

interface DocumentRow extends DocumentColumns {
  id: string
}

interface PassageRow extends Omit<Passage, 'position'> {
  document: string
  vector: Uint8Array | null
}

async function* recordsOf(
  session: Session,
  { name, type }: SourceDeclaration,
  table: VectorTable | undefined,
): AsyncGenerator<TransferRecord> {
  // A name has only letters, digits and hyphens, and a type is one of ours.
  await session.query(
    `declare exported no scroll cursor for select id, passages from ${SCHEMA}.documents where source = '${name}' order by key collate "C"`,
  )
  const passagesOf = `select p.document::text as document, p.breadcrumb, p.anchor, p.kind, p.term, p.text, p.tokens,
      ${table ? `${table.schema}.${table.type}_send(v.embedding)` : 'null::bytea'} as vector
    from ${SCHEMA}.passages as p ${table ? `left join ${table.table} as v on v.type = p.type and v.passage = p.id` : ''}
    where p.type = '${type}' and p.document = any($1::bigint[]) order by p.document, p.position, p.id`
  for (;;) {
    const some = await session.query<{ id: string; passages: number }>(`fetch ${AT_ONCE.ids} from exported`)
    if (some.length === 0) break
    for (const ids of groupsOf(some)) yield* documentsOf(session, ids, passagesOf)
  }
  await session.query('close exported')
}

function* groupsOf(documents: ReadonlyArray<{ id: string; passages: number }>): Generator<string[]> {
  let group: string[] = []
  let passages = 0
  for (const { id, passages: own } of documents) {
    if (group.length > 0 && passages + own > AT_ONCE.passages) {
      yield group
      group = []
      passages = 0
    }
    group.push(String(id))
    passages += own
  }
  yield group
}

async function* documentsOf(session: Session, ids: readonly string[], passagesOf: string): AsyncGenerator<TransferRecord> {
  const documents = await session.query<DocumentRow>(
    `select d.id::text as id, d.key, d.revision, d.title, d.url, d.trust, d.from_version, d.to_version, d.metadata
     from unnest($1::bigint[]) with ordinality as wanted(id, nth) join ${SCHEMA}.documents as d on d.id = wanted.id order by nth`,
    [ids],
  )
  const passages = Map.groupBy(await session.query<PassageRow>(passagesOf, [ids]), ({ document }) => document)
  for (const document of documents) {
    yield documentRecord(document)
    for (const [position, passage] of (passages.get(document.id) ?? []).entries()) yield passageRecord(passage, position)
  }
}

function documentRecord({ key, revision, title, url, trust, from_version, to_version, metadata }: DocumentRow): TransferRecord {
  const { author, date, licence, problems } = metadata
  return {
    kind: 'document',
    ...{ key, revision, title, url, author, date, licence, problems },
    trust: TRUST[trust] ?? 'unknown',
    versions: from_version === null || to_version === null ? null : { from: from_version, to: to_version },
  }
}

/** pgvector's binary form has its number of dimensions and a reserved field in front, of two bytes each. */
const VECTOR_HEAD_BYTES = 4

function passageRecord({ breadcrumb, anchor, kind, term, text, tokens, vector }: PassageRow, position: number): TransferRecord {
  return {
    kind: 'passage',
    ...{ position, breadcrumb, anchor, block: kind, term, text, tokens },
    vector: vector && Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).subarray(VECTOR_HEAD_BYTES).toString('base64'),
  }
}
