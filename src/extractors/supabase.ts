import type { Extractor } from './extractor.ts'
import { byFolder, compareText, fileName, folderOf, isDirectlyIn } from './names.ts'
import { outline } from './outline.ts'

const NAME = /^\d+_.*\.sql$/
const ALONE = /^((CREATE( UNIQUE)?|DROP) INDEX CONCURRENTLY\b|REINDEX\b.*\bCONCURRENTLY\b|VACUUM\b|ALTER SYSTEM\b|CLUSTER\b)/

/**
 * Supabase: `supabase/migrations/<timestamp>_name.sql` in name order, forward only. The CLI splits a file into statements
 * and sends them as one batch, which is one transaction. Since CLI 2.109 a statement that Postgres refuses in a
 * transaction is run by itself, and what stands before and after it is committed apart.
 *
 * https://github.com/supabase/cli/blob/develop/pkg/migration/file.go (ExecBatch), list.go (names),
 * https://github.com/supabase/cli/issues/5139 and https://github.com/supabase/cli/pull/6276 (statements run alone)
 */
export const supabase: Extractor = {
  tool: 'supabase',
  async detect(paths) {
    const folders = [...byFolder(paths, NAME).keys()]
    return folders.filter((folder) => fileName(folder) === 'migrations' && fileName(folderOf(folder)) === 'supabase')
  },
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare: compareText,
  extract(path, text) {
    const alone = outline(text).some((statement) => ALONE.test(statement))
    const notes = alone
      ? ['Supabase runs the statements that need it outside the transaction, so the file is not one transaction (CLI 2.109 or newer)']
      : []
    return [{ path, tool: 'supabase', direction: 'up', text, sql: text, transaction: alone ? 'none' : 'file', notes }]
  },
}
