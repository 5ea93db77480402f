import type { Database } from '../../database/database.ts'
import type { Problem, Upkeep } from '../upkeep.ts'
import { anchors } from './checks/anchors.ts'
import type { Check, Found } from './checks/check.ts'
import { counts } from './checks/counts.ts'
import { documents } from './checks/documents.ts'
import { indexes } from './checks/indexes.ts'
import { sources } from './checks/sources.ts'
import { vectors } from './checks/vectors.ts'
import { snapshot } from './snapshot.ts'

const CHECKS: readonly Check[] = [sources, counts, documents, vectors, anchors, indexes]

/** All is looked for at one moment, so that a sync that runs meanwhile is no problem; what can be mended is then, one after the other. */
export async function examine(
  database: Database,
  { fix, staleDays, signal, progress }: Parameters<Upkeep['examine']>[0],
): Promise<Problem[]> {
  const found = await snapshot(database, async (session) => {
    const all: Found[] = []
    for (const check of CHECKS) {
      signal.throwIfAborted()
      progress(`Looking at ${check.looksAt}`)
      all.push(...(await check.find(session, { staleDays, signal })))
    }
    return all
  })
  const problems: Problem[] = []
  for (const { mend, ...problem } of found) {
    signal.throwIfAborted()
    if (fix && mend) progress(`Mending: ${problem.what}`)
    problems.push({ ...problem, isMended: fix && (await mend?.(database, signal)) === 'mended' })
  }
  return problems
}
