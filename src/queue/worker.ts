import { randomUUID } from 'node:crypto'
import type { PgBoss } from 'pg-boss'
import type { Database } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { Gone } from '../forges/forge.ts'
import type { Lane } from './boss.ts'
import { findCancelled, type Lease, type Outcome, registerWorker, renew, settle, take, takeOver, unregisterWorker } from './leases.ts'
import type { QueueLimits } from './limits.ts'
import { maskedMessage } from './masked-message.ts'
import type { AbortReason, Handler } from './queue.ts'
import { isLastAttempt, tryAgain } from './work.ts'

export interface WorkerOptions {
  boss: PgBoss
  database: Database
  handler: Handler
  concurrency: number
  perInstallation: number
  limits: QueueLimits
  warn: (message: string) => void
}

export interface Worker {
  /** There may be something to do: look now. */
  wake(): void
  stop(graceMs: number): Promise<void>
}

/** Names this process: an embedded database has no other, so workers of another are dead. */
const PROCESS = randomUUID()

interface Running {
  lease: Lease
  abort: AbortController
  ended: Promise<void>
}

/** Looks for jobs and does them, and gives signs of life. */
export async function startWorker(options: WorkerOptions): Promise<Worker> {
  const worker = new PollingWorker(options)
  await worker.start()
  return worker
}

class PollingWorker implements Worker {
  readonly #options: WorkerOptions
  /** Anew after others took this one for dead, as they may have its jobs. */
  #id = randomUUID() as string
  #registered = false
  /** When the last sign of life was sent, by both clocks: one stands still while the machine sleeps, the other is set. */
  #renewed = now()
  #lookedForDead = Number.NEGATIVE_INFINITY
  readonly #running = new Map<string, Running>()
  /** Handlers that have not returned, by lane and change: those that ignore an abort, too. */
  readonly #busy = new Map<string, Promise<void>>()
  #wake = () => {}
  #isTaking = true
  #isOver = false
  #loop: Promise<void> = Promise.resolve()
  #fence: NodeJS.Timeout | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    await this.#giveSign()
    this.#loop = this.#poll()
    this.#fence = setInterval(() => this.#dropWhenSilent(), this.#options.limits.pollMs)
    this.#fence.unref()
  }

  wake(): void {
    this.#wake()
  }

  async stop(graceMs: number): Promise<void> {
    const { abortedMs } = this.#options.limits
    this.#isTaking = false
    await this.#allEnded(graceMs)
    for (const { abort } of this.#running.values()) abort.abort('stopping' satisfies AbortReason)
    await this.#allEnded(abortedMs)
    this.#isOver = true
    this.wake()
    await this.#loop
    clearInterval(this.#fence)
    // What still runs keeps its lease: it begins anew when that is over, and not while it may still be at it here.
    if (this.#running.size === 0) await unregisterWorker(this.#options.database, this.#id).catch(() => {})
  }

  async #allEnded(ms: number): Promise<void> {
    const all = Promise.all([...this.#running.values()].map(({ ended }) => ended))
    let timer: NodeJS.Timeout | undefined
    await Promise.race([all, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
    clearTimeout(timer)
  }

  async #poll(): Promise<void> {
    const { limits, warn } = this.#options
    while (!this.#isOver) {
      const slept = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        await this.#round()
      } catch (error) {
        warn(`queue: ${maskedMessage(error)}`)
      }
      if (this.#isOver) return
      const timer = setTimeout(() => this.#wake(), limits.pollMs)
      await slept
      clearTimeout(timer)
    }
  }

  async #round(): Promise<void> {
    const { boss, database, limits, perInstallation, warn } = this.#options
    if (elapsed(this.#renewed) >= limits.renewMs || !this.#registered) await this.#giveSign()
    if (performance.now() - this.#lookedForDead >= limits.renewMs) {
      const taken = await takeOver(boss, database, this.#id, limits, database.kind === 'embedded' ? PROCESS : undefined)
      this.#lookedForDead = performance.now()
      if (taken > 0) warn(`queue: ${taken} jobs of a worker that ended begin anew`)
    }
    if (this.#running.size > 0) {
      for (const id of await findCancelled(database, this.#id)) this.#running.get(id)?.abort.abort('cancelled' satisfies AbortReason)
    }
    // One job of a change comes at a time, and one batch may be all of an installation's that waits first.
    while (this.#isTaking && this.#registered) {
      const room = this.#room()
      if (room.review + room.answer === 0) return
      const leases = await take(boss, database, this.#id, room, perInstallation)
      for (const lease of leases) this.#begin(lease)
      if (leases.length === 0) return
    }
  }

  #room(): Record<Lane, number> {
    const { concurrency } = this.#options
    const taken = (lane: Lane) => [...this.#running.values()].filter(({ lease }) => lease.lane === lane).length
    return { review: concurrency - taken('review'), answer: Math.ceil(concurrency / 2) - taken('answer') }
  }

  /** Under a new name when others took this one for dead: then its jobs are theirs. */
  async #giveSign(): Promise<void> {
    const { database } = this.#options
    const sent = now()
    if (this.#registered && !(await renew(database, this.#id))) this.#drop()
    if (!this.#registered) {
      await registerWorker(database, this.#id, PROCESS)
      this.#registered = true
    }
    this.#renewed = sent
  }

  #dropWhenSilent(): void {
    if (this.#registered && elapsed(this.#renewed) >= this.#options.limits.fenceMs) this.#drop()
  }

  #drop(): void {
    if (this.#running.size > 0)
      this.#options.warn(`queue: ${this.#running.size} jobs are dropped, as the database heard nothing of this worker for too long`)
    for (const { abort } of this.#running.values()) abort.abort('lost' satisfies AbortReason)
    this.#running.clear()
    this.#id = randomUUID()
    this.#registered = false
  }

  #begin(lease: Lease): void {
    const abort = new AbortController()
    const ended = this.#run(lease, abort).catch((error: unknown) => this.#options.warn(`queue: ${maskedMessage(error)}`))
    this.#running.set(lease.id, { lease, abort, ended })
  }

  async #run(lease: Lease, abort: AbortController): Promise<void> {
    const key = `${lease.lane} ${lease.change}`
    // One that was dropped and does not end: here, too, never two at one change.
    while (this.#busy.has(key)) await this.#busy.get(key)
    const done = this.#handle(lease, abort)
    const free = done.then(
      () => {},
      () => {},
    )
    this.#busy.set(key, free)
    const outcome = await done
    this.#busy.delete(key)
    await this.#settle(lease, outcome, abort.signal)
    this.#running.delete(lease.id)
    this.wake()
  }

  /** Never throws. */
  async #handle({ work }: Lease, abort: AbortController): Promise<Outcome> {
    const { handler, limits, warn } = this.#options
    const { signal } = abort
    const timer = setTimeout(() => abort.abort('too long' satisfies AbortReason), limits.jobMs)
    const isLast = isLastAttempt(work, limits)
    const isGivenUp = work.deaths >= limits.deaths
    let outcome: Outcome = { kind: 'done' }
    try {
      if (!signal.aborted) await handler(work.job, { isLast, isBegun: work.isBegun === true, isGivenUp }, signal)
    } catch (error) {
      if (error instanceof ServiceError && !isLast) outcome = { kind: 'again', ...tryAgain(work, error, limits) }
      else if (!(error instanceof Gone)) outcome = { kind: 'failed', work, error }
    }
    clearTimeout(timer)
    if (isGivenUp) outcome = { kind: 'failed', work, error: `The process ended ${work.deaths} times while it was done.` }
    const reason: AbortReason | undefined = signal.aborted ? signal.reason : undefined
    // Also when the handler returned: it may have done so because it was told to.
    if (reason === 'stopping') outcome = { kind: 'again', work, delayMs: 0 }
    if (reason === 'cancelled') outcome = { kind: 'done' }
    if (reason === 'too long') outcome = { kind: 'failed', work, error: `It took longer than ${Math.round(limits.jobMs / 60_000)} min.` }
    // What the handler threw it has told itself.
    if (outcome.kind === 'failed' && (isGivenUp || reason === 'too long'))
      warn(`queue: ${work.job.kind} of ${work.job.delivery} failed: ${maskedMessage(outcome.error)}`)
    return outcome
  }

  /** What was done is told, however long the database is away, as long as the lease is ours. */
  async #settle(lease: Lease, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { boss, database, limits, warn } = this.#options
    const worker = this.#id
    while (!(signal.aborted && signal.reason === 'lost')) {
      try {
        return await settle(boss, database, worker, lease, outcome)
      } catch (error) {
        warn(`queue: ${maskedMessage(error)}`)
        await new Promise((resolve) => setTimeout(resolve, limits.pollMs))
        if (this.#isOver) return
      }
    }
  }
}

interface Moment {
  clock: number
  steady: number
}

function now(): Moment {
  return { clock: Date.now(), steady: performance.now() }
}

function elapsed(since: Moment): number {
  return Math.max(Date.now() - since.clock, performance.now() - since.steady)
}
