import type { Database } from '../../database/database.ts'
import type { SyncReport } from '../knowledge-base.ts'
import type { ReadContext, Source } from '../source.ts'
import { split } from '../splitting/split.ts'
import { readRevisions } from './sync.ts'

/** What a sync would do, with nothing stored. Without a database, or for a source that is not declared, all is new. */
export async function previewSync(database: Database | undefined, name: string, source: Source, context: ReadContext): Promise<SyncReport> {
  const started = performance.now()
  const known = database ? await readRevisions(database, name) : new Map<string, string>()
  const unseen = new Set(known.keys())
  const given = new Set<string>()
  const report: SyncReport = { source: name, added: 0, changed: 0, unchanged: 0, removed: 0, failed: [], problems: [], passages: 0, ms: 0 }
  for await (const item of source.read(known, context)) {
    context.signal.throwIfAborted()
    const key = item.kind === 'document' ? item.document.key : item.key
    unseen.delete(key)
    if (item.kind === 'failed') report.failed.push({ key, reason: item.reason })
    else if (given.has(key)) continue
    else if (item.kind === 'unchanged') report.unchanged++
    else {
      if (known.has(key)) report.changed++
      else report.added++
      report.passages += split(item.document.blocks).length
      for (const problem of item.document.problems) report.problems.push({ key, problem })
    }
    given.add(key)
  }
  return { ...report, removed: unseen.size, ms: Math.round(performance.now() - started) }
}
