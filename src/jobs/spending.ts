import type { MergeRequestRef } from '../forges/forge.ts'
import type { Store } from '../store/store.ts'
import { ownerOf } from './settings.ts'

const DAY_MS = 24 * 3600_000

/** Whether the installation or project used its clones for so long within 24 hours. */
export async function isSpent(ref: MergeRequestRef, store: Store, budgetSeconds: number): Promise<boolean> {
  return (await store.secondsSpent(ownerOf(ref), new Date(Date.now() - DAY_MS))) >= budgetSeconds
}

/** Does it, and remembers how long it took, also when it failed. */
export async function spending<T>(ref: MergeRequestRef, store: Store, work: () => Promise<T>): Promise<T> {
  const started = performance.now()
  try {
    return await work()
  } finally {
    await store.addSpending(ownerOf(ref), { finishedAt: new Date(), seconds: (performance.now() - started) / 1000 })
  }
}
