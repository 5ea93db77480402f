import type { Extensions } from '@electric-sql/pglite'

/** Contrib extensions that come with PGlite, by their SQL names; a value is a module named otherwise. */
const CONTRIB: Record<string, string> = {
  amcheck: '',
  bloom: '',
  btree_gin: '',
  btree_gist: '',
  citext: '',
  cube: '',
  dict_int: '',
  dict_xsyn: '',
  earthdistance: '',
  fuzzystrmatch: '',
  hstore: '',
  intarray: '',
  isn: '',
  lo: '',
  ltree: '',
  moddatetime: '',
  pageinspect: '',
  pg_buffercache: '',
  pg_freespacemap: '',
  pg_stat_statements: '',
  pg_surgery: '',
  pg_trgm: '',
  pg_visibility: '',
  pg_walinspect: '',
  pgcrypto: '',
  seg: '',
  tablefunc: '',
  tcn: '',
  tsm_system_rows: '',
  tsm_system_time: '',
  unaccent: '',
  'uuid-ossp': 'uuid_ossp',
}
/** What CREATE EXTENSION … CASCADE would bring along. */
const NEEDS: Record<string, string[]> = { earthdistance: ['cube'] }

/** The extensions these texts create, among those this clone has, sorted. `plpgsql` is always there. */
export function extensionsIn(texts: Iterable<string>): string[] {
  const found = new Set<string>()
  for (const text of texts) {
    for (const match of text.matchAll(/\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?("[^"]+"|[\w-]+)/gi)) {
      const name = (match[1] ?? '').replaceAll('"', '').toLowerCase()
      for (const each of [name, ...(NEEDS[name] ?? [])]) if (isAvailable(each)) found.add(each)
    }
  }
  return [...found].sort()
}

function isAvailable(name: string): boolean {
  return name === 'vector' || Object.hasOwn(CONTRIB, name)
}

/** Loading one costs 5 to 60 ms of start, so only those asked for are. */
export async function loadExtensions(names: readonly string[]): Promise<Extensions> {
  const loaded: Extensions = {}
  for (const name of names) {
    const file = CONTRIB[name] || name
    const module = await import(name === 'vector' ? '@electric-sql/pglite-pgvector' : `@electric-sql/pglite/contrib/${file}`)
    loaded[name] = module[file]
  }
  return loaded
}
