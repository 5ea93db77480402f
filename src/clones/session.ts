import type { PGlite } from '@electric-sql/pglite'
import type { StatementOutcome } from './clone.ts'
import {
  copyFailMessage,
  executeMessage,
  join,
  parseMessage,
  queryMessage,
  type Reply,
  replyReader,
  rowsOfTag,
  syncMessage,
} from './wire.ts'

/** What a script may leave set. Here DEFAULT is no session authorization, so the first superuser is named by its number. */
export const RESET_SESSION = [
  "select pg_catalog.set_config('session_authorization', rolname, false) from pg_catalog.pg_roles where oid = 10",
  'reset role',
  'reset all',
  'close all',
  'unlisten *',
  'discard temp',
  'select pg_catalog.pg_advisory_unlock_all()',
]

/** The instance no longer answers. Nothing it says from then on can be trusted. */
export class Wedged extends Error {
  override name = 'Wedged'
}

/** One connection to a PGlite instance, spoken to in the wire protocol: PGlite's own API buffers every row and splits a query into six calls. */
export interface Session {
  /** One statement, in the extended protocol, which refuses a text of several. */
  statement(sql: string): StatementOutcome
  /** Several statements as one simple query; what each said, up to the one that failed. */
  script(sql: string): Reply
  /** One of our own queries under a name, planned once. */
  rows(name: string, sql: string, parameters?: readonly string[]): Reply
  /** Throws `Wedged` unless the instance still answers. */
  check(): void
}

/** `began` is told of every statement sent. */
export function openSession(pg: PGlite, began: () => void): Session {
  const prepared = new Set<string>()
  // What forgets prepared statements makes them anew under other names: in a transaction there is no second try. Only when it must: those that
  // were not forgotten after all stay, and each is looked at again whenever the catalog changes.
  let forgotten = 0
  const heed = (sql: string): void => {
    if (!/\bdeallocate\b|\bdiscard\s+all\b/i.test(sql)) return
    prepared.clear()
    forgotten += 1
  }
  const send = (bytes: Uint8Array, keepRows: boolean): Reply => {
    began()
    const reader = replyReader(keepRows)
    // The call runs to its end before the promise is returned; what it throws, `check` notices.
    pg.execProtocolRawStream(bytes, { syncToFs: false, onRawData: (chunk) => reader.push(chunk) }).catch(() => {})
    return reader.reply
  }
  const session: Session = {
    statement(sql) {
      heed(sql)
      const started = performance.now()
      const reply = send(join([parseMessage('', sql), executeMessage(''), copyFailMessage(), syncMessage()]), false)
      const ms = performance.now() - started
      session.check()
      const rows = rowsOfTag(reply.completed[0]?.tag ?? '')
      const notices = [...(reply.completed[0]?.notices ?? []), ...reply.notices]
      return { ms, notices, ...(rows === undefined ? {} : { rows }), ...(reply.error ? { error: reply.error } : {}) }
    },
    script(sql) {
      heed(sql)
      const reply = send(join([queryMessage(sql), copyFailMessage(), syncMessage()]), false)
      session.check()
      return reply
    },
    rows(title, sql, parameters = []) {
      const name = `${title} ${forgotten}`
      const parse = prepared.has(name) ? [] : [parseMessage(name, sql)]
      const reply = send(join([...parse, executeMessage(name, parameters), syncMessage()]), true)
      // A function may have said DEALLOCATE ALL.
      if (reply.error?.code === '26000' && prepared.delete(name)) return session.rows(title, sql, parameters)
      if (!reply.error) prepared.add(name)
      return reply
    },
    check() {
      const reply = send(queryMessage('select 1'), true)
      const alive = reply.rowCount === 1 || reply.error?.code === '25P02'
      if (!alive) throw new Wedged('the instance no longer answers')
    },
  }
  return session
}
