import { type Effects, isStronger, type LockMode } from './effects.ts'
import { lockWords, type Operation } from './operation.ts'

/** The words of an operation that are about others: what it does to what existed before the change. */
export type EffectWords = Pick<Operation, 'lock' | 'rewrites' | 'scans' | 'builds'>

/** Effects, predicted or measured, as words of rules. What the change itself made (`isNew`, by key) has no users, so it counts for nothing. */
export function effectWords({ locks, rewrites, scans, builds }: Effects, isNew: (key: string) => boolean): EffectWords {
  const isOld = (key: string) => !isNew(key)
  const strongest = locks
    .filter(({ kind, existed, relation }) => kind === 'table' && existed && isOld(relation))
    .reduce<LockMode | undefined>((best, { mode }) => (!best || isStronger(mode, best) ? mode : best), undefined)
  return {
    lock: strongest ? lockWords(strongest) : 'none',
    rewrites: rewrites.some(isOld),
    scans: scans.some(isOld),
    builds: builds.some(({ existed, table }) => existed && isOld(table)),
  }
}
