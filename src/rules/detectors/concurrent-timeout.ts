import type { Detector } from '../claim.ts'
import { millisecondsOf } from './lock-strength.ts'

/** A wait for old transactions often takes minutes, so a limit below these is likely to be met. Milliseconds. */
const ENOUGH = { lock_timeout: 10 * 60_000, statement_timeout: 60 * 60_000 }

/** A concurrent build under a timeout short enough to cut it off. Durations need arithmetic, which conditions have not. */
export const concurrentTimeout: Detector = ({ statements }) =>
  statements.flatMap((statement) =>
    statement.operations
      .filter(({ action, concurrently }) => concurrently === true && (action === 'create index' || action === 'reindex'))
      .filter(({ table, transaction }) => !table?.new && transaction.mode === 'none')
      .flatMap((operation) =>
        Object.entries(ENOUGH)
          .filter(([setting, enough]) => isShort(operation.settings[setting], enough))
          .slice(0, 1)
          .map(([setting]) => ({ statement, operation, values: { setting, limit: operation.settings[setting] } })),
      ),
  )

/** Is it a limit at all, and below what is enough? Zero is none. */
function isShort(value: string | undefined, enough: number): boolean {
  const milliseconds = millisecondsOf(value) ?? 0
  return milliseconds > 0 && milliseconds < enough
}
