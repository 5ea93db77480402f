import type { PgBoss } from 'pg-boss'
import { type Database, SCHEMA, type Session } from '../database/database.ts'
import { findWaiting, postpone, remove, send } from './boss.ts'
import { changeKey, type Job, type Task } from './queue.ts'
import { deliveryOf, merge, newWork, type Work } from './work.ts'

/** Jobs that come while others are put in go in together with the next: a burst costs few transactions. */
const MOST_AT_ONCE = 100

interface Asked {
  job: Job
  resolve(isNew: boolean): void
  reject(error: unknown): void
}

/** Puts jobs in, or does a `cancel`; false when its delivery was seen before. All or nothing: a process that dies in between has not seen it. */
export function newAdder(boss: PgBoss, database: Database): (job: Job) => Promise<boolean> {
  const asked: Asked[] = []
  let isBusy = false
  const flush = async () => {
    isBusy = true
    while (asked.length > 0) await addTogether(boss, database, asked.splice(0, MOST_AT_ONCE))
    isBusy = false
  }
  return (job) =>
    new Promise((resolve, reject) => {
      asked.push({ job, resolve, reject })
      // In a moment, when all that came with it are there.
      if (!isBusy) setImmediate(() => isBusy || flush())
    })
}

/** Never throws. One that cannot be put in does not keep out the others. */
async function addTogether(boss: PgBoss, database: Database, asked: readonly Asked[]): Promise<void> {
  try {
    const isNew = await addAll(
      boss,
      database,
      asked.map(({ job }) => job),
    )
    asked.forEach(({ resolve }, index) => {
      resolve(isNew[index] ?? false)
    })
  } catch (error) {
    if (asked.length === 1) return asked[0]?.reject(error)
    for (const one of asked) await addTogether(boss, database, [one])
  }
}

async function addAll(boss: PgBoss, database: Database, jobs: readonly Job[]): Promise<boolean[]> {
  // In one order, so that two processes with the same names do not wait for each other.
  const locks = [...new Set(jobs.flatMap((job) => [`change ${changeKey(job.ref)}`, `delivery ${deliveryOf(job)}`]))].sort()
  return await database.transaction(async (session) => {
    const isNew = await markSeen(session, jobs)
    const fresh = jobs.filter((_, index) => isNew[index])
    if (fresh.length > 0) await carryOut(boss, session, await planFor(session, fresh))
    return isNew
  }, locks)
}

/** Which of them come for the first time. */
async function markSeen(session: Session, jobs: readonly Job[]): Promise<boolean[]> {
  const keys = jobs.map((job) => JSON.stringify([deliveryOf(job), job.kind]))
  const seen = await session.query<{ delivery: string; kind: string }>(
    `insert into ${SCHEMA}.deliveries (delivery, kind)
     select distinct asked.delivery, asked.kind from unnest($1::text[], $2::text[]) as asked (delivery, kind)
     where not exists (select from ${SCHEMA}.deliveries d where d.delivery = asked.delivery and d.kind = asked.kind) returning delivery, kind`,
    [jobs.map(deliveryOf), jobs.map(({ kind }) => kind)],
  )
  const fresh = new Set(seen.map(({ delivery, kind }) => JSON.stringify([delivery, kind])))
  return keys.map((key) => fresh.delete(key))
}

/** What the jobs come to, taken in their order. */
interface Plan {
  sent: Work[]
  /** Reviews that wait already, and what is to become of them. */
  changed: Array<{ id: string; work: Work }>
  cancelled: string[]
  removed: string[]
}

async function planFor(session: Session, jobs: readonly Job[]): Promise<Plan> {
  const changes = new Set(jobs.filter(({ kind }) => kind !== 'answer').map(({ ref }) => changeKey(ref)))
  const waiting = new Map((await findWaiting(session, 'review', [...changes])).map((one) => [one.change, one]))
  const reviews = new Map<string, Work>()
  const answers: Work[] = []
  const changed = new Map<string, { id: string; work: Work }>()
  const cancelled = new Set<string>()
  const removed: string[] = []
  for (const job of jobs) {
    const change = changeKey(job.ref)
    const there = waiting.get(change)
    if (job.kind === 'answer') answers.push(newWork(job))
    else if (job.kind === 'cancel') {
      cancelled.add(change)
      reviews.delete(change)
      if (there?.work.isBegun) changed.set(change, { id: there.id, work: { ...there.work, attempts: 0 } })
      else {
        if (there) removed.push(there.id)
        waiting.delete(change)
        changed.delete(change)
      }
    } else if (there) {
      const work = renewed(changed.get(change)?.work ?? there.work, job)
      if (work) changed.set(change, { id: there.id, work })
    } else {
      const first = reviews.get(change)
      reviews.set(change, first ? { ...first, job: merge(first.job, job) } : newWork(job))
    }
  }
  return { sent: [...reviews.values(), ...answers], changed: [...changed.values()], cancelled: [...cancelled], removed }
}

/**
 * A review that waits will see the newest commit. Where it waits because something failed, it is tried now as if it were new, unless the service said when.
 * Undefined when nothing changes.
 */
function renewed(older: Work, job: Task): Work | undefined {
  const merged = merge(older.job, job)
  const isSame = older.attempts === 0 && older.job.ref.repository === job.ref.repository && isAsked(older.job) === isAsked(merged)
  return isSame ? undefined : { ...newWork(merged), isBegun: older.isBegun, notBefore: older.notBefore }
}

function isAsked(job: Task): boolean {
  return job.kind === 'review' && job.isAsked === true
}

async function carryOut(boss: PgBoss, session: Session, { sent, changed, cancelled, removed }: Plan): Promise<void> {
  await remove(boss, session, 'review', removed)
  // After the removal, which waits for a worker that is just taking it: its lease is seen here. The worker looks at its leases.
  if (cancelled.length > 0) {
    await session.query(`update ${SCHEMA}.leases set cancelled = true where queue = 'review' and change = any ($1::text[])`, [cancelled])
  }
  const late: Work[] = []
  for (const { id, work } of changed) {
    const delayMs = work.notBefore === undefined ? 0 : work.notBefore - Date.now()
    // A worker took it just now.
    if (!(await postpone(boss, session, id, work, delayMs))) late.push(work)
  }
  await send(boss, session, [...sent, ...late])
}
