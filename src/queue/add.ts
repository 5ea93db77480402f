import type { PgBoss } from 'pg-boss'
import { type Database, SCHEMA, type Session } from '../database/database.ts'
import { findWaiting, postpone, remove, send } from './boss.ts'
import { changeKey, type Job, type Task } from './queue.ts'
import { deliveryOf, merge, newWork } from './work.ts'

/** Puts a job in, or does a `cancel`; false when its delivery was seen before. All or nothing: a process that dies in between has not seen it. */
export async function addJob(boss: PgBoss, database: Database, job: Job): Promise<boolean> {
  const change = changeKey(job.ref)
  return await database.transaction(
    async (session) => {
      if (!(await isNew(session, job))) return false
      if (job.kind === 'cancel') await cancel(boss, session, change)
      else if (job.kind === 'review') await addReview(boss, session, job, change)
      else await send(boss, session, newWork(job))
      return true
    },
    [`delivery ${deliveryOf(job)}`, `change ${change}`],
  )
}

async function isNew(session: Session, job: Job): Promise<boolean> {
  const rows = await session.query(
    `insert into ${SCHEMA}.deliveries (delivery, kind) select $1, $2
     where not exists (select from ${SCHEMA}.deliveries where delivery = $1 and kind = $2) returning 1`,
    [deliveryOf(job), job.kind],
  )
  return rows.length > 0
}

/** One that waits will see the newest commit. Where it waits because something failed, it is tried again now, unless the service said when. */
async function addReview(boss: PgBoss, session: Session, job: Task, change: string): Promise<void> {
  const work = newWork(job)
  const [waiting] = await findWaiting(boss, session, 'review', change)
  if (!waiting) return await send(boss, session, work)
  const { notBefore, job: older } = waiting.work
  const merged = { ...work, job: merge(older, job), notBefore }
  await postpone(boss, session, waiting.id, merged, notBefore === undefined ? 0 : notBefore - Date.now())
}

async function cancel(boss: PgBoss, session: Session, change: string): Promise<void> {
  for (const { id } of await findWaiting(boss, session, 'review', change)) await remove(boss, session, 'review', id)
  // After the removal, which waits for a worker that is just taking it: its lease is seen here. The worker looks at its leases.
  await session.query(`update ${SCHEMA}.leases set cancelled = true where queue = 'review' and change = $1`, [change])
}
