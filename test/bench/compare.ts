import type { Catalog } from '../../src/sql/catalog.ts'
import type { Effects } from '../../src/sql/effects.ts'
import { type Knowledge, predict } from '../../src/sql/prediction/predict.ts'
import { readScript } from '../../src/sql/reader/read-script.ts'
import type { Case } from './corpus.ts'

export const MEASURES = ['locks', 'rewrites', 'scans', 'builds'] as const
export type Measure = (typeof MEASURES)[number]
/** Of relations that existed only, one line each, so that two can be compared. */
export type Facts = Record<Measure, string[]>

/** `ShareLock table public.orders`: effects on what existed before the script. Locks of tables alone when `coarse`. */
export function factsOf({ locks, rewrites, scans, builds }: Effects, coarse = false): Facts {
  return {
    locks: locks
      .filter((one) => one.existed && (!coarse || one.kind === 'table'))
      .map((one) => `${one.mode} ${one.kind} ${one.relation}`)
      .sort(),
    rewrites: [...rewrites].sort(),
    scans: [...scans].sort(),
    builds: builds
      .filter((one) => one.existed)
      .map((one) => `${one.index} on ${one.table}${one.constraint ? ` (${one.constraint})` : ''}`)
      .sort(),
  }
}

/** What is predicted of the corpus's statement, after the statements before it in its script. */
export async function predictCase(one: Case, known: Omit<Knowledge, 'timeZone'> & { catalog?: Catalog }): Promise<Effects> {
  const statements = await readScript([...one.before, one.statement].join(';\n'), 'file')
  const statement = statements.at(-1)
  if (!statement || statement.syntaxError) throw new Error(`${one.statement}: ${statement?.syntaxError?.message}`)
  return predict(statement, known).effects
}

/** Measures that differ, as `locks: - missed + unexpected`. */
export function differences(predicted: Facts, measured: Facts): Array<{ measure: Measure; text: string }> {
  return MEASURES.flatMap((measure) => {
    const missed = measured[measure].filter((fact) => !predicted[measure].includes(fact))
    const unexpected = predicted[measure].filter((fact) => !measured[measure].includes(fact))
    if (missed.length + unexpected.length === 0) return []
    return [{ measure, text: [`${measure}:`, ...missed.map((fact) => `- ${fact}`), ...unexpected.map((fact) => `+ ${fact}`)].join(' ') }]
  })
}
