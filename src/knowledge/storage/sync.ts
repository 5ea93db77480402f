/** Brings what is stored of a source up to what the source has. */
import { setTimeout as wait } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { type Database, SCHEMA } from '../../database/database.ts'
import { ServiceError, UserError } from '../../errors.ts'
import type { KnowledgeDocument, SourceType } from '../document.ts'
import type { SyncReport } from '../knowledge-base.ts'
import type { ReadContext, Source } from '../source.ts'
import { split } from '../splitting/split.ts'
import { type CutDocument, removeDocuments, storeDocuments } from './store-documents.ts'
import { storeVocabulary } from './store-vocabulary.ts'
import { readUnanalyzed } from './unanalyzed.ts'

/** What is held in memory and stored at once, whichever comes first. */
const BATCH = { documents: 32, passages: 256 }
const REMOVED_AT_ONCE = 100
/** Of keys: what an index takes. */
const LONGEST_KEY = 2_000
const ATTEMPTS = 4

export async function syncSource(
  database: Database,
  target: { name: string; type: SourceType },
  source: Source,
  context: ReadContext,
): Promise<SyncReport> {
  // A heap that grows slowly: half the memory, for half as long again.
  setFlagsFromString('--optimize-for-size')
  const started = performance.now()
  const report: SyncReport = {
    source: target.name,
    added: 0,
    changed: 0,
    unchanged: 0,
    removed: 0,
    failed: [],
    problems: [],
    passages: 0,
    ms: 0,
  }
  const known = await readRevisions(database, target.name)
  const unseen = new Set(known.keys())
  let batch: CutDocument[] = []
  const store = async (): Promise<void> => {
    const stored = batch
    batch = []
    if (stored.length > 0) await storeBatch(database, target, stored, known, report)
  }
  try {
    // The source is not asked for more while a batch is stored.
    for await (const item of source.read(known, context)) {
      if (item.kind === 'failed') {
        report.failed.push({ key: item.key, reason: item.reason })
        unseen.delete(item.key)
      } else if (item.kind === 'unchanged') {
        if (unseen.delete(item.key)) report.unchanged++
      } else {
        const { document } = item
        unseen.delete(document.key)
        for (const problem of document.problems) report.problems.push({ key: document.key, problem })
        const ready = prepare(document, report)
        if (!ready) continue
        // A document given twice: the later one holds.
        if (batch.some((other) => other.document.key === document.key)) await store()
        batch.push(ready)
        if (batch.length >= BATCH.documents || batch.reduce((sum, { passages }) => sum + passages.length, 0) >= BATCH.passages)
          await store()
      }
      if (context.signal.aborted) break
    }
  } finally {
    // Also of a source that fails: the next sync need not read it again.
    await store()
  }
  context.signal.throwIfAborted()
  report.removed = await removeUnseen(database, target.name, [...unseen])
  await finish(database, target.name)
  return { ...report, ms: Math.round(performance.now() - started) }
}

function prepare(document: KnowledgeDocument, report: SyncReport): CutDocument | undefined {
  const { key } = document
  if (key.length > LONGEST_KEY || key.includes('\0') || !key.isWellFormed()) {
    report.failed.push({ key: key.slice(0, 200), reason: `its key cannot be stored: more than ${LONGEST_KEY} characters, or odd ones` })
    return undefined
  }
  return { document, passages: split(document.blocks) }
}

/** Of all documents, the unchanged too: what a source needs to leave out what is there already. */
export async function readRevisions(database: Database, source: string): Promise<Map<string, string>> {
  const known = new Map<string, string>()
  const some = 10_000
  let after = ''
  for (;;) {
    const rows = await database.query<{ key: string; revision: string }>(
      `select key, revision from ${SCHEMA}.documents where source = $1 and key > $2 order by key limit ${some}`,
      [source, after],
    )
    for (const { key, revision } of rows) known.set(key, revision)
    if (rows.length < some) return known
    after = rows.at(-1)?.key ?? ''
  }
}

async function storeBatch(
  database: Database,
  target: { name: string; type: SourceType },
  batch: CutDocument[],
  known: ReadonlyMap<string, string>,
  report: SyncReport,
): Promise<void> {
  try {
    await storeAgain(database, target, batch)
  } catch (error) {
    if (error instanceof ServiceError || isRemoved(error)) throw explained(error, target.name)
    const [one] = batch
    if (batch.length > 1 || !one) {
      // One of them is to blame; the others are stored.
      for (const each of batch) await storeBatch(database, target, [each], known, report)
      return
    }
    report.failed.push({ key: one.document.key, reason: error instanceof Error ? error.message : String(error) })
    return
  }
  for (const { document, passages } of batch) {
    if (known.has(document.key)) report.changed++
    else report.added++
    report.passages += passages.length
  }
}

/** What two syncs at once do to each other passes. */
export async function storeAgain(database: Database, target: { name: string; type: SourceType }, batch: CutDocument[]): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await storeDocuments(database, target, batch)
      return
    } catch (error) {
      const code = (error as { cause?: { code?: unknown } }).cause?.code
      if (!(error instanceof ServiceError) || !/^(?:40|55P03)/.test(String(code)) || attempt === ATTEMPTS) throw error
      await wait(50 * attempt)
    }
  }
}

/** The foreign key to the source fails: somebody removed it meanwhile. */
function isRemoved(error: unknown): boolean {
  const { code, constraint } = error as { code?: unknown; constraint?: unknown }
  return code === '23503' && constraint === 'documents_source_fkey'
}

function explained(error: unknown, source: string): unknown {
  return isRemoved(error) ? new UserError(`The source ${source} was removed while it was read.`, { cause: error }) : error
}

async function removeUnseen(database: Database, source: string, keys: string[]): Promise<number> {
  let removed = 0
  for (let from = 0; from < keys.length; from += REMOVED_AT_ONCE) {
    removed += await removeDocuments(database, source, keys.slice(from, from + REMOVED_AT_ONCE))
  }
  return removed
}

/** All of it is there: as it was at `at`, now when not told. */
export async function finish(database: Database, source: string, at: string | null = new Date().toISOString()): Promise<void> {
  await database.query(`update ${SCHEMA}.sources set synced_at = $2::timestamptz where name = $1`, [source, at])
  await storeVocabulary(database)
  await tidy(database)
}

/** What a search would otherwise read again and again: words that are nowhere, and what waits to be put into the index; and what its planner would not know. */
async function tidy(database: Database): Promise<void> {
  await database.query(`delete from ${SCHEMA}.words where passages <= 0`)
  await database.query(
    `select gin_clean_pending_list(indexrelid) from pg_index join pg_class on pg_class.oid = indexrelid
     where indrelid in (select inhrelid from pg_inherits where inhparent = '${SCHEMA}.passages'::regclass)
       and relam = (select oid from pg_am where amname = 'gin')`,
  )
  for (const table of await readUnanalyzed(database)) await database.query(`analyze ${table}`)
}
