import { setTimeout as sleep } from 'node:timers/promises'

/** How fast an endpoint may be asked: what it said last holds for all requests of this process. */
export interface Pace {
  /** Until the next request may go. */
  turn(signal: AbortSignal): Promise<void>
  pause(ms: number): void
  /** After an answer to a request of so many tokens. */
  heed(headers: Headers, tokens: number): void
}

/** Longer ones are left to who asks. */
export const LONGEST_PAUSE_MS = 65_000

export function newPace(): Pace {
  let until = 0
  const pause = (ms: number): void => {
    until = Math.max(until, performance.now() + Math.min(ms, LONGEST_PAUSE_MS))
  }
  return {
    pause,
    async turn(signal) {
      // Another answer may have told of a longer pause meanwhile.
      for (let left = until - performance.now(); left > 0; left = until - performance.now())
        await sleep(Math.ceil(left), undefined, { signal })
    },
    heed(headers, tokens) {
      for (const [what, needed] of [
        ['requests', 1],
        ['tokens', tokens],
      ] as const) {
        const [limit, remaining] = [`x-ratelimit-limit-${what}`, `x-ratelimit-remaining-${what}`].map((name) => countOf(headers.get(name)))
        const resetMs = durationOf(headers.get(`x-ratelimit-reset-${what}`))
        if (remaining === undefined || resetMs === undefined || remaining >= needed) continue
        // What is left grows evenly until it is all there again.
        const share = limit !== undefined && limit > remaining ? Math.min(1, (needed - remaining) / (limit - remaining)) : 1
        pause(resetMs * share)
      }
    },
  }
}

function countOf(text: string | null): number | undefined {
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : undefined
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** `20ms`, `1.5s`, `6m0s`: https://developers.openai.com/api/docs/guides/rate-limits */
function durationOf(text: string | null): number | undefined {
  const parts = text !== null && /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(text) ? [...text.matchAll(/([\d.]+)(ms|s|m|h)/g)] : []
  return parts.length === 0 ? undefined : parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ''] ?? 0), 0)
}

/** Of `retry-after-ms` or `retry-after`, which has seconds or a date. */
export function retryAfterOf(headers: Headers | undefined, now = Date.now()): number | undefined {
  const ms = Number(headers?.get('retry-after-ms') || Number.NaN)
  if (ms >= 0) return ms
  const text = headers?.get('retry-after')
  if (!text) return undefined
  if (Number(text) >= 0) return Number(text) * 1_000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
