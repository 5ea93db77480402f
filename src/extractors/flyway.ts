import type { TransactionMode } from '../sql/statement.ts'
import type { Beside, Extractor } from './extractor.ts'
import { byFolder, compareDigits, compareText, fileName, foldersUp, isInside } from './names.ts'
import { outline } from './outline.ts'
import { fillDollarBraces } from './placeholders.ts'

const NAME = /^([VUB])(\d+(?:[._]\d+)*)__.+\.sql$/
const REPEATABLE = /^R__.+\.sql$/

/** What Flyway itself runs outside a transaction, from PostgreSQLParser.detectCanExecuteInTransaction. */
const ALONE =
  /^((CREATE|DROP) (DATABASE|TABLESPACE|SUBSCRIPTION)|ALTER SYSTEM|(CREATE|DROP)( UNIQUE)? INDEX CONCURRENTLY|REINDEX( VERBOSE)? (SCHEMA|DATABASE|SYSTEM)|VACUUM|DISCARD ALL)\b/

/**
 * Flyway: `V1_2__a.sql` by version, part by part as numbers; then `R__a.sql` by description; `U1_2__a.sql` undoes.
 * Each migration is one transaction of single statements, unless `executeInTransaction=false` in `V1__a.sql.conf` or the
 * project's configuration. A file of nothing but statements that Postgres refuses in a transaction runs without one; a
 * mixture is an error unless `mixed=true`, then nothing of it is in a transaction.
 *
 * https://documentation.red-gate.com/fd/flyway-execute-in-transaction-setting-277578997.html (setting and script configuration),
 * https://github.com/flyway/flyway/blob/main/flyway-database/flyway-database-postgresql/src/main/java/org/flywaydb/database/postgresql/PostgreSQLParser.java
 */
export const flyway: Extractor = {
  tool: 'flyway',
  async detect(paths) {
    const folders = [...byFolder(paths, NAME).keys()].map(
      (folder) => foldersUp(folder).find((at) => /^migrations?$/i.test(fileName(at))) ?? folder,
    )
    return [...new Set(folders)]
  },
  owns: (path, folder) => isInside(path, folder) && (NAME.test(fileName(path)) || REPEATABLE.test(fileName(path))),
  compare(a, b) {
    const [left, right] = [parts(a), parts(b)]
    if (!left || !right) return Number(!left) - Number(!right) || compareText(fileName(a), fileName(b))
    for (let index = 0; index < Math.max(left.length, right.length); index++) {
      const difference = compareDigits(left[index] ?? '0', right[index] ?? '0')
      if (difference !== 0) return difference
    }
    return compareText(fileName(a), fileName(b))
  },
  undoes: (path) => fileName(path).startsWith('U'),
  async arrange(files) {
    const first = files.find((path) => NAME.test(fileName(path)))
    const baselines = files.filter((path) => fileName(path).startsWith('B') && path !== first)
    const leftOut = new Map(baselines.map((path) => [path, 'it is a baseline migration, which only runs on an empty database'] as const))
    return { files: files.filter((path) => !leftOut.has(path)), leftOut }
  },
  besides: (path) => [`${path}.conf`, `${path}.toml`],
  configFiles: ['flyway.conf', 'flyway.toml', 'conf/flyway.conf'],
  extract(path, text, beside = new Map()) {
    const settings = settingsOf(path, beside)
    const { sql, notes } = fillDollarBraces(text, settings.placeholders)
    const direction = fileName(path).startsWith('U') ? 'down' : 'up'
    const { transaction, note } = transactionOf(sql, settings)
    return [{ path, tool: 'flyway', direction, text, sql, transaction, notes: note ? [...notes, note] : notes }]
  },
}

function parts(path: string): string[] | undefined {
  return NAME.exec(fileName(path))?.[2]?.split(/[._]/)
}

interface Settings {
  inTransaction: boolean
  mixed: boolean
  placeholders: Map<string, string>
}

function transactionOf(sql: string, settings: Settings): { transaction: TransactionMode; note?: string } {
  if (!settings.inTransaction) return { transaction: 'none' }
  const alone = outline(sql).map((statement) => ALONE.test(statement))
  if (!alone.includes(true)) return { transaction: 'file' }
  if (settings.mixed || !alone.includes(false)) return { transaction: 'none' }
  return { transaction: 'file', note: 'Flyway refuses a file that mixes statements with and without a transaction, unless `mixed` is set' }
}

/** `.conf` and `.toml` are alike enough: `flyway.mixed=true`, or `mixed = true` under `[flyway]`. The script's own settings win. */
function settingsOf(path: string, beside: Beside): Settings {
  const settings: Settings = { inTransaction: true, mixed: false, placeholders: new Map() }
  const own = new Set([`${path}.conf`, `${path}.toml`])
  const ordered = [...beside].sort(([a], [b]) => Number(own.has(a)) - Number(own.has(b)) || a.length - b.length)
  for (const [name, text] of ordered) {
    if (!own.has(name) && !/flyway\.(conf|toml)$/.test(name)) continue
    for (const [key, value] of assignments(text)) {
      if (key === 'executeintransaction') settings.inTransaction = value.toLowerCase() !== 'false'
      else if (key === 'mixed') settings.mixed = value.toLowerCase() === 'true'
      else if (key.startsWith('placeholders.')) settings.placeholders.set(key.slice('placeholders.'.length), value)
    }
  }
  return settings
}

function assignments(text: string): Array<[string, string]> {
  let section = ''
  const found: Array<[string, string]> = []
  for (const line of text.split(/\r?\n/).filter((written) => written.length < 1000)) {
    const header = /^\s*\[([^\]]+)\]/.exec(line)?.[1]
    if (header !== undefined) section = `${header.trim()}.`
    const [, key, value] = /^\s*([\w.]+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) {
      found.push([`${section}${key}`.toLowerCase().replace(/^flyway\./, ''), value.replace(/^(["'])(.*)\1$/, '$2')])
    }
  }
  return found
}
