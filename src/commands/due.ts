/** What failed outside is tried again, each time twice as late. */
const AGAIN_MS = { first: 10_000, longest: 3_600_000 }

/** Names of sources that wait to be synced. */
export class Due {
  readonly #names = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #timers = new Set<NodeJS.Timeout>()
  #wake: (() => void) | undefined

  add(name: string): void {
    this.#names.add(name)
    this.wake()
  }

  addLater(name: string): void {
    const failures = this.#failures.get(name) ?? 0
    this.#failures.set(name, failures + 1)
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer)
        this.add(name)
      },
      Math.min(AGAIN_MS.first * 2 ** failures, AGAIN_MS.longest),
    )
    this.#timers.add(timer)
  }

  forgive(name: string): void {
    this.#failures.delete(name)
  }

  wake(): void {
    this.#wake?.()
  }

  /** When there are any, or when it is woken. */
  async take(): Promise<string[]> {
    if (this.#names.size === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    const names = [...this.#names]
    this.#names.clear()
    return names
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}
