import { readFileSync } from 'node:fs'
import { UserError } from '../../errors.ts'
import type { Target } from './connection.ts'

/**
 * `postgres://user:password@host:5432/database?sslmode=require`, or with `?host=/var/run/postgresql` for a socket. `what` names the setting it comes
 * from; the URL itself is never shown, for it holds a password.
 */
export function readDatabaseUrl(text: string, what: string): Target {
  // libpq lets the host be left out where a socket's folder is given; URLs do not.
  const whole = text.replace(/^(\w+:\/\/[^/?#]*@)\/(?=.*[?&]host=)/, '$1socket/')
  const url = URL.canParse(whole) ? new URL(whole) : undefined
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol))
    throw new UserError(`${what} is no URL of a database: postgres://user:password@host/database.`)
  const decoded = (part: string): string => decode(part, what)
  const host = url.searchParams.get('host') ?? decoded(url.hostname)
  const database = decoded(url.pathname.slice(1))
  const user = decoded(url.username)
  const missing = host === '' ? 'host' : database === '' ? 'database' : user === '' ? 'role' : undefined
  if (missing !== undefined) throw new UserError(`${what} names no ${missing}: postgres://user:password@host/database.`)
  const ssl = readTls(url.searchParams, what)
  const port = url.searchParams.get('port') ?? url.port
  if (!/^\d{0,5}$/.test(port)) throw new UserError(`${what} names a port that is no number.`)
  return {
    host,
    database,
    user,
    ...(port !== '' && { port: Number(port) }),
    ...(url.password !== '' && { password: decoded(url.password) }),
    ...(ssl !== undefined && { ssl }),
  }
}

function decode(part: string, what: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new UserError(`${what} has a % that begins no escape: a % itself is written %25.`)
  }
}

/** As psql reads sslmode, but that nothing is tried twice: what is neither asked for nor refused is not encrypted. */
function readTls(parameters: URLSearchParams, what: string): Target['ssl'] {
  const mode = parameters.get('sslmode') ?? 'prefer'
  const root = parameters.get('sslrootcert')
  if (mode === 'disable' || mode === 'allow' || mode === 'prefer') return undefined
  if (mode === 'require' && root === null) return { rejectUnauthorized: false }
  const ca = root === null ? {} : { ca: readCertificate(root, what) }
  if (mode === 'require' || mode === 'verify-ca') return { rejectUnauthorized: true, checkServerIdentity: () => undefined, ...ca }
  if (mode === 'verify-full') return { rejectUnauthorized: true, ...ca }
  throw new UserError(`${what} has sslmode=${mode}, which is none: disable, prefer, require, verify-ca, verify-full.`)
}

function readCertificate(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new UserError(`${what} names the certificate ${path}, which cannot be read.`)
  }
}
