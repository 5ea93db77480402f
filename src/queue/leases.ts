import type { PgBoss } from 'pg-boss'
import { advisoryLock } from '../database/advisory-lock.ts'
import { type Database, SCHEMA, type Session } from '../database/database.ts'
import { executor, findWaiting, LANES, type Lane, postpone, remove, send } from './boss.ts'
import type { QueueLimits } from './limits.ts'
import { maskedMessage } from './masked-message.ts'
import { changeKey } from './queue.ts'
import { merge, type Work } from './work.ts'

/** A job that a worker holds. */
export interface Lease {
  id: string
  lane: Lane
  change: string
  work: Work
}

/** What becomes of a job that ran. */
export type Outcome = { kind: 'done' } | { kind: 'again'; work: Work; delayMs: number } | { kind: 'failed'; work: Work; error: unknown }

export async function registerWorker(database: Database, worker: string, process: string): Promise<void> {
  await database.query(`insert into ${SCHEMA}.workers (id, process) values ($1, $2)`, [worker, process])
}

/** A sign of life; false when others took the worker for dead. */
export async function renew(database: Database, worker: string): Promise<boolean> {
  const rows = await database.query(`update ${SCHEMA}.workers set seen_at = now() where id = $1 returning 1`, [worker])
  return rows.length > 0
}

/** Jobs of the worker that a `cancel` is about. */
export async function findCancelled(database: Database, worker: string): Promise<string[]> {
  const rows = await database.query<{ job: string }>(`select job from ${SCHEMA}.leases where worker = $1 and cancelled`, [worker])
  return rows.map(({ job }) => job)
}

/**
 * Takes jobs that are due, no more than there is room for in each lane. All workers take under one lock, as two that count at once what runs of an
 * installation would both find room.
 */
export async function take(
  boss: PgBoss,
  database: Database,
  worker: string,
  room: Record<Lane, number>,
  perInstallation: number,
): Promise<Lease[]> {
  return await database.transaction(
    async (session) => {
      const leases: Lease[] = []
      for (const lane of LANES) {
        if (room[lane] <= 0) continue
        const jobs = await boss.fetch<Work>(lane, { batchSize: room[lane], groupConcurrency: perInstallation, db: executor(session) })
        leases.push(...jobs.map(({ id, data }) => ({ id, lane, change: changeKey(data.job.ref), work: data })))
      }
      if (leases.length > 0) {
        await session.query(
          `insert into ${SCHEMA}.leases (job, queue, change, work, worker)
           select id, lane, change, work, $2::uuid from jsonb_to_recordset($1::jsonb) as lease (id uuid, lane text, change text, work jsonb)`,
          [JSON.stringify(leases), worker],
        )
      }
      return leases
    },
    ['take'],
  )
}

/** Ends a job as its worker says; does nothing when the lease is no longer the worker's. */
export async function settle(boss: PgBoss, database: Database, worker: string, lease: Lease, outcome: Outcome): Promise<void> {
  await database.transaction(
    async (session) => {
      const held = await session.query<{ cancelled: boolean }>(
        `delete from ${SCHEMA}.leases where job = $1 and worker = $2 returning cancelled`,
        [lease.id, worker],
      )
      if (held[0]) await end(boss, session, lease, held[0].cancelled ? { kind: 'done' } : outcome)
    },
    [`change ${lease.change}`],
  )
}

/**
 * Takes jobs away from workers that gave no sign of life, so that they begin anew. `onlyProcess` is the one process there can be, where the database is
 * embedded: workers of another are dead.
 */
export async function takeOver(
  boss: PgBoss,
  database: Database,
  worker: string,
  limits: QueueLimits,
  onlyProcess: string | undefined,
): Promise<number> {
  return await database.transaction(
    async (session) => {
      // Locked first: one that comes back to life waits here, and then finds that it is gone.
      const dead = await session.query<{ id: string }>(
        `select id from ${SCHEMA}.workers
         where id <> $1 and (seen_at < now() - $2::int * interval '1 ms' or process <> $3::uuid) order by id for update`,
        [worker, limits.leaseMs, onlyProcess ?? null],
      )
      if (dead.length === 0) return 0
      const ids = dead.map(({ id }) => id)
      await lockChanges(session, ids)
      const leases = await session.query<Lease & { cancelled: boolean }>(
        `delete from ${SCHEMA}.leases where worker = any ($1::uuid[]) returning job as id, queue as lane, change, work, cancelled`,
        [ids],
      )
      await session.query(`delete from ${SCHEMA}.workers where id = any ($1::uuid[])`, [ids])
      // What was cancelled begins anew as well: nobody ended its status.
      for (const { cancelled, ...lease } of leases)
        await end(boss, session, lease, cancelled && lease.lane !== 'review' ? { kind: 'done' } : afterDeath(lease, limits))
      return leases.length
    },
    ['take over'],
  )
}

/** As whoever adds and settles does, before the rows and in the same order: the other way round two could wait for each other. */
async function lockChanges(session: Session, workers: readonly string[]): Promise<void> {
  const rows = await session.query<{ change: string }>(`select distinct change from ${SCHEMA}.leases where worker = any ($1::uuid[])`, [
    workers,
  ])
  for (const { change } of rows.sort((a, b) => (a.change < b.change ? -1 : 1))) await session.query(advisoryLock(`change ${change}`))
}

function afterDeath({ work }: Lease, limits: QueueLimits): Outcome {
  const again = { ...work, deaths: work.deaths + 1 }
  // Once more, to say so where the change is reviewed.
  if (again.deaths <= limits.deaths) return { kind: 'again', work: again, delayMs: 0 }
  return { kind: 'failed', work: again, error: `The process ended ${again.deaths} times while it was done.` }
}

/** One of the same change that waits does the work of a review that is to begin again; it, too, waits as long. */
async function end(boss: PgBoss, session: Session, { id, lane, change }: Lease, outcome: Outcome): Promise<void> {
  await remove(boss, session, lane, [id])
  if (outcome.kind === 'failed') return await recordFailure(session, change, outcome)
  if (outcome.kind === 'done') return
  const { delayMs } = outcome
  const work = { ...outcome.work, isBegun: true }
  const [waiting] = lane === 'review' ? await findWaiting(session, lane, [change]) : []
  if (!waiting) return await send(boss, session, [work], delayMs)
  // It counts as tried as well, so that the next commit does not wait for the back-off.
  const merged = {
    ...waiting.work,
    job: merge(work.job, waiting.work.job),
    isBegun: true,
    attempts: delayMs > 0 ? work.attempts : waiting.work.attempts,
    notBefore: work.notBefore ?? waiting.work.notBefore,
  }
  const wait = Math.max(delayMs, (merged.notBefore ?? 0) - Date.now())
  // A worker that takes it just now finds the newest commit as well.
  await postpone(boss, session, waiting.id, merged, wait)
}

async function recordFailure(session: Session, change: string, { work, error }: Outcome & { kind: 'failed' }): Promise<void> {
  const { kind, delivery } = work.job
  await session.query(`insert into ${SCHEMA}.failures (change, kind, delivery, attempts, message) values ($1, $2, $3, $4, $5)`, [
    change,
    kind,
    delivery,
    work.attempts,
    maskedMessage(error),
  ])
}

/** A worker without jobs says good-bye; one that leaves jobs behind is found dead. */
export async function unregisterWorker(database: Database, worker: string): Promise<void> {
  await database.query(`delete from ${SCHEMA}.workers where id = $1 and not exists (select from ${SCHEMA}.leases where worker = $1)`, [
    worker,
  ])
}
