import type { Extractor } from './extractor.ts'
import { byFolder, compareNaturally, fileName, foldersUp, isInside } from './names.ts'

const ALWAYS = /^(.*[-_.])?migrat(e|ions?)$/i
/** Such folders hold queries and dumps as often as migrations, so most of their files must be numbered. */
const WHEN_NUMBERED = /^(sql|db|database|schemas?|ddl|upgrades?|updates?|changes|patches|deploy|versions?)$/i
const DOWN = /(^|[._-])(down|undo|rollback|revert)(\.pg|\.postgres)?\.sql$/i

/**
 * Folders of SQL files that no tool claims, applied in name order with numbers by value. How they are sent is not
 * known; they are taken as `psql -f` runs them, a statement at a time, unless the configuration says otherwise.
 */
export const sql: Extractor = {
  tool: 'sql',
  async detect(paths) {
    const folders = byFolder(paths, /\.sql$/i)
    const found = new Set<string>()
    for (const [folder, files] of folders) {
      const migrations = foldersUp(folder).find((above) => ALWAYS.test(fileName(above)))
      if (migrations !== undefined) found.add(migrations)
      else if (WHEN_NUMBERED.test(fileName(folder)) && mostAreNumbered(files)) found.add(folder)
    }
    return [...found]
  },
  owns: (path, folder) => /\.sql$/i.test(path) && isInside(path, folder),
  compare: compareNaturally,
  undoes: (path) => DOWN.test(fileName(path)),
  extract: (path, text) => [
    { path, tool: 'sql', direction: DOWN.test(fileName(path)) ? 'down' : 'up', text, sql: text, transaction: 'none', notes: [] },
  ],
}

function mostAreNumbered(files: readonly string[]): boolean {
  const numbered = files.filter((path) => /^[a-z]{0,3}[-_.]?\d/i.test(fileName(path)))
  return numbered.length * 2 > files.length
}
