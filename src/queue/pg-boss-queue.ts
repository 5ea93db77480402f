import { type Database, SCHEMA } from '../database/database.ts'
import { MONTHS_EVERY_MS, turnMonths } from '../database/partitions.ts'
import { newAdder } from './add.ts'
import { BOSS_SCHEMA, LANES, openBoss } from './boss.ts'
import { QUEUE_LIMITS, type QueueLimits } from './limits.ts'
import { maskedMessage } from './masked-message.ts'
import type { Queue, QueueCounts } from './queue.ts'
import { startWorker, type Worker } from './worker.ts'

/** GitHub lets a delivery be sent again for three days. */
const MONTHLY = [
  { table: 'deliveries', keptMonths: 1 },
  { table: 'failures', keptMonths: 2 },
]

/**
 * The queue on pg-boss, over a database that stays the caller's: it is closed after `stop`. `warn` gets one line for each thing that is no job's fault, without
 * secrets.
 */
export async function pgBossQueue(
  database: Database,
  options: { warn?: (message: string) => void; limits?: Partial<QueueLimits> } = {},
): Promise<Queue> {
  const { warn = () => {} } = options
  const limits = { ...QUEUE_LIMITS, ...options.limits }
  const turn = () => turnMonths(database, MONTHLY)
  await turn()
  const boss = await openBoss(database, warn)
  const months = setInterval(() => turn().catch((error: unknown) => warn(`queue: ${maskedMessage(error)}`)), MONTHS_EVERY_MS)
  months.unref()
  const add = newAdder(boss, database)
  let worker: Worker | undefined
  let adding = 0
  return {
    async add(job) {
      adding += 1
      try {
        return await add(job)
      } finally {
        adding -= 1
        // In a burst the rest is put in first, so that whoever waits for an answer does not wait for work that begins.
        if (adding === 0) worker?.wake()
      }
    },
    async work(handler, { concurrency, perInstallation }) {
      if (worker) throw new Error('the queue works already')
      worker = await startWorker({ boss, database, handler, concurrency, perInstallation, limits, warn })
    },
    async stop(graceMs) {
      clearInterval(months)
      await worker?.stop(graceMs)
      await boss.stop({ graceful: false })
    },
    counts: () => count(database),
  }
}

async function count(database: Database): Promise<QueueCounts> {
  const [counts] = await database.query<QueueCounts>(
    `select count(*) filter (where state < 'active')::int as waiting, count(*) filter (where state = 'active')::int as running,
       (select count(*) from ${SCHEMA}.failures)::int as failed
     from ${BOSS_SCHEMA}.job where name = any ($1::text[])`,
    [LANES],
  )
  return counts ?? { waiting: 0, running: 0, failed: 0 }
}
