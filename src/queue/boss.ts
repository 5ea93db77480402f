import { type Db, type JobInsert, PgBoss } from 'pg-boss'
import type { Database, Session } from '../database/database.ts'
import { changeKey } from './queue.ts'
import { ownerOf, type Work } from './work.ts'

/** Beside a pg-boss of the user's own. */
export const BOSS_SCHEMA = 'pgwitness_queue'
export const LANES = ['review', 'answer'] as const
/** Reviews and answers do not wait for each other: a question is answered while a review of the same change runs. */
export type Lane = (typeof LANES)[number]

const DAY_SECONDS = 86_400
const POLICY = 'key_strict_fifo'

/**
 * pg-boss over our database. `key_strict_fifo` is the policy that lets one job of a change run at a time by looking at what runs now; `stately` would, too,
 * but leaves out changes that ran when it last counted, up to a minute ago. A job that ends, however it ends, is deleted: nothing may stay in this policy's
 * `failed` or `retry` states, which hold back the change.
 */
export async function openBoss(database: Database, warn: (message: string) => void): Promise<PgBoss> {
  const boss = new PgBoss({
    db: executor(database),
    backend: database.kind === 'embedded' ? 'pglite' : 'postgres',
    schema: BOSS_SCHEMA,
    schedule: false,
    useListenNotify: false,
    // There are no flows.
    flowIntervalSeconds: 3_600,
    maintenanceIntervalSeconds: 3_600,
  })
  boss.on('error', (error) => warn(`queue: ${error.message}`))
  boss.on('warning', ({ message }) => warn(`queue: ${message}`))
  await startTogether(boss)
  for (const lane of LANES) {
    // Leases say whether a job still runs; pg-boss's own limit is the longest there is.
    await boss.createQueue(lane, {
      policy: 'key_strict_fifo',
      retryLimit: 0,
      expireInSeconds: DAY_SECONDS,
      retentionSeconds: 14 * DAY_SECONDS,
    })
    // Makes pg-boss read the queue now: later it would do so on another connection, in the middle of a transaction of ours.
    await boss.findJobs(lane, { key: 'none', queued: true })
  }
  return boss
}

/** Of several processes that make pg-boss's schema at once, all but one may fail: then it is there. */
async function startTogether(boss: PgBoss): Promise<void> {
  for (let left = 5; ; left--) {
    try {
      await boss.start()
      return
    } catch (error) {
      if (left === 0) throw error
      await boss.stop({ graceful: false }).catch(() => {})
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** How pg-boss asks, also inside a transaction of ours. */
export function executor(session: Session): Db {
  return { executeSql: async (sql, values) => ({ rows: await session.query(sql, values ?? []) }) }
}

/** Puts work in, to begin so many ms from now. */
export async function send(boss: PgBoss, session: Session, works: readonly Work[], delayMs = 0): Promise<void> {
  for (const lane of LANES) {
    const jobs = works.flatMap((work) => (work.job.kind === lane ? [jobOf(work, delayMs)] : []))
    if (jobs.length === 0) continue
    const ids = await boss.insert(lane, jobs, { returnId: true, db: executor(session) })
    if (ids?.length !== jobs.length) throw new Error('the queue did not take all jobs')
  }
}

function jobOf(work: Work, delayMs: number): JobInsert<Work> {
  const { ref } = work.job
  return { data: work, singletonKey: changeKey(ref), group: { id: ownerOf(ref) }, startAfter: String(seconds(delayMs)) }
}

/** What waits of changes: of reviews at most one each. pg-boss finds by one key only. */
export async function findWaiting(session: Session, lane: Lane, changes: readonly string[]): Promise<Waiting[]> {
  if (changes.length === 0) return []
  return await session.query<Waiting>(
    `select id, singleton_key as change, data as work from ${BOSS_SCHEMA}.job
     where name = $1 and singleton_key = any ($2::text[]) and state < 'active' and not blocked and policy = '${POLICY}'`,
    [lane, changes],
  )
}

export interface Waiting {
  id: string
  change: string
  work: Work
}

/** Changes what waits, and when it begins; false when it waits no more. */
export async function postpone(boss: PgBoss, session: Session, id: string, work: Work, delayMs: number): Promise<boolean> {
  const { updated } = await boss.update(work.job.kind, work, { id, startAfter: seconds(delayMs), db: executor(session) })
  return updated > 0
}

export async function remove(boss: PgBoss, session: Session, lane: Lane, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await boss.deleteJob(lane, [...ids], { db: executor(session) })
}

/** An interval of Postgres: by its clock, so that processes need not agree on the time. */
function seconds(ms: number): number {
  return Math.max(0, ms) / 1_000
}
