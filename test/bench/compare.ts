import type { Effects } from '../../src/sql/effects.ts'
import { createdBy, predict } from '../../src/sql/prediction/predict.ts'
import type { Measured } from './measure-corpus.ts'

const MEASURES = ['locks', 'rewrites', 'scans', 'builds'] as const
export type Measure = (typeof MEASURES)[number]
/** A line for each effect on what existed before the script, so that predicted and measured ones can be compared. */
export type Facts = Record<Measure, string[]>

/** `ShareLock table public.orders`. With `tablesOnly` what can be known without a catalog: no indexes. */
export function factsOf({ locks, rewrites, scans, builds }: Effects, tablesOnly = false): Facts {
  return {
    locks: locks
      .filter((one) => one.existed && (!tablesOnly || one.kind === 'table'))
      .map((one) => `${one.mode} ${one.kind} ${one.relation}`)
      .sort(),
    rewrites: [...rewrites].sort(),
    scans: [...scans].sort(),
    builds: builds
      .filter((one) => one.existed && !tablesOnly)
      .map((one) => `${one.index} on ${one.table}${one.constraint ? ` (${one.constraint})` : ''}`)
      .sort(),
  }
}

export function predictWithCatalog({ statement, atStart, catalog }: Measured): Effects {
  const existed = (key: string): boolean => atStart.relations.has(key) || atStart.types.has(key)
  return predict(statement, { catalog, existed, postgres: catalog.postgres }).effects
}

/** From the statement and those before it in its script alone. */
export function predictWithoutCatalog({ statement, earlier, catalog }: Measured): Effects {
  const created = new Set(earlier.flatMap(createdBy))
  return predict(statement, { existed: (key) => !created.has(key), postgres: catalog.postgres, earlier }).effects
}

interface Difference {
  measure: Measure
  /** `- what was only measured + what was only predicted`. */
  text: string
}

function differences(predicted: Facts, measured: Facts): Difference[] {
  return MEASURES.flatMap((measure) => {
    const missed = measured[measure].filter((fact) => !predicted[measure].includes(fact)).map((fact) => `- ${fact}`)
    const unexpected = predicted[measure].filter((fact) => !measured[measure].includes(fact)).map((fact) => `+ ${fact}`)
    return missed.length + unexpected.length > 0 ? [{ measure, text: [...missed, ...unexpected].join(' ') }] : []
  })
}

/** Counts comparisons, four a statement, and keeps those that differ. */
export interface Tally {
  compared: number
  differing: Array<Difference & { statement: string }>
}

export function openTally(): Tally {
  return { compared: 0, differing: [] }
}

/** Locks of what ran alone are gone before they can be seen. */
export function compare(tally: Tally, { one }: Measured, predicted: Facts, measured: Facts, measures: readonly Measure[] = MEASURES): void {
  const statement = [...one.before, one.statement].join('; ')
  const seen = measures.filter((measure) => !one.alone || measure !== 'locks')
  tally.compared += seen.length
  const differing = differences(predicted, measured).filter(({ measure }) => seen.includes(measure))
  tally.differing.push(...differing.map((difference) => ({ ...difference, statement })))
}

/** `99.91 % of 3,428` */
export function agreementOf({ compared, differing }: Tally): number {
  return compared === 0 ? 1 : 1 - differing.length / compared
}

export function listOf({ differing }: Tally): string {
  return differing.map(({ statement, measure, text }) => `${statement}\n    ${measure}: ${text}`).join('\n')
}
