/** Words of the manual for findings, from a knowledge base that may be away. */
import type { Database } from './database/database.ts'
import { UserError } from './errors.ts'
import type { KnowledgeBase } from './knowledge/knowledge-base.ts'
import type { Quotes } from './review/quotes.ts'

/** A server that is down must not keep a review from ending. */
const WAIT_MS = 2_000

export type OpenQuotes = Quotes & AsyncDisposable

/**
 * From the folder or the Postgres that `--knowledge` names. It is opened while the review runs, changes nothing there, and what goes wrong shows when it is
 * asked. A UserError for an address that is none.
 */
export function openQuotes(where: string): OpenQuotes {
  if (/^\w+:\/\//.test(where) && !/^postgres(?:ql)?:\/\//.test(where))
    throw new UserError(
      '--knowledge is a folder (`--data` of `pgwitness kb`), or the address of a Postgres: postgres://user:password@host/database.',
    )
  const opening = open(where)
  // Told when it is asked.
  opening.catch(() => {})
  return {
    ...quotesOf(async () => (await opening).base),
    async [Symbol.asyncDispose]() {
      const closed = opening.then(
        async ({ base, database }) => {
          await base.close()
          await database.close()
        },
        () => {},
      )
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, WAIT_MS).unref())])
    },
  }
}

async function open(where: string): Promise<{ base: KnowledgeBase; database: Database }> {
  const database = await openDatabase(where)
  const { postgresKnowledgeBase } = await import('./knowledge/postgres.ts')
  return { database, base: await postgresKnowledgeBase(database) }
}

async function openDatabase(where: string): Promise<Database> {
  if (/^postgres(?:ql)?:/.test(where)) {
    const { connect } = await import('./database/postgres.ts')
    return connect(where, { connections: 1, connectMs: WAIT_MS, queryMs: WAIT_MS, readOnly: true })
  }
  const { isThere } = await import('./assemble-knowledge.ts')
  if (!isThere(where, { databaseUrl: undefined, replicaUrl: undefined, embedding: undefined })) throw new UserError('There is none.')
  return await (await import('./database/embedded.ts')).openEmbedded(where)
}

/** From a knowledge base that others opened and will close. */
export function quotesOf(base: () => Promise<Pick<KnowledgeBase, 'quote'>>): Quotes {
  return { find: async (statements, url, signal) => await (await base()).quote(statements, url, signal) }
}
