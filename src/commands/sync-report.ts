import { ServiceError, UserError } from '../errors.ts'
import type { SyncReport } from '../knowledge/knowledge-base.ts'
import { oneLine } from '../reports/printable.ts'
import type { SyncOutcome } from './sync-sources.ts'

/** Of each kind; JSON has all. */
const TOLD = 10

export function syncText(outcomes: readonly SyncOutcome[], isDry: boolean): string {
  return outcomes.map((outcome) => `${outcomeText(outcome, isDry)}\n`).join('')
}

function outcomeText(outcome: SyncOutcome, isDry: boolean): string {
  if (outcome.report === undefined) return `${outcome.source}: failed: ${failureText(outcome.error)}`
  const { report } = outcome
  return [
    `${report.source}: ${countsText(report, isDry)}`,
    ...listed(
      report.failed.map(({ key, reason }) => `${key}: ${reason}`),
      'not read',
    ),
    ...listed(
      report.problems.map(({ key, problem }) => (key === '' ? problem : `${key}: ${problem}`)),
      'problem',
    ),
  ].join('\n')
}

/** `12 added, 3 changed, 1,140 unchanged, 1 removed; 98 passages in 4.1 s`. */
export function countsText({ added, changed, unchanged, removed, failed, passages, ms }: SyncReport, isDry = false): string {
  const counts = [
    `${added.toLocaleString('en')} added`,
    `${changed.toLocaleString('en')} changed`,
    `${unchanged.toLocaleString('en')} unchanged`,
    `${removed.toLocaleString('en')} removed`,
    ...(failed.length > 0 ? [`${failed.length.toLocaleString('en')} failed`] : []),
  ].join(', ')
  const done = `${passages.toLocaleString('en')} passages in ${(ms / 1000).toFixed(1)} s`
  return isDry ? `would be ${counts}; ${done}` : `${counts}; ${done}`
}

function listed(lines: readonly string[], label: string): string[] {
  const told = lines.slice(0, TOLD).map((line) => `  ${label}: ${oneLine(line)}`)
  return lines.length > TOLD ? [...told, `  and ${lines.length - TOLD} more; --format json has them all`] : told
}

/** Of an error that is our own, all there is. */
export function failureText(error: unknown): string {
  if (error instanceof UserError || error instanceof ServiceError) return oneLine(error.message)
  return error instanceof Error ? (error.stack ?? String(error)) : String(error)
}

/** The sources with their reports or their errors. */
export function syncData(outcomes: readonly SyncOutcome[]): object[] {
  return outcomes.map((outcome) =>
    outcome.report === undefined ? { source: outcome.source, error: failureText(outcome.error) } : { ...outcome.report },
  )
}

/** 0, or the worst: 2 for what its reader can put right, 3 for what failed outside or in here. */
export function exitCodeOf(outcomes: readonly SyncOutcome[]): number {
  const codes = outcomes.map((outcome) => (outcome.report !== undefined ? 0 : outcome.error instanceof UserError ? 2 : 3))
  return Math.max(0, ...codes)
}
