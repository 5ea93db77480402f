import { ServiceError, UserError } from '../errors.ts'
import type { SyncReport } from '../knowledge/knowledge-base.ts'
import { oneLine } from '../reports/printable.ts'
import { inNumbers } from './amounts.ts'
import type { SyncOutcome } from './sync-source.ts'

/** Of each kind; JSON has all. */
const TOLD = 10

export function syncText(outcome: SyncOutcome, isDry = false): string {
  if (outcome.report === undefined) return `${outcome.source}: failed: ${failureText(outcome.error)}\n`
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
    '',
  ].join('\n')
}

/** `12 added, 3 changed, 1,140 unchanged, 1 removed; 98 passages in 4.1 s`. */
function countsText({ added, changed, unchanged, removed, failed, passages, ms }: SyncReport, isDry = false): string {
  const counts = [
    `${inNumbers(added)} added`,
    `${inNumbers(changed)} changed`,
    `${inNumbers(unchanged)} unchanged`,
    `${inNumbers(removed)} removed`,
    ...(failed.length > 0 ? [`${inNumbers(failed.length)} failed`] : []),
  ].join(', ')
  const done = `${inNumbers(passages)} passages in ${(ms / 1000).toFixed(1)} s`
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

/** The report, or the error. */
export function syncData(outcome: SyncOutcome): object {
  return outcome.report ?? { source: outcome.source, error: failureText(outcome.error) }
}

/** 0, or the worst: 2 for what its reader can put right, 3 for what failed outside or in here. */
export function exitCodeOf(outcomes: readonly SyncOutcome[]): number {
  const codes = outcomes.map((outcome) => (outcome.report !== undefined ? 0 : outcome.error instanceof UserError ? 2 : 3))
  return Math.max(0, ...codes)
}
