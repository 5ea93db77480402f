import type { Extractor } from './extractor.ts'
import { byFolder, compareVersions, fileName, isDirectlyIn } from './names.ts'
import { sentAsOneQuery } from './outline.ts'

const NAME = /^\d+_.*\.(up|down)\.sql$/

/**
 * golang-migrate: `N_name.up.sql` and `N_name.down.sql` in numeric order. The whole file goes to the server in one
 * Exec without parameters, a simple query, so several statements share an implicit transaction and there is no BEGIN.
 * `x-multi-statement=true` in the database URL splits it at semicolons instead: `transaction: none` in the configuration.
 *
 * https://github.com/golang-migrate/migrate/blob/master/source/parse.go (Regex),
 * https://github.com/golang-migrate/migrate/blob/master/database/postgres/postgres.go (Run)
 */
export const golangMigrate: Extractor = {
  tool: 'golang-migrate',
  detect: async (paths) => [...byFolder(paths, NAME).keys()],
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare: compareVersions,
  undoes: (path) => path.endsWith('.down.sql'),
  extract: (path, text) => [
    {
      path,
      tool: 'golang-migrate',
      direction: path.endsWith('.down.sql') ? 'down' : 'up',
      text,
      sql: text,
      transaction: sentAsOneQuery(text),
      notes: [],
    },
  ],
}
