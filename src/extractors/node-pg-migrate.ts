import type { Extractor } from './extractor.ts'
import { byFolder, fileName, isDirectlyIn } from './names.ts'
import { keepOnly } from './positions.ts'
import { nearest, someMatch } from './sample.ts'
import type { Script } from './script.ts'

const NAME = /^\d+_.*\.sql$/
const UP = /^[ \t]*--[ \t-]*up[ \t]+migration/im
const DOWN = /^[ \t]*--[ \t-]*down[ \t]+migration/im
export const NODE_PG_MIGRATE_MARK = /^[ \t]*--[ \t-]*(up|down)[ \t]+migration/im

/**
 * node-pg-migrate, its SQL files: by the number before the first `_` (17 digits are a UTC time, others milliseconds), then
 * by name. `-- Up Migration` and `-- Down Migration` part a file, or `.up.sql` and `.down.sql` are two. Everything pending
 * runs in one transaction, and only a JavaScript migration can leave it (`pgm.noTransaction()`), not an SQL file.
 *
 * https://github.com/salsita/node-pg-migrate/blob/main/src/sqlMigration.ts (getActions),
 * https://github.com/salsita/node-pg-migrate/blob/main/src/migration.ts (getNumericPrefix, _apply),
 * https://salsita.github.io/node-pg-migrate/migrations/misc (pgm.noTransaction)
 */
export const nodePgMigrate: Extractor = {
  tool: 'node-pg-migrate',
  async detect(paths, read) {
    const found: string[] = []
    for (const [folder, files] of byFolder(paths, NAME)) {
      const marked = await someMatch(files, read, NODE_PG_MIGRATE_MARK)
      if (marked || (fileName(folder) === 'migrations' && (await isDependency(folder, read)))) found.push(folder)
    }
    return found
  },
  owns: (path, folder) => isDirectlyIn(path, folder) && NAME.test(fileName(path)),
  compare(a, b) {
    const [left, right] = [fileName(a), fileName(b)]
    return (
      time(left) - time(right) || left.localeCompare(right, undefined, { numeric: true, sensitivity: 'variant', ignorePunctuation: true })
    )
  },
  undoes: (path) => path.endsWith('.down.sql'),
  extract(path, text) {
    const script = (direction: Script['direction'], sql: string): Script => ({
      path,
      tool: 'node-pg-migrate',
      direction,
      text,
      sql,
      transaction: 'file',
      notes: [],
    })
    if (/\.(up|down)\.sql$/.test(path)) return [script(path.endsWith('.down.sql') ? 'down' : 'up', text)]
    const [up, down] = [text.search(UP), text.search(DOWN)]
    if (up < 0 && down < 0) return [script('up', text)]
    const upSpan = up < 0 ? { start: 0, end: text.length } : { start: up, end: down > up ? down : text.length }
    const scripts = [script('up', keepOnly(text, [upSpan]))]
    if (down >= 0) scripts.push(script('down', keepOnly(text, [{ start: down, end: up > down ? up : text.length }])))
    return scripts
  },
}

async function isDependency(folder: string, read: Parameters<Extractor['detect']>[1]): Promise<boolean> {
  return /"node-pg-migrate"\s*:/.test((await nearest(folder, 'package.json', read)) ?? '')
}

function time(name: string): number {
  const prefix = /^\d+/.exec(name)?.[0] ?? ''
  const [, year, month, day, hour, minute, second, ms] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(prefix) ?? []
  const utc = year === undefined ? Number.NaN : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
  return Number.isNaN(utc) ? Number(prefix) : utc
}
