import type { Extractor } from './extractor.ts'
import { byFolder, compareVersions, fileName, inFolder, isDirectlyIn } from './names.ts'
import { fillGoTemplates } from './placeholders.ts'
import { keepOnly, type Span } from './positions.ts'
import { someMatch } from './sample.ts'
import type { Script } from './script.ts'

const NAME = /^\d+_.+\.sql$/
const SEPARATOR = '---- create above / drop below ----'
export const TERN_MARK = /^---- (create above \/ drop below|tern: disable-tx) ----/m

/**
 * tern: `NNN_name.sql` by number; what follows `---- create above / drop below ----` undoes. Each direction is one query
 * inside a transaction, unless that part has the line `---- tern: disable-tx ----`: then its statements are sent one by
 * one. Files are Go templates, and .sql files in folders below are what they include, not migrations.
 *
 * https://github.com/jackc/tern/blob/master/migrate/migrate.go (FindMigrations, LoadMigrations, MigrateTo)
 */
export const tern: Extractor = {
  tool: 'tern',
  async detect(paths, read) {
    const known = new Set(paths)
    const found: string[] = []
    for (const [folder, files] of byFolder(paths, NAME)) {
      if (known.has(inFolder(folder, 'tern.conf')) || (await someMatch(files, read, TERN_MARK))) found.push(folder)
    }
    return found
  },
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare: compareVersions,
  extract(path, text) {
    const at = text.indexOf(SEPARATOR)
    const part = (direction: Script['direction'], span: Span): Script => {
      const alone = /^---- tern: disable-tx ----\r?$/m.test(text.slice(span.start, span.end))
      const { sql, notes } = fillGoTemplates(keepOnly(text, [span]))
      return {
        path,
        tool: 'tern',
        direction,
        text,
        sql,
        transaction: alone ? 'none' : 'file',
        notes,
      }
    }
    if (at < 0) return [part('up', { start: 0, end: text.length })]
    return [part('up', { start: 0, end: at }), part('down', { start: at + SEPARATOR.length, end: text.length })]
  },
}
