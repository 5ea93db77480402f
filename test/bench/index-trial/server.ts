import { existsSync } from 'node:fs'
import pg from 'pg'
import { ADMIN, newCluster } from '../../../src/clones/local/cluster.ts'
import { localBinaries } from '../../../src/clones/local.ts'
import { markStatement } from '../../../src/clones/native/marker.ts'
import type { Workload } from '../workloads/workload.ts'

/** Debian's, since HypoPG is packaged for it and not for npm's. */
const BIN = '/usr/lib/postgresql/15/bin'
const CONTROL_FILE = '/usr/share/postgresql/15/extension/hypopg.control'
/** Owns the tables and is no superuser. */
const OWNER = 'bench_owner'
const TEMPLATE = 'loaded'
const COPY = 'trial'

const SETTINGS = {
  shared_buffers: '256MB',
  work_mem: '16MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
  jit: 'off',
  fsync: 'off',
}

/** A database with the rows and statistics of a workload. */
export interface TrialDatabase {
  /** As the owner of its tables. */
  url: string
  /** A session of the owner's. */
  client: pg.Client
}

export interface TrialServer extends AsyncDisposable {
  /** Makes the database that copies are made of, and says how long that took. */
  load(workload: Workload): Promise<{ seconds: number; megabytes: number }>
  /** A copy down to its statistics, so that a figure differs by the indexes alone. It is dropped afterwards. */
  onCopy<Answer>(use: (database: TrialDatabase) => Promise<Answer>): Promise<Answer>
}

/** What has to be installed first; undefined when nothing is missing. */
export function whatIsMissing(): string | undefined {
  if (!existsSync(`${BIN}/initdb`)) return `There are no programs in ${BIN}: install postgresql-15 and postgresql-15-hypopg.`
  return existsSync(CONTROL_FILE) ? undefined : `There is no ${CONTROL_FILE}: install postgresql-15-hypopg.`
}

/** A throw-away cluster of Debian's Postgres 15. */
export async function startTrialServer(): Promise<TrialServer> {
  const cluster = newCluster(localBinaries({ postgres: 15, folders: [BIN] }), SETTINGS)
  const connect = async (database: string, user: string): Promise<pg.Client> => {
    const client = new pg.Client({ host: cluster.folder, database, user })
    await client.connect()
    return client
  }
  const asSuperuser = async (database: string, ...statements: string[]): Promise<void> => {
    const client = await connect(database, ADMIN)
    try {
      for (const sql of statements) await client.query(sql)
    } finally {
      await client.end()
    }
  }
  try {
    await cluster.initialise()
    await cluster.start(new AbortController().signal)
    await asSuperuser('postgres', `create role ${OWNER} login`)
  } catch (error) {
    await cluster.remove()
    throw error
  }
  return {
    async load({ schema, load }) {
      await asSuperuser('postgres', `drop database if exists ${TEMPLATE}`, `create database ${TEMPLATE}`)
      await asSuperuser(
        TEMPLATE,
        'create extension hypopg',
        'create extension pg_trgm',
        `grant all on schema public to ${OWNER}`,
        `grant all on database ${TEMPLATE} to ${OWNER}`,
      )
      const client = await connect(TEMPLATE, OWNER)
      try {
        const started = performance.now()
        for (const sql of [...schema, ...load, 'vacuum (analyze)']) await client.query(sql)
        const seconds = (performance.now() - started) / 1000
        const { rows } = await client.query('select pg_database_size(current_database()) / 1e6 as megabytes')
        return { seconds, megabytes: Number(rows[0].megabytes) }
      } finally {
        await client.end()
      }
    },
    async onCopy(use) {
      await asSuperuser('postgres', `create database ${COPY} template ${TEMPLATE} strategy file_copy`, markStatement(COPY, 'broken'))
      await asSuperuser('postgres', `grant all on database ${COPY} to ${OWNER}`)
      const client = await connect(COPY, OWNER)
      try {
        return await use({ url: `postgres://${OWNER}@/${COPY}?host=${cluster.folder}`, client })
      } finally {
        await client.end()
        await asSuperuser('postgres', `drop database ${COPY} with (force)`)
      }
    },
    [Symbol.asyncDispose]: async () => await cluster.remove(),
  }
}
