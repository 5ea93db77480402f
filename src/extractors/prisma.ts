import type { TransactionMode } from '../sql/statement.ts'
import type { Beside, Extractor } from './extractor.ts'
import { byFolder, compareText, fileName, folderOf, inFolder } from './names.ts'
import { outline, sentAsOneQuery } from './outline.ts'

const BUILDS = /^CREATE( UNIQUE)? INDEX CONCURRENTLY\b/
const DROPS = /^DROP INDEX CONCURRENTLY\b/

/**
 * Prisma Migrate: `migrations/<timestamp>_name/migration.sql` by folder name, forward only. The file is one simple query
 * without BEGIN, so several statements share an implicit transaction. Since 7.4 a file with CREATE INDEX CONCURRENTLY is
 * split into its statements, unless it has DROP INDEX CONCURRENTLY too, which the splitter cannot read.
 *
 * https://github.com/prisma/prisma-engines/blob/main/schema-engine/connectors/sql-schema-connector/src/flavour/postgres/connector/native/mod.rs
 * (apply_migration_script), https://github.com/prisma/prisma-engines/pull/5767 (splitting), https://github.com/prisma/prisma-engines/pull/5847 (not with DROP INDEX)
 */
export const prisma: Extractor = {
  tool: 'prisma',
  async detect(paths) {
    const known = new Set(paths)
    const migrations = [...byFolder(paths, /^migration\.sql$/).keys()].filter((folder) => !known.has(inFolder(folder, 'snapshot.json')))
    const folders = new Set(migrations.map(folderOf))
    return [...folders].filter((folder) => fileName(folder) === 'migrations' || known.has(inFolder(folder, 'migration_lock.toml')))
  },
  owns: (path, folder) => fileName(path) === 'migration.sql' && folderOf(folderOf(path)) === folder && folderOf(path) !== folder,
  compare: compareText,
  configFiles: ['package.json'],
  extract(path, text, beside = new Map()) {
    const { transaction, note } = transactionOf(path, text, beside)
    return [{ path, tool: 'prisma', direction: 'up', text, sql: text, transaction, notes: note ? [note] : [] }]
  },
}

function transactionOf(path: string, text: string, beside: Beside): { transaction: TransactionMode; note?: string } {
  const mode = sentAsOneQuery(text)
  const statements = mode === 'none' ? [] : outline(text)
  if (statements.some((statement) => DROPS.test(statement))) {
    return { transaction: mode, note: 'Prisma sends the file as one query, in which DROP INDEX CONCURRENTLY fails unless it is alone' }
  }
  if (!statements.some((statement) => BUILDS.test(statement))) return { transaction: mode }
  if (splits(path, beside)) {
    return {
      transaction: 'none',
      note: 'Prisma splits a file with CREATE INDEX CONCURRENTLY, so its statements have no transaction in common',
    }
  }
  return {
    transaction: mode,
    note: 'Prisma before 7.4 sends the file as one query, in which CREATE INDEX CONCURRENTLY fails unless it is alone',
  }
}

/** Judged by the nearest package.json that names Prisma. */
function splits(path: string, beside: Beside): boolean {
  const packages = [...beside].filter(([name]) => fileName(name) === 'package.json' && path.startsWith(folderOf(name)))
  packages.sort(([a], [b]) => b.length - a.length)
  for (const [, text] of packages) {
    const [, major, minor] = /"prisma"\s*:\s*"[^\d"]*(\d+)(?:\.(\d+))?/.exec(text) ?? []
    if (major !== undefined) return Number(major) > 7 || (Number(major) === 7 && Number(minor ?? 0) >= 4)
  }
  return false
}
