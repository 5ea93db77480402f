import type { Extractor } from './extractor.ts'
import { byFolder, compareVersions, fileName, isDirectlyIn } from './names.ts'
import { sentAsOneQuery } from './outline.ts'
import { nearest, someMatch } from './sample.ts'

const NAME = /^\d+_.*\.sql$/
const TEMPLATE = /^-- Add (up |down )?migration script here/m

/**
 * sqlx (Rust): `<version>_name.sql`, or `.up.sql` and `.down.sql`, by version as a number. The file is sent whole, inside
 * a transaction; a file that begins with `-- no-transaction` is sent without, so several statements in it still share the
 * implicit transaction of a simple query.
 *
 * https://github.com/launchbadge/sqlx/blob/main/sqlx-core/src/migrate/source.rs (names, order, no-transaction),
 * https://github.com/launchbadge/sqlx/blob/main/sqlx-postgres/src/migrate.rs (apply, execute_migration)
 */
export const sqlx: Extractor = {
  tool: 'sqlx',
  async detect(paths, read) {
    const found: string[] = []
    for (const [folder, files] of byFolder(paths, NAME)) {
      const crate = await nearest(folder, 'Cargo.toml', read)
      const uses = crate !== undefined && (/^[ \t]*sqlx\b/m.test(crate) || (/^\[workspace/m.test(crate) && /\bsqlx\b/.test(crate)))
      if (uses || (await someMatch(files, read, TEMPLATE))) found.push(folder)
    }
    return found
  },
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare: compareVersions,
  undoes: (path) => path.endsWith('.down.sql'),
  extract(path, text) {
    const alone = text.startsWith('-- no-transaction')
    const direction = path.endsWith('.down.sql') ? 'down' : 'up'
    return [{ path, tool: 'sqlx', direction, text, sql: text, transaction: alone ? sentAsOneQuery(text) : 'file', notes: [] }]
  },
}
