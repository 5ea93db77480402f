import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../errors.ts'
import { type Database, SCHEMA, type Session } from './database.ts'

/** Beside this file also in the package: the build copies them. */
const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url))
const LOCK_SECONDS = 10
const FILE = /^(\d{4})-[a-z0-9-]+\.sql$/

interface Migration {
  number: number
  name: string
  sql: string
  hash: string
}

/**
 * Brings the schema up to date, in one transaction under a lock, so that of many processes that start at once one does it and the others see it done.
 * UserError for a database that a newer version has changed, and for a file that is not the one that was applied.
 */
export async function migrate(database: Database, folder = FOLDER): Promise<void> {
  const files = readMigrations(folder)
  await database.transaction(
    async (session) => {
      // Without looking first, a role that may not create schemas could not start on one that is there.
      const [there] = await session.query<{ name: string | null }>(`select to_regclass('${SCHEMA}.migrations')::text as name`)
      if (!there?.name) await session.query(START)
      const applied = await session.query<{ number: number; name: string; hash: string }>(
        `select number, name, hash from ${SCHEMA}.migrations order by number`,
      )
      for (const { number, name, hash } of applied) refuse(files[number - 1], name, hash)
      // Others would wait behind a lock that is waited for.
      await session.query(`set local lock_timeout = '${LOCK_SECONDS}s'`)
      for (const file of files.slice(applied.length)) await apply(session, file)
    },
    ['migrations'],
  )
}

const START = `create schema if not exists ${SCHEMA};
  create table ${SCHEMA}.migrations (
    number int primary key, name text not null, hash text not null, applied_at timestamptz not null default now()
  )`

function refuse(file: Migration | undefined, name: string, hash: string): void {
  if (!file) {
    throw new UserError(
      `The database was changed by a newer pgwitness (${name}), which this one does not know. Start that version, or a newer one.`,
    )
  }
  if (file.hash !== hash || file.name !== name) {
    throw new UserError(
      `The database was made by ${name}, and this pgwitness has another one under its number (${file.name}). Install a release, or give it an empty database.`,
    )
  }
}

async function apply(session: Session, { number, name, sql, hash }: Migration): Promise<void> {
  await session.query(sql)
  await session.query(`insert into ${SCHEMA}.migrations (number, name, hash) values ($1, $2, $3)`, [number, name, hash])
}

function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => FILE.test(name))
    .sort()
  return names.map((name, index) => {
    const number = Number(FILE.exec(name)?.[1])
    if (number !== index + 1) throw new Error(`migrations are numbered from 0001 without gaps, but ${name} is the ${index + 1}th`)
    const sql = readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n')
    return { number, name, sql, hash: createHash('sha256').update(sql).digest('hex') }
  })
}
