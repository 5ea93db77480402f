import type { Arrangement, Extractor } from './extractor.ts'
import { byFolder, compareText, fileName, isDirectlyIn } from './names.ts'
import { sentAsOneQuery } from './outline.ts'
import { fillGoTemplates } from './placeholders.ts'

const NAME = /^(\d+)_([^.]+)(\.[a-z0-9]+)?(\.autocommit)?\.(up|down)\.sql$/
const OURS = new Set(['postgres', 'postgresql', 'pg'])

/**
 * pop (Go, Buffalo) and Ory's popx: `<version>_name[.dialect].(up|down).sql` by version as text. A file for Postgres
 * replaces the one for all dialects with the same version; those for other dialects are not ours. The file is one Exec
 * inside a transaction; popx sends a `.autocommit.` file without one. Files are Go templates.
 *
 * https://github.com/gobuffalo/pop/blob/main/migrator.go and migration_info.go (names, order, transaction),
 * https://github.com/ory/x/blob/master/popx/match.go (autocommit), migration_info.go (SortAndFilter)
 */
export const pop: Extractor = {
  tool: 'pop',
  async detect(paths) {
    const folders = byFolder(paths, NAME)
    const marked = new Set(byFolder(paths, /^\d+_.*\.fizz$/).keys())
    return [...folders].filter(([folder, files]) => marked.has(folder) || files.some(hasVariant)).map(([folder]) => folder)
  },
  owns(path, folder) {
    const dialect = parts(path)?.dialect
    return isDirectlyIn(path, folder) && dialect !== undefined && (dialect === 'all' || OURS.has(dialect))
  },
  compare: (a, b) => compareText(parts(a)?.version ?? '', parts(b)?.version ?? '') || compareText(fileName(a), fileName(b)),
  undoes: (path) => path.endsWith('.down.sql'),
  async arrange(files): Promise<Arrangement> {
    const specific = new Set(files.filter((path) => parts(path)?.dialect !== 'all').map((path) => parts(path)?.version))
    const replaced = files.filter((path) => parts(path)?.dialect === 'all' && specific.has(parts(path)?.version))
    const leftOut = new Map(replaced.map((path) => [path, 'it is replaced by the file of the same version for Postgres'] as const))
    return { files: files.filter((path) => !leftOut.has(path)), leftOut }
  },
  extract(path, text) {
    const { sql, notes } = fillGoTemplates(text)
    const direction = path.endsWith('.down.sql') ? 'down' : 'up'
    return [{ path, tool: 'pop', direction, text, sql, transaction: parts(path)?.autocommit ? sentAsOneQuery(sql) : 'file', notes }]
  },
}

function parts(path: string): { version: string; dialect: string; autocommit: boolean } | undefined {
  const match = NAME.exec(fileName(path))
  if (!match) return undefined
  const variant = match[3]?.slice(1)
  const autocommit = match[4] !== undefined || variant === 'autocommit'
  return { version: match[1] ?? '', dialect: variant === undefined || variant === 'autocommit' ? 'all' : variant, autocommit }
}

function hasVariant(path: string): boolean {
  const found = parts(path)
  return found !== undefined && (found.dialect !== 'all' || found.autocommit)
}
