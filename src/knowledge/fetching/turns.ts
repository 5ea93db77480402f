/** One at a time, with a pause between: who asks a host waits for its turn. */
import { setTimeout as sleep } from 'node:timers/promises'

export class Turns {
  #tail: Promise<unknown> = Promise.resolve()
  #notBefore = 0
  /** Between the end of one and the beginning of the next. */
  pauseMs: number

  constructor(pauseMs: number) {
    this.pauseMs = pauseMs
  }

  /** What a host asked for: nobody goes before. */
  holdFor(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, performance.now() + ms)
  }

  take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const turn = this.#tail.then(async () => {
      signal.throwIfAborted()
      const wait = this.#notBefore - performance.now()
      if (wait > 0) await sleep(wait, undefined, { signal })
      try {
        return await work()
      } finally {
        this.holdFor(this.pauseMs)
      }
    })
    this.#tail = turn.catch(() => undefined)
    return turn
  }
}
