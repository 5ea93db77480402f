import { accessSync, constants } from 'node:fs'
import { join, resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { vector } from '@electric-sql/pglite-pgvector'
import { UserError } from '../errors.ts'
import { makeFolder } from '../make-folder.ts'
import type { Database } from './database.ts'
import { lockFolder } from './folder-lock.ts'
import { newHousekeeping } from './housekeeping.ts'
import { migrate } from './migrate.ts'

/**
 * PGlite in a data folder, for one process: UserError when another has it open. What is committed survives `kill -9`, but not a loss of power, as PGlite
 * does not wait for the disk.
 */
export async function openEmbedded(folder: string, options: { migrations?: string } = {}): Promise<Database> {
  const path = resolve(folder)
  prepareFolder(path)
  const unlock = lockFolder(path)
  try {
    const pglite = new PGlite(join(path, 'postgres'), { extensions: { vector } })
    await pglite.waitReady
    const database = overPglite(pglite, unlock)
    try {
      await migrate(database, options.migrations)
      return database
    } catch (error) {
      await database.close()
      throw error
    }
  } catch (error) {
    unlock()
    throw error
  }
}

function prepareFolder(path: string): void {
  try {
    makeFolder(path, 0o700)
  } catch (error) {
    throw new UserError(`The data folder ${path} cannot be made: ${(error as NodeJS.ErrnoException).code}.`, { cause: error })
  }
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new UserError(`The data folder ${path} cannot be written to: ${(error as NodeJS.ErrnoException).code}.`, { cause: error })
  }
}

/** The one session there is: everything takes its turn, so that an aborted transaction is never seen by somebody else. */
function overPglite(pglite: PGlite, unlock: () => void): Database {
  const turn = turns(newHousekeeping(pglite))
  const query = <Row>(sql: string, parameters?: readonly unknown[]) => run<Row>(pglite, sql, parameters)
  let closing: Promise<void> | undefined
  return {
    kind: 'embedded',
    query: <Row>(sql: string, parameters?: readonly unknown[]) =>
      turn(async () => {
        try {
          return await query<Row>(sql, parameters)
        } catch (error) {
          // Several statements may have begun a transaction themselves.
          await pglite.exec('rollback').catch(() => {})
          throw error
        }
      }),
    // Nobody else is there to be locked out.
    transaction: (work) =>
      turn(async () => {
        await pglite.exec('begin')
        try {
          const result = await work({ query })
          await pglite.exec('commit')
          return result
        } catch (error) {
          await pglite.exec('rollback').catch(() => {})
          throw error
        }
      }),
    build: (statement) => turn(async () => void (await pglite.exec(statement))),
    close() {
      closing ??= turn(async () => {
        await pglite.close()
        unlock()
      })
      return closing
    },
  }
}

async function run<Row>(pglite: PGlite, sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
  if (parameters.length > 0) return (await pglite.query<Row>(sql, [...parameters])).rows
  return (await pglite.exec(sql)).flatMap(({ rows }) => rows as Row[])
}

/** One after the other, in the order asked; `after` each, before the next. */
function turns(after: () => Promise<void>): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>) => {
    const mine = last.then(work)
    last = mine
      .catch(() => {})
      .then(after)
      .catch(() => {})
    return mine
  }
}
