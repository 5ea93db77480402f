import type { Effects } from '../../src/sql/effects.ts'
import { type Case, readSetup } from './corpus.ts'
import { type Connection, observe, type Snapshot, takeSnapshot } from './observe.ts'

/** A case that ran: what it did, and the relations there were before its script and before it. */
export interface Measured {
  effects: Effects
  existed: Snapshot
  before: Snapshot
}

const SCHEMAS = `SELECT nspname AS name FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'`

/** Puts a setup where another one was. */
export async function loadSetup(connection: Connection, name: string): Promise<void> {
  for (const { name: schema } of await connection.query<{ name: string }>(SCHEMAS))
    await connection.query(`DROP SCHEMA "${schema}" CASCADE`)
  for (const { name: publication } of await connection.query<{ name: string }>('SELECT pubname AS name FROM pg_publication'))
    await connection.query(`DROP PUBLICATION "${publication}"`)
  await connection.query(`CREATE SCHEMA public; ${readSetup(name)}`)
}

/**
 * Runs the cases, each in a transaction that is rolled back, and gives each to `visit` while its transaction is still
 * open before the statement itself, so that the catalog can be read there. `fail` hears of a case that the server refuses.
 */
export async function measureCorpus(
  connection: Connection,
  cases: Case[],
  visit: (one: Case, snapshots: { existed: Snapshot; before: Snapshot }) => Promise<(effects: Effects) => void>,
  fail: (one: Case, error: string) => void,
): Promise<void> {
  let setup = ''
  let existed: Snapshot = { relations: new Map(), types: new Map() }
  for (const one of cases) {
    if (one.setup !== setup) {
      await loadSetup(connection, one.setup)
      existed = await takeSnapshot(connection)
      setup = one.setup
    }
    const local = one.before.filter((statement) => statement.startsWith('SET LOCAL'))
    const earlier = one.before.filter((statement) => !local.includes(statement))
    for (const statement of earlier) await connection.query(statement)
    await connection.query('BEGIN')
    try {
      for (const statement of local) await connection.query(statement)
      const before = one.before.length > 0 ? await takeSnapshot(connection) : existed
      const done = await visit(one, { existed, before })
      done(await observe(connection, one.statement, existed, before))
    } catch (error) {
      fail(one, String((error as Error).message))
    } finally {
      await connection.query('ROLLBACK')
    }
    for (const statement of one.after) await connection.query(statement)
  }
}
