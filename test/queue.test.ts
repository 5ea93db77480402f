import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../src/database/database.ts'
import { ServiceError } from '../src/errors.ts'
import { Gone } from '../src/forges/forge.ts'
import { pgBossQueue } from '../src/queue/pg-boss-queue.ts'
import type { Attempt, Handler, Job, Queue } from '../src/queue/queue.ts'
import { type Address, openAddress, STORAGES, type Storage } from './fixtures/databases.ts'
import { FAST, refOf } from './fixtures/queue-jobs.ts'
import type { WorkerTask } from './fixtures/queue-worker.ts'

const ONE_EACH = { concurrency: 4, perInstallation: 4 }

let deliveries = 0
const review = (number: number, more: Partial<Job & { kind: 'review' }> = {}): Job => ({
  kind: 'review',
  ref: refOf(number),
  delivery: `delivery ${++deliveries}`,
  ...more,
})

/** A handler that tells what it does, and goes on when it is let. */
function gatedHandler() {
  const began: Job[] = []
  const ended: Job[] = []
  const aborted: unknown[] = []
  const gates: Array<() => void> = []
  const handler: Handler = async (job, _attempt, signal) => {
    began.push(job)
    await new Promise<void>((resolve, reject) => {
      gates.push(resolve)
      signal.addEventListener('abort', () => {
        aborted.push(signal.reason)
        gates.splice(gates.indexOf(resolve), 1)
        reject(signal.reason)
      })
    })
    ended.push(job)
  }
  return { handler, began, ended, aborted, open: () => gates.shift()?.() }
}

async function until(condition: () => unknown): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe.each(STORAGES)('$name', ({ name, missing, start, isShared }) => {
  let storage: Storage
  let address: Address
  let database: Database
  const queues: Queue[] = []
  const warnings: string[] = []

  beforeAll(async () => {
    if (missing) return
    storage = await start()
    address = await storage.create()
    database = await openAddress(address)
  })
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.stop(0)
    warnings.splice(0)
  })
  afterAll(async () => {
    await database?.close()
    await storage?.[Symbol.asyncDispose]()
  })

  async function newQueue(on: Database = database): Promise<Queue> {
    const queue = await pgBossQueue(on, { limits: FAST, warn: (message) => warnings.push(message) })
    queues.push(queue)
    return queue
  }
  /** What waits for an hour or so. */
  const forget = () => database.query('delete from pgwitness_queue.job')
  const isIdle = async (queue: Queue) => {
    const { waiting, running } = await queue.counts()
    return waiting + running === 0
  }
  const it = missing ? (name: string, _body: () => Promise<void>) => test.skip(`${name} (${missing})`) : test

  it('is set up by one of several processes that start at once', async () => {
    const own = await storage.create()
    const first = await openAddress(own)
    const databases = isShared ? [first, await openAddress(own), await openAddress(own)] : [first, first, first]
    const opened = await Promise.all(databases.map((one) => pgBossQueue(one, { limits: FAST })))
    await opened[0]?.add(review(1))
    expect(await opened[2]?.counts()).toEqual({ waiting: 1, running: 0, failed: 0 })
    for (const queue of opened) await queue.stop(0)
    for (const one of new Set(databases)) await one.close()
  })

  it('does each delivery of a kind once, also when it comes several times at once', async () => {
    const queue = await newQueue()
    const done: Job[] = []
    const job = review(1)
    const answer: Job = { kind: 'answer', ref: refOf(1), delivery: job.delivery, comment: { id: 7, place: 'thread', thread: 't' } }
    const answers = await Promise.all([queue.add(job), queue.add(job), queue.add(answer), queue.add(job)])
    expect(answers).toEqual([true, false, true, false])
    await queue.work(async (task) => void done.push(task), ONE_EACH)
    await until(() => isIdle(queue))
    expect(await queue.add(job)).toBe(false)
    expect(done).toHaveLength(2)
    expect(done).toEqual(expect.arrayContaining([job, answer]))
  })

  it('of reviews of a change one runs and one waits, which a person may have asked for; other changes do not wait', async () => {
    const queue = await newQueue()
    const gate = gatedHandler()
    await queue.work(gate.handler, ONE_EACH)
    await queue.add(review(2))
    await until(() => gate.began.length === 1)
    await queue.add(review(2))
    await queue.add(review(2, { isAsked: true }))
    await queue.add(review(2, { ref: { ...refOf(2), repository: 'acme/renamed' } }))
    await queue.add(review(3))
    await until(() => gate.began.length === 2)
    expect(gate.began[1]?.ref.number).toBe(3)
    expect(await queue.counts()).toMatchObject({ waiting: 1, running: 2 })
    gate.open()
    await until(() => gate.began.length === 3)
    expect(gate.began[2]).toMatchObject({ ref: { number: 2, repository: 'acme/renamed' }, isAsked: true })
    gate.open()
    gate.open()
    await until(() => isIdle(queue))
    expect(gate.began).toHaveLength(3)
  })

  it('answers while the change is reviewed and all places are taken', async () => {
    const queue = await newQueue()
    const gate = gatedHandler()
    const answered: number[] = []
    const handler: Handler = async (job, attempt, signal) => {
      if (job.kind === 'answer') answered.push(job.comment.id)
      else await gate.handler(job, attempt, signal)
    }
    await queue.work(handler, { concurrency: 1, perInstallation: 1 })
    await queue.add(review(4))
    await until(() => gate.began.length === 1)
    for (const id of [1, 2, 3]) {
      await queue.add({ kind: 'answer', ref: refOf(4), delivery: `answer ${++deliveries}`, comment: { id, place: 'conversation' } })
    }
    await until(() => answered.length === 3)
    expect(answered).toEqual([1, 2, 3])
    gate.open()
    await until(() => isIdle(queue))
  })

  it('a cancel removes what waits and aborts what runs, in whichever worker', async () => {
    const [queue, worker] = [await newQueue(), await newQueue()]
    const gate = gatedHandler()
    await worker.work(gate.handler, ONE_EACH)
    await queue.add(review(5))
    await until(() => gate.began.length === 1)
    await queue.add(review(5))
    await queue.add({ kind: 'cancel', ref: refOf(5), delivery: 'closed 5' })
    await until(() => isIdle(queue))
    expect(gate.aborted).toEqual(['cancelled'])
    expect(gate.began).toHaveLength(1)
    await queue.add(review(5))
    await until(() => gate.began.length === 2)
    gate.open()
    await until(() => isIdle(queue))
    expect((await queue.counts()).failed).toBe(0)
  })

  it('of a review and a cancel that come together, the later counts', async () => {
    const queue = await newQueue()
    await Promise.all([queue.add(review(6)), queue.add({ kind: 'cancel', ref: refOf(6), delivery: `closed ${++deliveries}` })])
    expect(await queue.counts()).toMatchObject({ waiting: 0 })
    await Promise.all([queue.add({ kind: 'cancel', ref: refOf(6), delivery: `closed ${++deliveries}` }), queue.add(review(6))])
    expect(await queue.counts()).toMatchObject({ waiting: 1 })
    await queue.add({ kind: 'cancel', ref: refOf(6), delivery: `closed ${++deliveries}` })
  })

  it('tries again when something outside fails, tells which is the last time, and records it without secrets', async () => {
    const queue = await newQueue()
    const before = (await queue.counts()).failed
    const tries: boolean[] = []
    await queue.work(async (_job, { isLast }) => {
      tries.push(isLast)
      throw new ServiceError('github', 'https://bot:s3cret@example.com said no to ghs_abcdefghij', { retryAfterMs: 30 })
    }, ONE_EACH)
    await queue.add(review(7))
    await until(async () => (await queue.counts()).failed === before + 1)
    expect(tries).toEqual([false, false, true])
    expect(await isIdle(queue)).toBe(true)
    const [failure] = await database.query<{ message: string; attempts: number }>(
      `select message, attempts from pgwitness.failures where change = 'github:42:7'`,
    )
    expect(failure).toEqual({ message: 'ServiceError: github: https://[hidden]@example.com said no to [token]', attempts: 2 })
    expect(warnings.join()).not.toMatch(/s3cret|abcdefghij/)
  })

  it('does not try again what is our fault, and a merge request that is gone is no failure', async () => {
    const queue = await newQueue()
    const before = (await queue.counts()).failed
    let tries = 0
    await queue.work(async ({ ref }) => {
      tries++
      throw ref.number === 8 ? new TypeError('undefined is not a function') : new Gone('deleted')
    }, ONE_EACH)
    await queue.add(review(8))
    await queue.add(review(9))
    await until(async () => tries === 2 && (await isIdle(queue)))
    expect((await queue.counts()).failed).toBe(before + 1)
    // It does not hold back the next.
    await queue.add(review(8))
    await until(() => tries === 3)
  })

  it('a new commit is reviewed at once after a failure, but not before the time that the service said', async () => {
    const queue = await pgBossQueue(database, { limits: { ...FAST, firstRetryMs: 3_600_000, longestRetryMs: 3_600_000 } })
    queues.push(queue)
    const tried: number[] = []
    await queue.work(async ({ ref }) => {
      tried.push(ref.number)
      if (tried.filter((number) => number === ref.number).length > 1) return
      throw new ServiceError('github', 'down', ref.number === 11 ? { retryAfterMs: 3_600_000 } : {})
    }, ONE_EACH)
    await queue.add(review(10))
    await queue.add(review(11))
    await until(async () => tried.length === 2 && (await queue.counts()).waiting === 2)
    await queue.add(review(11))
    await queue.add(review(10))
    await until(() => tried.length === 3)
    await until(async () => (await queue.counts()).running === 0)
    expect(tried[2]).toBe(10)
    expect(await queue.counts()).toMatchObject({ waiting: 1, running: 0 })
    await forget()
  })

  it('a review that failed leaves its wait to the one that waits for it', async () => {
    const queue = await newQueue()
    const gate = gatedHandler()
    let isFirst = true
    await queue.work(async (job, attempt, signal) => {
      const fails = isFirst
      isFirst = false
      await gate.handler(job, attempt, signal)
      if (fails) throw new ServiceError('github', 'rate limit', { retryAfterMs: 3_600_000 })
    }, ONE_EACH)
    await queue.add(review(12))
    await until(() => gate.began.length === 1)
    await queue.add(review(12))
    gate.open()
    await until(async () => (await queue.counts()).running === 0)
    expect(await queue.counts()).toMatchObject({ waiting: 1 })
    await queue.add(review(12))
    await queue.add(review(13))
    await until(() => gate.began.length === 2)
    expect(gate.began[1]?.ref.number).toBe(13)
    gate.open()
    await until(async () => (await queue.counts()).running === 0)
    await forget()
  })

  it('what was begun and waits to be tried again is done at once when its change is closed, so that it ends what it began', async () => {
    const queue = await pgBossQueue(database, { limits: { ...FAST, firstRetryMs: 3_600_000, longestRetryMs: 3_600_000 } })
    queues.push(queue)
    const begun: boolean[] = []
    await queue.work(async (_job, { isBegun }) => {
      begun.push(isBegun)
      if (begun.length === 1) throw new ServiceError('github', 'down')
    }, ONE_EACH)
    await queue.add(review(14))
    await until(async () => begun.length === 1 && (await queue.counts()).waiting === 1)
    await queue.add({ kind: 'cancel', ref: refOf(14), delivery: 'closed 14' })
    await until(() => isIdle(queue))
    expect(begun).toEqual([false, true])
  })

  it('of an installation so many run over all workers, and other installations do not wait', async () => {
    const [first, second] = [await newQueue(), await newQueue()]
    const gate = gatedHandler()
    const running = (installation: number) =>
      gate.began.filter((job) => job.ref.installation === installation).length -
      gate.ended.filter((job) => job.ref.installation === installation).length
    for (let number = 20; number < 26; number++) await first.add(review(number, { ref: refOf(number, 1) }))
    for (const queue of [first, second]) await queue.work(gate.handler, { concurrency: 4, perInstallation: 2 })
    await until(() => gate.began.length === 2)
    await first.add(review(26, { ref: refOf(26, 2) }))
    await until(() => gate.began.length === 3)
    while (gate.ended.length < 7) {
      expect(running(1)).toBeLessThanOrEqual(2)
      gate.open()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(() => isIdle(first))
    expect(new Set(gate.began.map(({ ref }) => ref.number)).size).toBe(7)
    expect(gate.began).toHaveLength(7)
  })

  it('waits for what runs when it stops, and hands back what takes longer', async () => {
    const [first, second] = [await newQueue(), await newQueue()]
    const gate = gatedHandler()
    await first.work(gate.handler, ONE_EACH)
    await first.add(review(30))
    await until(() => gate.began.length === 1)
    const stopped = first.stop(60_000)
    await first.add(review(31))
    gate.open()
    await stopped
    expect(gate.ended).toHaveLength(1)
    await second.work(gate.handler, ONE_EACH)
    await until(() => gate.began.length === 2)
    await second.stop(0)
    expect(gate.aborted).toEqual(['stopping'])
    const third = await newQueue()
    expect(await third.counts()).toMatchObject({ waiting: 1, running: 0 })
    await third.work(gate.handler, ONE_EACH)
    await until(() => gate.began.length === 3)
    gate.open()
    await until(() => isIdle(third))
    expect(gate.began.map(({ ref }) => ref.number)).toEqual([30, 31, 31])
  })

  it('a worker that loses the database drops its jobs before another takes them', async () => {
    let isAway = false
    const away: Database = {
      ...database,
      query: async (...args) => (isAway ? Promise.reject(new ServiceError('database', 'away')) : await database.query(...args)),
      transaction: async (...args) => (isAway ? Promise.reject(new ServiceError('database', 'away')) : await database.transaction(...args)),
    } as Database
    const [lost, other] = [await newQueue(away), await newQueue()]
    const events: string[] = []
    const gate = gatedHandler()
    const told =
      (who: string): Handler =>
      async (job, attempt, signal) => {
        events.push(`${who} begins`)
        signal.addEventListener('abort', () => events.push(`${who} drops`))
        await gate.handler(job, attempt, signal)
      }
    await lost.work(told('lost'), ONE_EACH)
    await lost.add(review(40))
    await until(() => events.length === 1)
    await other.work(told('other'), ONE_EACH)
    isAway = true
    await until(() => events.length === 3)
    expect(events).toEqual(['lost begins', 'lost drops', 'other begins'])
    isAway = false
    gate.open()
    await until(() => isIdle(other))
    // It works again, under another name.
    await other.stop(0)
    await lost.add(review(41))
    await until(() => gate.began.length === 3)
    gate.open()
    await until(() => isIdle(lost))
  })

  it('a burst with duplicates loses nothing and leaves no rows behind', async () => {
    const [first, second] = [await newQueue(), await newQueue()]
    const atOnce = new Map<number, number>()
    const seen = new Set<number>()
    let together = 0
    const handler: Handler = async ({ ref }) => {
      atOnce.set(ref.number, (atOnce.get(ref.number) ?? 0) + 1)
      together = Math.max(together, atOnce.get(ref.number) ?? 0)
      await new Promise((resolve) => setTimeout(resolve, 5))
      seen.add(ref.number)
      atOnce.set(ref.number, (atOnce.get(ref.number) ?? 0) - 1)
    }
    for (const queue of [first, second]) await queue.work(handler, { concurrency: 4, perInstallation: 8 })
    const added = await Promise.all(
      Array.from({ length: 250 }, (_, index) => {
        const job: Job = { kind: 'review', ref: refOf(100 + (index % 40)), delivery: `burst ${index % 200}` }
        return (index % 2 ? first : second).add(job)
      }),
    )
    expect(added.filter(Boolean)).toHaveLength(200)
    await until(() => isIdle(first))
    expect(seen.size).toBe(40)
    expect(together).toBe(1)
    const [left] = await database.query(
      'select (select count(*) from pgwitness_queue.job)::int as jobs, (select count(*) from pgwitness.leases)::int as leases',
    )
    expect(left).toEqual({ jobs: 0, leases: 0 })
  })

  // Of Postgres 14 they take the longest, and show nothing of their own.
  if (name !== 'Postgres 14')
    describe('processes', () => {
      const children: ChildProcess[] = []
      afterEach(() => {
        for (const child of children.splice(0)) child.kill('SIGKILL')
      })
      function startChild(task: WorkerTask) {
        const said: string[] = []
        const child = spawn(process.execPath, ['test/fixtures/queue-worker.ts', JSON.stringify(task)], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        children.push(child)
        createInterface(child.stdout).on('line', (line) => {
          const { event, number } = JSON.parse(line) as { event: string; number?: number }
          said.push(number === undefined ? event : `${event} ${number}`)
        })
        const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
        return { child, said, ended, until: (what: string) => until(() => said.includes(what)) }
      }

      it('a job whose process is killed begins anew in another, or in the same after its restart', async () => {
        const own = await storage.create()
        const first = startChild({ address: own, add: [1, 2], holdMs: 3_600_000 })
        await first.until('begin 1')
        await first.until('begin 2')
        const second = isShared ? startChild({ address: own, add: [], holdMs: 50 }) : undefined
        await second?.until('ready')
        first.child.kill('SIGKILL')
        await first.ended
        const next = second ?? startChild({ address: own, add: [], holdMs: 50 })
        await next.until('end 1')
        await next.until('end 2')
        expect(next.said.filter((line) => line.startsWith('begin'))).toHaveLength(2)
        next.child.kill('SIGTERM')
        await next.ended
        expect(next.said.at(-1)).toBe('stopped')
      })

      const shared = isShared ? it : (name: string, _body: () => Promise<void>) => void name
      shared('a process that stood still for long drops its jobs when it goes on, as another has them', async () => {
        const own = await storage.create()
        const first = startChild({ address: own, add: [1], holdMs: 3_600_000 })
        await first.until('begin 1')
        const second = startChild({ address: own, add: [], holdMs: 3_600_000 })
        first.child.kill('SIGSTOP')
        await second.until('begin 1')
        first.child.kill('SIGCONT')
        await first.until('abort 1')
        expect(second.said).not.toContain('abort 1')
      })

      it('a job that kills each worker is given up, and that is told', async () => {
        const own = await storage.create()
        for (let death = 0; death < 2; death++) {
          const child = startChild({ address: own, add: death === 0 ? [1] : [], holdMs: 3_600_000 })
          await child.until('begin 1')
          child.child.kill('SIGKILL')
          await child.ended
        }
        const last = await openAddress(own)
        try {
          const queue = await newQueue(last)
          const attempts: Attempt[] = []
          await queue.work(async (_job, attempt) => void attempts.push(attempt), ONE_EACH)
          await until(async () => (await queue.counts()).failed === 1)
          expect(attempts).toEqual([{ isLast: false, isBegun: true, isGivenUp: true }])
          expect(await isIdle(queue)).toBe(true)
          await queue.stop(0)
        } finally {
          queues.splice(0)
          await last.close()
        }
      })
    })
})
