import { isAtLeast, type Operation } from '../../sql/operation.ts'

/** A lock_timeout of more lets the queue grow for longer than a user would wait. */
export const LONGEST_WAIT_MS = 30_000

/** Does it wait for the table's writers and make all later ones wait: SHARE ROW EXCLUSIVE or stronger, and not built to be patient. */
export function queuesEverybody({ lock, concurrently }: Operation): boolean {
  return isAtLeast(lock, 'share row exclusive') && concurrently !== true
}

/** `access exclusive` as the manual writes it. */
export function lockInCapitals({ lock }: Operation): string {
  return lock.toUpperCase()
}

/** Does a timeout of the script end its wait for a lock? */
export function isBounded({ settings }: Operation): boolean {
  return [settings.lock_timeout, settings.statement_timeout].some((one) => (millisecondsOf(one) ?? 0) > 0)
}

/** A setting's milliseconds; undefined when it is unset or no plain time. Without a unit Postgres counts milliseconds. */
export function millisecondsOf(value: string | undefined): number | undefined {
  const match = /^'?\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*'?$/.exec(value ?? '')
  if (!match) return undefined
  return Number(match[1]) * (UNITS[match[2] ?? 'ms'] ?? 1)
}

/** Units of time settings: https://www.postgresql.org/docs/current/config-setting.html */
const UNITS: Record<string, number> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }
