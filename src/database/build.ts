import pg from 'pg'
import { databaseError } from './database-error.ts'

/** On a connection of its own, as the pool's give up after a while. The server may go on alone when the signal comes. */
export async function buildOn(config: pg.ClientConfig, statement: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const client = new pg.Client({ ...config, query_timeout: 0 })
  client.on('error', () => {})
  const stop = (): void => void client.end().catch(() => {})
  signal.addEventListener('abort', stop, { once: true })
  try {
    await client.connect()
    await client.query(statement)
  } catch (error) {
    signal.throwIfAborted()
    throw databaseError('database', error)
  } finally {
    signal.removeEventListener('abort', stop)
    await client.end().catch(() => {})
  }
}
