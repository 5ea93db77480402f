import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN, type Cluster, newCluster } from '../src/clones/local/cluster.ts'
import { readKnowledgeEnvironment } from '../src/config.ts'
import type { Database } from '../src/database/database.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { openReplica } from '../src/database/replica.ts'
import type { KnowledgeBase } from '../src/knowledge/knowledge-base.ts'
import { postgresKnowledgeBase } from '../src/knowledge/postgres.ts'
import { type Server, startServer } from './fixtures/servers.ts'

const signal = new AbortController().signal
/** A replica that failed is asked again after so long. */
const AGAIN_MS = 50

let server: Server
let standby: Cluster
let primary: Database
let base: KnowledgeBase
const standbyUrl = (role = 'shop_script'): string => `postgres://${role}@/kb?host=${standby.folder}`

/** A standby that streams from the server: its files are a copy of the stopped server's. */
beforeAll(async () => {
  server = await startServer(18)
  await server.query('create database kb owner shop_script')
  await (await openPostgres(server.url('kb'))).close()
  standby = newCluster(server.cluster.binaries, { primary_conninfo: `host=${server.cluster.folder} user=${ADMIN}` })
  const copy = join(server.cluster.folder, 'copy')
  await server.cluster.stop('fast')
  await server.cluster.copyTo(copy)
  await server.cluster.start(signal)
  await standby.takeFrom(copy)
  rmSync(copy, { recursive: true })
  writeFileSync(join(standby.folder, 'data/standby.signal'), '')
  await standby.start(signal)
  primary = await openPostgres(server.url('kb'))
  base = await postgresKnowledgeBase(primary)
  await base.declare({ name: 'notes', type: 'web-page', urls: ['https://a.example'], hosts: ['a.example'] })
})
afterAll(async () => {
  await base?.close()
  await primary?.close()
  await standby?.remove()
  await server?.[Symbol.asyncDispose]()
})

async function store(...texts: string[]): Promise<void> {
  const source = {
    async *read() {
      for (const text of texts) {
        const block = { breadcrumb: [], anchor: null, kind: 'prose' as const, term: null, text }
        const more = { author: null, date: null, licence: null, trust: 'unknown' as const, versions: null, problems: [] }
        yield {
          kind: 'document' as const,
          document: { key: text, revision: '1', title: text, url: 'https://a.example', blocks: [block], ...more },
        }
      }
    },
  }
  await base.sync('notes', source, { signal, progress() {} })
}

/** Until the standby has all that the server has written. */
async function caughtUp(): Promise<void> {
  const [{ at } = { at: '' }] = await server.query<{ at: string }>('select pg_current_wal_lsn()::text as at')
  await onStandby(async (client) => {
    while (!(await client.query('select pg_last_wal_replay_lsn() >= $1::pg_lsn as is', [at])).rows[0].is) await wait(10)
  })
}

async function onStandby<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(standbyUrl(ADMIN))
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** A knowledge base that searches on the replica, what it warned of, and what it asked the primary for. */
async function opened(url = standbyUrl()) {
  const warnings: string[] = []
  const asked: string[] = []
  const watched: Database = {
    ...primary,
    query: async (sql, parameters) => {
      asked.push(sql)
      return await primary.query(sql, parameters)
    },
  }
  const replica = openReplica(url, watched, (message) => warnings.push(message), AGAIN_MS)
  const searching = await postgresKnowledgeBase(watched, { replica })
  return {
    warnings,
    replica,
    search: async (text: string): Promise<string[]> => (await searching.search({ text, limit: 5 }, signal)).map((one) => one.text),
    /** Other than which migrations there are. */
    searchesOnPrimary: () => asked.splice(0).filter((sql) => !sql.includes('migrations')).length,
    [Symbol.asyncDispose]: async () => {
      await searching.close()
      await replica.close()
    },
  }
}

test('searches go to the replica, which cannot be written to, and find what has reached it', async () => {
  await store('The quokka sleeps.')
  await caughtUp()
  await using kb = await opened()
  expect(await kb.search('quokka')).toEqual(['The quokka sleeps.'])
  expect(kb.searchesOnPrimary()).toBe(0)
  await onStandby(async (client) => await client.query('select pg_wal_replay_pause()'))
  await store('The numbat digs.')
  expect(await kb.search('numbat')).toEqual([])
  await onStandby(async (client) => await client.query('select pg_wal_replay_resume()'))
  await caughtUp()
  expect(await kb.search('numbat')).toEqual(['The numbat digs.'])
  expect(kb.searchesOnPrimary()).toBe(0)
  expect(kb.warnings).toEqual([])
})

test('an address that is no replica is not written to either', async () => {
  for (const url of [server.url('kb'), standbyUrl()]) {
    await using kb = await opened(url)
    const create = 'create table pgwitness.mine ()'
    await expect(kb.replica.query(create)).rejects.toThrow('read-only')
    await expect(kb.replica.transaction(async (session) => await session.query(create))).rejects.toThrow('read-only')
    expect(kb.warnings).toEqual([])
  }
})

test('while the replica is down the primary answers, and it is told once', async () => {
  await using kb = await opened()
  expect(await kb.search('numbat')).toHaveLength(1)
  await standby.stop('immediate')
  for (let times = 0; times < 4; times++) {
    expect(await kb.search('numbat')).toHaveLength(1)
    await wait(AGAIN_MS)
  }
  expect(kb.searchesOnPrimary()).toBeGreaterThanOrEqual(8)
  expect(kb.warnings).toEqual([expect.stringMatching(/^Searches go to the primary, not to the replica: database: /)])
  await standby.start(signal)
  await wait(AGAIN_MS)
  expect(await kb.search('numbat')).toHaveLength(1)
  expect(kb.warnings.slice(1)).toEqual(['Searches go to the replica again.'])
  expect(kb.searchesOnPrimary()).toBe(0)
})

test('a replica that has not got the migrations yet is left alone until it has', async () => {
  await onStandby(async (client) => await client.query('select pg_wal_replay_pause()'))
  await primary.query(`insert into pgwitness.migrations (number, name, hash) values (9999, 'of-tomorrow', '')`)
  await using kb = await opened()
  expect(await kb.search('quokka')).toEqual([])
  expect(await kb.search('numbat')).toHaveLength(1)
  expect(kb.searchesOnPrimary()).toBeGreaterThan(2)
  expect(kb.warnings).toEqual(['Searches go to the primary, not to the replica: it has not got migration 9999 yet'])
  await onStandby(async (client) => await client.query('select pg_wal_replay_resume()'))
  await caughtUp()
  await wait(AGAIN_MS)
  expect(await kb.search('numbat')).toHaveLength(1)
  expect(kb.searchesOnPrimary()).toBe(0)
  await primary.query('delete from pgwitness.migrations where number = 9999')
})

test('a replica that lets nobody in, or that is not there, keeps nobody from searching', async () => {
  for (const url of ['postgres://nobody@/kb?host=/nowhere', standbyUrl('nobody'), 'postgres://x@127.0.0.1:1/kb']) {
    await using kb = await opened(url)
    expect(await kb.search('numbat')).toHaveLength(1)
    expect(kb.warnings).toHaveLength(1)
    expect(kb.warnings[0]).not.toContain('DATABASE_URL refuses')
  }
})

test('the environment says where it is', () => {
  const both = { DATABASE_URL: 'postgres://a/b', DATABASE_REPLICA_URL: 'postgres://c/d' }
  expect(readKnowledgeEnvironment(both)).toMatchObject({ databaseUrl: 'postgres://a/b', replicaUrl: 'postgres://c/d' })
  expect(readKnowledgeEnvironment({})).toMatchObject({ replicaUrl: undefined })
  expect(() => readKnowledgeEnvironment({ DATABASE_REPLICA_URL: 'postgres://c/d' })).toThrow('set that too')
  expect(() => readKnowledgeEnvironment({ ...both, DATABASE_REPLICA_URL: 'c' })).toThrow('DATABASE_REPLICA_URL is no address')
})
