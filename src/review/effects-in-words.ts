import { type Effects, lockName } from '../sql/effects.ts'

/** Effects in a sentence: `ACCESS EXCLUSIVE on public.orders; rewrites public.orders; builds orders_pkey`. Weak and index locks are left out. */
export function effectsInWords({ locks, rewrites, scans, builds }: Effects): string {
  const shown = locks.filter(({ kind, mode, existed }) => existed && kind !== 'index' && mode !== 'AccessShareLock')
  const parts = [
    ...shown.map(({ mode, relation }) => `${lockName(mode)} on ${relation}`),
    ...phrase('rewrites', rewrites),
    ...phrase('reads all of', scans),
    ...phrase(
      'builds',
      builds.filter(({ existed }) => existed).map(({ index }) => index),
    ),
  ]
  return parts.length > 0 ? parts.join('; ') : 'no lock that anyone would wait for, no rewrite, no scan'
}

function phrase(verb: string, names: string[]): string[] {
  return names.length > 0 ? [`${verb} ${names.join(', ')}`] : []
}
