import { randomUUID } from 'node:crypto'
import { constants, readlinkSync } from 'node:fs'
import { copyFile, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError, UserError } from '../../errors.ts'

const POLL_MS = 50

export interface LockLimits {
  /** How long to wait for another's. */
  waitMs: number
  /** Without a sign of life for so long, it is nobody's. */
  staleMs: number
}

/**
 * Does something while no other process does it. The lock is a file that names its holder and that the holder touches as long as it lives: when that was
 * killed, the next one sees it at once on the same machine, and after `staleMs` from another.
 */
export async function withLock<T>(path: string, limits: LockLimits, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const own = JSON.stringify({ pid: process.pid, machine: machine(), key: randomUUID() })
  await mkdir(dirname(path), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(`The cache for git, ${dirname(path)}, cannot be used: ${error.code}.`)
  })
  const until = Date.now() + limits.waitMs
  while (!(await take(path, own))) {
    signal.throwIfAborted()
    await removeStale(path, limits.staleMs)
    if (Date.now() > until) throw new ServiceError('git', 'another process is busy with this repository', { retryAfterMs: limits.staleMs })
    await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
  const alive = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), limits.staleMs / 6)
  alive.unref()
  try {
    return await work()
  } finally {
    clearInterval(alive)
    if ((await contentsOf(path)) === own) await rm(path, { force: true })
  }
}

async function take(path: string, own: string): Promise<boolean> {
  try {
    await writeFile(path, own, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function removeStale(path: string, staleMs: number): Promise<void> {
  const seen = await contentsOf(path)
  if (seen === undefined || !(await isStale(path, seen, staleMs))) return
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => {})
  // Somebody else may have been faster, and have it rightly by now: then it is put back.
  if ((await contentsOf(aside)) !== seen) await copyFile(aside, path, constants.COPYFILE_EXCL).catch(() => {})
  await rm(aside, { force: true })
}

async function isStale(path: string, seen: string, staleMs: number): Promise<boolean> {
  const status = await stat(path).catch(() => undefined)
  return status !== undefined && (Date.now() - status.mtimeMs > staleMs || isDead(seen))
}

function isDead(seen: string): boolean {
  try {
    const holder: { pid?: unknown; machine?: unknown } = JSON.parse(seen)
    if (holder.machine !== machine() || typeof holder.pid !== 'number') return false
    process.kill(holder.pid, 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** Numbers of processes mean the same only within one container. */
function machine(): string {
  try {
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

function contentsOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}
