import { fileName } from './names.ts'

const DUMP =
  /^((db|database|full|current|pg|postgres)[-_.])?(structure|schema)([-_.](dump|latest|snapshot|pg|postgres))*\.sql$|^([a-z]+[-_.])?(dump|backup)\.sql$|^pg_?dump.*\.sql$/i
const NOT_MIGRATIONS = /^(tests?|__tests__|testdata|test[-_]data|specs?|fixtures?|__fixtures__|mocks?|seeds?|seeders?|seeding)$/i
const NOT_OURS = /^(node_modules|vendor|\.git|target|dist|build|out|\.venv|venv|site-packages)$/

/** Why a file is not a migration, judged by its path: `a schema dump`, `test data`. Undefined when it may be one. */
export function whyNotMigration(path: string): string | undefined {
  const folders = path.split('/').slice(0, -1)
  const name = fileName(path)
  if (folders.some((folder) => NOT_OURS.test(folder))) return 'in a folder of dependencies or built files'
  if (folders.some((folder) => NOT_MIGRATIONS.test(folder))) return 'seeds or test data'
  if (/^(seeds?|fixtures?)([-_.].*)?\.sql$/i.test(name) || /[-_.](seeds?|fixtures?|test|spec)\.sql$/i.test(name))
    return 'seeds or test data'
  if (/(^|\/)supabase\/schemas\//.test(path)) return 'a declared schema, from which migrations are generated'
  return DUMP.test(name) ? 'a schema dump' : undefined
}
