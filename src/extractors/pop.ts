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
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare: (a, b) => compareText(parts(a)?.version ?? '', parts(b)?.version ?? '') || compareText(fileName(a), fileName(b)),
  undoes: (path) => path.endsWith('.down.sql'),
  async arrange(files): Promise<Arrangement> {
    const leftOut = new Map<string, string>()
    const specific = new Set(files.filter(isOurs).map((path) => parts(path)?.version))
    for (const path of files.filter((path) => !isOurs(path))) {
      const { version, dialect } = parts(path) ?? {}
      if (dialect !== 'all') leftOut.set(path, `it is for ${dialect}`)
      else if (specific.has(version)) leftOut.set(path, 'it is replaced by the file of the same version for Postgres')
    }
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

/** Written for Postgres, rather than for all dialects or another. */
function isOurs(path: string): boolean {
  return OURS.has(parts(path)?.dialect ?? '')
}

function hasVariant(path: string): boolean {
  const found = parts(path)
  return found !== undefined && (found.dialect !== 'all' || found.autocommit)
}
