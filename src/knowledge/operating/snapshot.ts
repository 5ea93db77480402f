import type { Database, Session } from '../../database/database.ts'

/** What is read inside is of one moment, whatever is stored meanwhile. Nothing can be written. */
export async function snapshot<T>(database: Database, work: (session: Session) => Promise<T>): Promise<T> {
  return await database.transaction(async (session) => {
    // Whoever reads slowly, because a disk is slow, is not idle.
    await session.query(
      'set transaction isolation level repeatable read, read only; set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0',
    )
    return await work(session)
  })
}
