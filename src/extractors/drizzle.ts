import type { Arrangement, Extractor, ReadFile } from './extractor.ts'
import { byFolder, compareText, compareVersions, fileName, folderOf, inFolder, isDirectlyIn } from './names.ts'
import { replaceSpans, statementEndsBefore } from './positions.ts'

const BREAKPOINT = /--> statement-breakpoint/g

/**
 * Drizzle: `NNNN_name.sql` in the order of `meta/_journal.json`, or since 1.0 `<timestamp>_name/migration.sql` beside
 * `snapshot.json` in folder order. `--> statement-breakpoint` parts statements. All pending migrations run in one
 * transaction, which a file cannot leave.
 *
 * https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/migrator.ts (readMigrationFiles),
 * https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/pg-core/dialect.ts (migrate),
 * https://orm.drizzle.team/docs/mysql/upgrade-v1 (folders without journal)
 */
export const drizzle: Extractor = {
  tool: 'drizzle',
  async detect(paths) {
    const journals = paths.filter((path) => /(^|\/)meta\/_journal\.json$/.test(path)).map((path) => folderOf(folderOf(path)))
    const known = new Set(paths)
    const snapshots = [...byFolder(paths, /^migration\.sql$/).keys()].filter((folder) => known.has(inFolder(folder, 'snapshot.json')))
    return [...new Set([...journals, ...snapshots.map(folderOf)])]
  },
  owns: (path, folder) => (isDirectlyIn(path, folder) ? /^\d+_.*\.sql$/.test(fileName(path)) : isInMigrationFolder(path, folder)),
  compare: (a, b) => (isNamedMigration(a) && isNamedMigration(b) ? compareText(a, b) : compareVersions(a, b)),
  arrange,
  extract(path, text) {
    const breakpoints = [...text.matchAll(BREAKPOINT)].map((match) => ({
      start: match.index,
      end: match.index + match[0].length,
      value: ';',
    }))
    const sql = replaceSpans(
      text,
      breakpoints.filter(({ start }) => !statementEndsBefore(text, start)),
    )
    return [{ path, tool: 'drizzle', direction: 'up', text, sql, transaction: 'file', notes: [] }]
  },
}

function isNamedMigration(path: string): boolean {
  return fileName(path) === 'migration.sql'
}

function isInMigrationFolder(path: string, folder: string): boolean {
  return isNamedMigration(path) && folderOf(folderOf(path)) === folder
}

async function arrange(files: readonly string[], folder: string, read: ReadFile): Promise<Arrangement> {
  const text = await read(inFolder(folder, 'meta/_journal.json'))
  const journal = text === undefined ? undefined : await readJournal(parsed(text))
  if (!journal) return { files: [...files], leftOut: new Map() }
  const inOrder = journal.entries.map((entry) => inFolder(folder, `${entry.tag}.sql`)).filter((path) => files.includes(path))
  const journaled = new Set(inOrder)
  const others = files.filter((path) => !journaled.has(path) && !isNamedMigration(path))
  const named = files.filter(isNamedMigration)
  return {
    files: [...inOrder, ...named],
    leftOut: new Map(others.map((path) => [path, 'it is not in meta/_journal.json, so Drizzle does not run it'])),
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** Undefined for what is no journal. Only a repository with one loads what checks it. */
async function readJournal(json: unknown): Promise<{ entries: Array<{ tag: string }> } | undefined> {
  const { z } = await import('zod')
  return z.object({ entries: z.array(z.object({ tag: z.string() })) }).safeParse(json).data
}
