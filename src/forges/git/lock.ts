import { randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../errors.ts'

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

/** A link is made at once and whole, or not at all. */
async function take(path: string, own: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`
  await writeFile(draft, own)
  try {
    await link(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function removeStale(path: string, staleMs: number): Promise<void> {
  const seen = await contentsOf(path)
  if (seen === undefined || !(await isStale(path, seen, staleMs))) return
  const aside = `${path}.${randomUUID()}`
  await rename(path, aside).catch(() => {})
  // Somebody else may have been faster, and have it rightly by now: then it is put back.
  if ((await contentsOf(aside)) !== seen) await link(aside, path).catch(() => {})
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
