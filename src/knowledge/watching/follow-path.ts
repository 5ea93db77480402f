import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { survey } from './survey.ts'

export interface FollowTimes {
  /** Nothing happens for this long before it is told; at most so long after the first change. */
  quietMs: number
  longestMs: number
  /** Looked at as often as this in any case: the system may tell nothing (network drives), or a folder may be replaced. */
  pollMs: number
  /** Where the system cannot tell at all. */
  blindPollMs: number
}
const TIMES: FollowTimes = { quietMs: 500, longestMs: 5_000, pollMs: 60_000, blindPollMs: 5_000 }
/** Of the time, at most this share goes into looking. */
const SHARE = 0.05
/** Systems give a user only so many. */
const MOST_WATCHERS = 4_000

/** Tells of each change of a file, or of the files in a folder, from when this is settled until it is disposed of. */
export async function followPath(path: string, changed: () => void, times: FollowTimes = TIMES): Promise<Disposable> {
  const following = new Following(path, changed, times)
  await following.look()
  return following
}

class Following implements Disposable {
  readonly #path: string
  readonly #changed: () => void
  readonly #times: FollowTimes
  readonly #watchers = new Map<string, FSWatcher>()
  #state: string | undefined
  #isBlind = false
  #isClosed = false
  #stirredAt: number | undefined
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(path: string, changed: () => void, times: FollowTimes) {
    this.#path = path
    this.#changed = changed
    this.#times = times
  }

  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookNow())
    return this.#looking
  }

  async #lookNow(): Promise<void> {
    if (this.#isClosed) return
    this.#stirredAt = undefined
    const started = performance.now()
    const { state, folders } = await survey(this.#path)
    const tookMs = performance.now() - started
    if (this.#isClosed) return
    this.#watch(folders.length > 0 ? folders : [dirname(this.#path)], folders.length > 0 ? undefined : basename(this.#path))
    const isChanged = this.#state !== undefined && this.#state !== state
    this.#state = state
    // Unless something stirred meanwhile, and it is looked at soon.
    if (this.#stirredAt === undefined) this.#lookIn(Math.max(this.#isBlind ? this.#times.blindPollMs : this.#times.pollMs, tookMs / SHARE))
    if (isChanged) this.#changed()
  }

  #lookIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.look(), ms)
  }

  /** Something happened: looked at when it is quiet again. */
  #stir(): void {
    if (this.#isClosed) return
    const now = performance.now()
    this.#stirredAt ??= now
    this.#lookIn(Math.min(this.#times.quietMs, Math.max(0, this.#stirredAt + this.#times.longestMs - now)))
  }

  /** These folders, and no others; of a single file, the events of that name. */
  #watch(folders: readonly string[], only: string | undefined): void {
    const wanted = new Set(folders.slice(0, MOST_WATCHERS))
    this.#isBlind = wanted.size < folders.length
    for (const [folder, watcher] of this.#watchers) {
      if (wanted.has(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of wanted) if (!this.#watchers.has(folder) && !this.#watchOne(folder, only)) this.#isBlind = true
  }

  /** Whether the system lets us. */
  #watchOne(folder: string, only: string | undefined): boolean {
    const forget = (): void => {
      this.#watchers.get(folder)?.close()
      this.#watchers.delete(folder)
    }
    try {
      const watcher = watch(folder, (event, name) => {
        if (only !== undefined && name !== null && name !== only) return
        if (name?.startsWith('.')) return
        // The folder itself may be gone or another one; a watcher would stay with the old.
        if (event === 'rename' && (name === null || name === basename(folder))) forget()
        this.#stir()
      })
      watcher.on('error', () => {
        forget()
        this.#stir()
      })
      this.#watchers.set(folder, watcher)
      return true
    } catch {
      return false
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }
}
