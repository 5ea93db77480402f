import { type Candidate, idOf } from './candidate.ts'

type Key = Candidate['keys'][number]

/** So many merged ones a table at most. */
const MOST = 60
const MOST_KEYS = 5
const MOST_INCLUDED = 8

/** Indexes that do the work of two on the same table: the keys of one followed by those of the other, and what both store. */
export function mergesOf(candidates: readonly Candidate[]): Candidate[] {
  const tables = Map.groupBy(
    candidates.filter(({ method }) => method === 'btree'),
    ({ table, where }) => `${table.schema}.${table.name} ${where}`,
  )
  const known = new Set(candidates.map(idOf))
  return [...tables.values()].flatMap((own) => {
    const merged = new Map<string, Candidate>()
    for (const one of own) {
      for (const other of own) {
        const both = one === other ? undefined : merge(one, other)
        if (both && !known.has(idOf(both))) merged.set(idOf(both), both)
      }
    }
    return [...merged.values()].slice(0, MOST)
  })
}

function merge(first: Candidate, second: Candidate): Candidate | undefined {
  const has = new Set(first.keys.map(({ sql }) => sql))
  const clash = second.keys.some((key) => first.keys.some((own) => own.sql === key.sql && !isSame(own, key)))
  // Only what shares its first key, or adds columns to store, is worth it: other merges serve the second badly.
  const shares = second.keys.some(({ sql }) => has.has(sql))
  if (clash || !shares) return undefined
  const keys = [...first.keys, ...second.keys.filter(({ sql }) => !has.has(sql))]
  const inKeys = new Set(keys.map(({ sql }) => sql))
  const include = [...new Set([...first.include, ...second.include])].filter((column) => !inKeys.has(column)).sort()
  return keys.length > MOST_KEYS || include.length > MOST_INCLUDED ? undefined : { ...first, keys, include }
}

function isSame(a: Key, b: Key): boolean {
  return a.order === b.order && a.operatorClass === b.operatorClass
}
