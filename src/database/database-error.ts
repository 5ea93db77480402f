import { ServiceError, UserError } from '../errors.ts'

/** Of the network, and of pg itself, which has no codes. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN', 'ENOENT'])
const BROKEN =
  /connection terminated|query read timeout|timeout exceeded when trying to connect|client has encountered a connection error|not queryable/i
/**
 * https://www.postgresql.org/docs/18/errcodes-appendix.html: class 08 connection, 53 resources (too many connections), 57P01-3 shut down or starting,
 * 40 serialization and deadlock, 25P03 idle in a transaction for too long, 55P03 lock not available, 25006 read-only (a server that became a standby). PgBouncer's own have 08P01 or none.
 */
const LATER = /^(?:08|40|53|25P03|57P0[123]|55P03|25006|57014|58)/
/** Our settings: authentication, a database that does not exist, a missing right. */
const WRONG = /^(?:28|3D000|42501)/

/** Whether the connection it came from can be used again is unknown. */
export function isUnusable(error: unknown): boolean {
  const { code, message } = read(error)
  return UNREACHABLE.has(code) || BROKEN.test(message) || /^(?:08|57P0|25P03)/.test(code)
}

/** Sorts an error of Postgres or of the way to it: later, the reader's to put right, or ours, which stays as it is. */
export function databaseError(service: string, error: unknown): unknown {
  const { code, message } = read(error)
  if (WRONG.test(code)) return new UserError(`The database of DATABASE_URL refuses: ${message}. ${adviceOn(code)}`, { cause: error })
  if (code === 'ENOTFOUND') return new UserError('The host of DATABASE_URL is not known.', { cause: error })
  if (LATER.test(code) || UNREACHABLE.has(code) || BROKEN.test(message)) {
    return new ServiceError(service, message || code, { cause: error })
  }
  return error
}

function adviceOn(code: string): string {
  if (code === '42501') return 'The role needs CREATE on the database, and to own what an earlier start made there.'
  return 'Check role, password and name of the database.'
}

function read(error: unknown): { code: string; message: string } {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return { code: typeof code === 'string' ? code : '', message: typeof message === 'string' ? message : '' }
}
