import type { Extractor } from './extractor.ts'
import { byFolder, compareText, fileName, folderOf, isDirectlyIn } from './names.ts'
import { keepOnly, type Replacement, replaceSpans, statementEndsBefore } from './positions.ts'

/**
 * Atlas: the .sql files beside `atlas.sum` in name order, forward only. A file is one transaction of single statements;
 * `-- atlas:txmode none` among its first comments (set apart by an empty line) takes it out of it, and
 * `-- atlas:delimiter` changes what ends a statement. A file with `-- atlas:checkpoint` stands for all before it on an
 * empty database and never runs on one in use. In an `-- atlas:txtar` file only the `migration.sql` part is run.
 *
 * https://github.com/ariga/atlas/blob/master/sql/migrate/dir.go (LocalDir.Files, directives),
 * https://atlasgo.io/versioned/apply (transaction modes), https://atlasgo.io/versioned/checkpoint, https://atlasgo.io/versioned/checks
 */
export const atlas: Extractor = {
  tool: 'atlas',
  async detect(paths) {
    const sums = new Set(paths.filter((path) => fileName(path) === 'atlas.sum').map(folderOf))
    return [...byFolder(paths, /\.sql$/).keys()].filter((folder) => sums.has(folder))
  },
  owns: (path, folder) => isDirectlyIn(path, folder) && path.endsWith('.sql'),
  compare: (a, b) => compareText(fileName(a), fileName(b)),
  async arrange(files, _folder, read) {
    const leftOut = new Map<string, string>()
    for (const path of files.slice(1)) {
      if (directive((await read(path)) ?? '', 'checkpoint') !== undefined)
        leftOut.set(path, 'it is a checkpoint, which only runs on an empty database')
    }
    return { files: files.filter((path) => !leftOut.has(path)), leftOut }
  },
  extract(path, text) {
    const archived = directive(text, 'txtar') !== undefined
    const delimiter = directive(text, 'delimiter')
    const whole = delimiter === undefined ? text : withSemicolons(text, delimiter)
    const sql = archived ? keepOnly(whole, [migrationOf(text)]) : whole
    const transaction = directive(text, 'txmode') === 'none' ? 'none' : 'file'
    const notes = archived ? ['the checks of this file were not read, only its `migration.sql`'] : []
    return [{ path, tool: 'atlas', direction: 'up', text, sql, transaction, notes }]
  },
}

/** Directives are read in so much of a file. */
const MAX_HEAD = 10_000

/** The value of a directive in the comments a file begins with; undefined without it. */
function directive(text: string, name: string): string | undefined {
  const head = /^\uFEFF?((?:--|#)[^\n]*(?:\n|$))+/.exec(text.slice(0, MAX_HEAD))?.[0] ?? ''
  const line = new RegExp(`^[ -~]*atlas:${name}\\b(.*)$`, 'm').exec(head)
  return line?.[1]?.trim()
}

/** A delimiter that is white space or a comment does no harm where it stands. */
function withSemicolons(text: string, written: string): string {
  const delimiter = written.replaceAll('\\n', '\n').replaceAll('\\r', '\r').replaceAll('\\t', '\t').trim()
  if (delimiter === '' || delimiter === ';') return text
  const replacements: Replacement[] = []
  const first = text.indexOf('\n')
  for (let at = text.indexOf(delimiter, first); at >= 0 && first >= 0; at = text.indexOf(delimiter, at + delimiter.length)) {
    replacements.push({ start: at, end: at + delimiter.length, value: statementEndsBefore(text, at) ? '' : ';' })
  }
  return replaceSpans(text, replacements)
}

function migrationOf(text: string): { start: number; end: number } {
  const marker = /^-- migration\.sql --\r?$/m.exec(text)
  if (!marker) return { start: text.length, end: text.length }
  const start = marker.index + marker[0].length
  const next = /^-- \S+ --\r?$/m.exec(text.slice(start))
  return { start, end: next ? start + next.index : text.length }
}
