import { createHash, randomUUID } from 'node:crypto'
import { type Dirent, readdirSync, statSync } from 'node:fs'
import { mkdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ForgeName } from '../forge.ts'

const LEFT_OVER_MS = 600_000
const USED = 'used'

/** Folder of the repository with this number at this address: a renamed one stays the same, another server's is another. */
export function repositoryFolder(cache: string, forge: ForgeName, repositoryId: number, url: string): string {
  const server = createHash('sha256').update(new URL(url).origin).digest('hex').slice(0, 12)
  return join(cache, `${forge}-${server}-${repositoryId}.git`)
}

/** Makes a repository the last one to be removed. */
export async function touch(folder: string): Promise<void> {
  const path = join(folder, USED)
  await utimes(path, new Date(), new Date()).catch(() => writeFile(path, '').catch(() => {}))
}

/** At once for everybody who looks; whoever is reading from it meets an error and begins again. */
export async function removeFolder(folder: string): Promise<void> {
  const aside = `${folder}.${randomUUID()}.gone`
  await rename(folder, aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  await rm(aside, { recursive: true, force: true })
}

/** Bytes of all files in a folder; what disappears meanwhile does not count. */
export function bytesIn(folder: string): number {
  return entriesOf(folder).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    return sum + (entry.isDirectory() ? bytesIn(path) : (statSync(path, { throwIfNoEntry: false })?.size ?? 0))
  }, 0)
}

export interface Sweep {
  cacheBytes: number
  keepMs: number
  /** Removes one, or leaves it when somebody is at it. */
  remove(folder: string): Promise<void>
}

/** Removes the least recently used repositories until the rest fits, and what killed processes left half-made. */
export async function sweepCache(cache: string, { cacheBytes, keepMs, remove }: Sweep): Promise<void> {
  await mkdir(cache, { recursive: true })
  const found: Array<{ folder: string; bytes: number; used: number }> = []
  for (const { name } of entriesOf(cache)) {
    const path = join(cache, name)
    if (/\.(?:gone|making)$/.test(name)) {
      if (Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0) > LEFT_OVER_MS)
        await rm(path, { recursive: true, force: true })
    } else if (name.endsWith('.git')) {
      const used = statSync(join(path, USED), { throwIfNoEntry: false })?.mtimeMs ?? 0
      found.push({ folder: path, bytes: bytesIn(path), used })
    }
  }
  let bytes = found.reduce((sum, one) => sum + one.bytes, 0)
  for (const one of found.sort((a, b) => a.used - b.used)) {
    if (bytes <= cacheBytes || Date.now() - one.used < keepMs) return
    await remove(one.folder)
    bytes -= one.bytes
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}
