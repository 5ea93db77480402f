import { type Effects, isStronger, lockName, type RelationLock } from '../sql/effects.ts'
import { count, LISTED, shortList } from './lists.ts'

/**
 * Effects as a person says them, the most restrictive table first: `ACCESS EXCLUSIVE on public.orders, rewrites it, builds
 * orders_pkey; SHARE ROW EXCLUSIVE on public.customers`. ACCESS SHARE, which hardly anything waits for, and locks on what is no
 * table or view are left out unless they are all there is.
 */
export function effectsInWords(effects: Effects): string {
  const locks = worthSaying(effects.locks)
  const tables = new Set([
    ...locks.map((lock) => lock.relation),
    ...effects.rewrites,
    ...effects.scans,
    ...effects.builds.filter((build) => build.existed).map((build) => build.table),
  ])
  if (tables.size === 0) return 'touches nothing that existed before'
  const phrases = [...tables].map((table) =>
    tablePhrase(
      table,
      locks.find((lock) => lock.relation === table),
      effects,
    ),
  )
  const rest = phrases.length - LISTED
  return [...phrases.slice(0, LISTED), ...(rest > 0 ? [`${count(rest, 'more table')}`] : [])].join('; ')
}

function worthSaying(locks: readonly RelationLock[]): RelationLock[] {
  const existing = locks
    .filter((lock) => lock.existed)
    .toSorted((a, b) => Number(isStronger(b.mode, a.mode)) - Number(isStronger(a.mode, b.mode)))
  const strong = existing.filter((lock) => lock.mode !== 'AccessShareLock' && (lock.kind === 'table' || lock.kind === 'view'))
  return strong.length > 0 ? strong : existing
}

function tablePhrase(table: string, lock: RelationLock | undefined, effects: Effects): string {
  const subject = lock ? 'it' : table
  const builds = effects.builds.filter((build) => build.table === table)
  const plain = builds.filter((build) => !build.concurrently).map((build) => build.index)
  const concurrent = builds.filter((build) => build.concurrently).map((build) => build.index)
  // Whoever rewrites a table or builds its index reads it; saying so would only make the line longer.
  const readAnyway = builds.length > 0 || effects.rewrites.includes(table)
  return [
    ...(lock ? [`${lockName(lock.mode)} on ${table}`] : []),
    ...(effects.rewrites.includes(table) ? [`rewrites ${subject}`] : []),
    ...(effects.scans.includes(table) && !readAnyway ? [`scans ${subject}`] : []),
    ...(plain.length > 0 ? [`builds ${shortList(plain)}${lock ? '' : ` on ${table}`}`] : []),
    ...(concurrent.length > 0 ? [`builds ${shortList(concurrent)} concurrently${lock ? '' : ` on ${table}`}`] : []),
  ].join(', ')
}
