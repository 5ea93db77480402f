import type { Extractor } from './extractor.ts'
import { byFolder, compareText, fileName, folderOf, inFolder } from './names.ts'
import { sentAsOneQuery } from './outline.ts'

const NAME = /^(up|down)\.sql$/

/**
 * diesel: `<version>_name/up.sql` and `down.sql`, ordered by the version as text with its dashes left out. A migration is
 * one batch inside a transaction; `run_in_transaction = false` in `metadata.toml` beside it sends the batch without, so
 * several statements share the implicit transaction of a simple query.
 *
 * https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/src/file_based_migrations.rs,
 * https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/migrations_internals/src/lib.rs (version_from_string, TomlMetadata)
 */
export const diesel: Extractor = {
  tool: 'diesel',
  async detect(paths) {
    const migrations = [...byFolder(paths, /^up\.sql$/).keys()].filter((folder) => /^\d/.test(fileName(folder)))
    return [...new Set(migrations.map(folderOf))]
  },
  owns: (path, folder) => NAME.test(fileName(path)) && folderOf(folderOf(path)) === folder && /^\d/.test(fileName(folderOf(path))),
  compare: (a, b) => compareText(version(a), version(b)) || compareText(b, a),
  undoes: (path) => fileName(path) === 'down.sql',
  besides: (path) => [inFolder(folderOf(path), 'metadata.toml')],
  extract(path, text, beside) {
    const metadata = beside?.get(inFolder(folderOf(path), 'metadata.toml')) ?? ''
    const alone = /^[ \t]*run_in_transaction[ \t]*=[ \t]*false/m.test(metadata)
    const direction = fileName(path) === 'down.sql' ? 'down' : 'up'
    return [{ path, tool: 'diesel', direction, text, sql: text, transaction: alone ? sentAsOneQuery(text) : 'file', notes: [] }]
  },
}

function version(path: string): string {
  return (fileName(folderOf(path)).split('_')[0] ?? '').replaceAll('-', '')
}
