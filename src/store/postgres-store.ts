import { type Database, SCHEMA, type Session } from '../database/database.ts'
import { MONTHS_EVERY_MS, turnMonths } from '../database/partitions.ts'
import type { Ignore, Store, StoredReview, Trust } from './store.ts'

const MONTHLY = [
  { table: 'reviews', keptMonths: 12 },
  { table: 'spending', keptMonths: 12 },
]

/** The store in tables of ours, over a database that stays the caller's. */
export async function postgresStore(database: Database, options: { warn?: (message: string) => void } = {}): Promise<Store> {
  const { warn = () => {} } = options
  const turn = () => turnMonths(database, MONTHLY)
  await turn()
  const months = setInterval(() => turn().catch((error: unknown) => warn(`store: ${String(error)}`)), MONTHS_EVERY_MS)
  months.unref()
  return {
    async addIgnore(change, { fingerprint, reason, by }) {
      await database.query(
        `insert into ${SCHEMA}.ignores (change, fingerprint, reason, login) values ($1, $2, $3, $4)
         on conflict (change, fingerprint) do update set reason = excluded.reason, login = excluded.login`,
        [change, storable(fingerprint), storable(reason), storable(by)],
      )
    },
    listIgnores: (change) =>
      database.query<Ignore>(
        `select fingerprint, reason, login as by from ${SCHEMA}.ignores where change = $1 order by made_at, fingerprint`,
        [change],
      ),
    async addTrust(change, { headSha, by }) {
      await database.query(
        `insert into ${SCHEMA}.trusts (change, head_sha, login) values ($1, $2, $3) on conflict (change, head_sha) do nothing`,
        [change, storable(headSha), storable(by)],
      )
    },
    listTrusts: (change) =>
      database.query<Trust>(
        `select head_sha as "headSha", login as by from ${SCHEMA}.trusts where change = $1 order by made_at, head_sha`,
        [change],
      ),
    async isFirst(change, what, comment) {
      const [row] = await database.query<{ first: boolean }>(
        `insert into ${SCHEMA}.said (change, what, comment) values ($1, $2, $3)
         on conflict (change, what) do update set what = excluded.what returning comment = $3 as first`,
        [change, what, comment],
      )
      return row?.first ?? false
    },
    saveReview: (review) => database.transaction((session) => save(session, review), [`review of ${review.change}`]),
    findReview: (change) => find(database, change),
    addSpending: (owner, spent) => addSpending(database, owner, spent),
    async secondsSpent(owner, since) {
      const [row] = await database.query<{ seconds: number }>(
        `select coalesce(sum(seconds), 0)::float8 as seconds from ${SCHEMA}.spending where owner = $1 and finished_at >= $2`,
        [owner, since],
      )
      return row?.seconds ?? 0
    },
    async [Symbol.asyncDispose]() {
      clearInterval(months)
    },
  }
}

async function save(session: Session, review: StoredReview): Promise<void> {
  const { change, forge, owner, headSha, finishedAt, seconds, report } = review
  await session.query(`delete from ${SCHEMA}.reviews where change = $1 and head_sha = $2`, [change, headSha])
  await session.query(
    `insert into ${SCHEMA}.reviews (change, forge, owner, head_sha, finished_at, seconds, report) values ($1, $2, $3, $4, $5, $6, $7::jsonb)`,
    [change, forge, owner, headSha, finishedAt, seconds, jsonText(report)],
  )
  await addSpending(session, owner, { finishedAt, seconds })
}

async function addSpending(session: Session, owner: string, { finishedAt, seconds }: { finishedAt: Date; seconds: number }): Promise<void> {
  await session.query(`insert into ${SCHEMA}.spending (owner, finished_at, seconds) values ($1, $2, $3)`, [owner, finishedAt, seconds])
}

async function find(database: Database, change: string): Promise<StoredReview | undefined> {
  const [review] = await database.query<StoredReview>(
    `select change, forge, owner, head_sha as "headSha", finished_at as "finishedAt", seconds, report
     from ${SCHEMA}.reviews where change = $1 order by finished_at desc, made_at desc limit 1`,
    [change],
  )
  return review
}

/** Text that Postgres takes: no NUL, no half of a surrogate pair. Both may stand in what a change brings. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed()
}

function jsonText(value: unknown): string {
  const clean = (_key: string, part: unknown): unknown => {
    if (typeof part === 'string') return storable(part)
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    const names = Object.keys(part)
    return names.every((name) => storable(name) === name)
      ? part
      : Object.fromEntries(Object.entries(part).map(([name, inner]) => [storable(name), inner]))
  }
  return JSON.stringify(value, clean) ?? 'null'
}
