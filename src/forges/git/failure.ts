/** Why a fetch failed, from what git says of it in English. */
export type FetchFailure =
  /** The server does not have an object it was asked for. */
  | { kind: 'lost' }
  /** The server gives only what its branches point to. */
  | { kind: 'ids refused' }
  /** There is no such branch. */
  | { kind: 'no ref' }
  /** Not let in, or sent elsewhere; the API may be open. */
  | { kind: 'closed'; why: string }
  /** What is in the repository here cannot be right. */
  | { kind: 'corrupted' }
  | { kind: 'failed'; why: string }

const MAX_LENGTH = 300
/** Git complains of its own files, or has all that was sent and still misses something. */
const LOCAL = /bad shallow|shallow file|bad object|not a git repository|did not send all necessary/i
const REMOTE = /RPC failed|early EOF|disconnect|hung up|curl/i

/** `folder` is where the repository lies: what a message says of it is not about the server. */
export function readFailure(stderr: string, folder: string, authorization: string | undefined): FetchFailure {
  if (/not our ref/.test(stderr)) return { kind: 'lost' }
  if (/allow request for unadvertised object/.test(stderr)) return { kind: 'ids refused' }
  if (/couldn't find remote ref/.test(stderr)) return { kind: 'no ref' }
  const status = /returned error: (\d{3})/.exec(stderr)?.[1]
  if (/could not read (?:Username|Password)|Authentication failed/.test(stderr)) return { kind: 'closed', why: 'git is not let in' }
  if (/^fatal: repository '.*' not found/m.test(stderr)) return { kind: 'closed', why: 'git finds no repository at its address' }
  if (status === '403') return { kind: 'closed', why: 'git is not let in' }
  if (status?.startsWith('3') || /url base from redirection/.test(stderr))
    return { kind: 'closed', why: 'git is sent to another address, which it does not follow' }
  if (/info\/refs not valid|dumb http transport/.test(stderr)) return { kind: 'closed', why: 'its address does not speak git' }
  if ((LOCAL.test(stderr) || stderr.includes(folder)) && !REMOTE.test(stderr)) return { kind: 'corrupted' }
  return { kind: 'failed', why: firstError(stderr, authorization) }
}

/** A server can say anything, also back to us what we sent: lines of `remote:` are left out, and so is the secret in all its forms. */
function firstError(stderr: string, authorization: string | undefined): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => /^(?:fatal|error): /.test(line))
  let text = lines[0] ?? 'it ended without a message'
  for (const secret of formsOf(authorization)) text = text.replaceAll(secret, '…')
  return text
    .replace(/^\w+: /, '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, MAX_LENGTH)
}

/** The header's value, what follows its scheme, and the login and password a basic one carries; longest first. */
function formsOf(authorization: string | undefined): string[] {
  if (authorization === undefined) return []
  const value = authorization.replace(/^\w+ +/, '')
  const login = Buffer.from(value, 'base64').toString()
  return [authorization, value, login, login.slice(login.indexOf(':') + 1)].filter((form) => form.length > 5)
}
