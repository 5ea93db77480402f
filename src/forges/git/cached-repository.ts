import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { parts } from '../local/git.ts'
import { bytesIn, removeFolder, sweepCache, touch } from './cache.ts'
import { localEnvironment } from './environment.ts'
import { CorruptedCache } from './git-closed.ts'
import type { GitLimits } from './limits.ts'
import { withLock } from './lock.ts'
import { run } from './run.ts'

export const LOCAL_MS = 60_000
/** Repositories this process is reading, so that it does not remove them for their size. */
const open = new Map<string, number>()

export interface CachedRepository {
  folder: string
  /** Of git's programs. */
  environment: Readonly<Record<string, string>>
  limits: GitLimits
}

/** Output of a git command that looks at what is there. CorruptedCache when it fails. */
export async function look(repository: CachedRepository, args: readonly string[], signal: AbortSignal, input?: string): Promise<string> {
  const { folder, environment } = repository
  const env = localEnvironment(environment, folder)
  const result = await run(args, { env, cwd: folder, input, timeoutMs: LOCAL_MS }, signal)
  if (result.code !== 0) throw new CorruptedCache(`git ${args[0]} failed`)
  return result.stdout
}

/** Sizes of those objects that are there. */
export async function presentObjects(
  repository: CachedRepository,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map()
  const lines = await look(repository, ['cat-file', '--batch-check=%(objectname) %(objectsize)'], signal, `${ids.join('\n')}\n`)
  const found = [...lines.matchAll(/^([0-9a-f]+) (\d+)$/gm)]
  return new Map(found.map(([, id = '', size]) => [id, Number(size)]))
}

/** Object ids of the files of a commit, by path. Links (mode 120000) and submodules (type commit) are left out, and names that are not UTF-8. */
export async function listFiles(repository: CachedRepository, treeish: string, signal: AbortSignal): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const entry of parts(await look(repository, ['ls-tree', '-r', '-z', '--full-tree', treeish], signal))) {
    const [, id, path] = /^100\d+ blob ([0-9a-f]+)\t([\s\S]*)$/.exec(entry) ?? []
    if (id !== undefined && path !== undefined && problemOfPath(path) === undefined) files.set(path, id)
  }
  return files
}

/** Git can store names that no file system should be asked for. */
export function problemOfPath(path: string): string | undefined {
  if (path.includes('\ufffd')) return 'has a name that is not UTF-8'
  const isPlain = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git')
  return isPlain ? undefined : 'has a name that leads out of the repository'
}

/** Alone with the repository, which is made when it is not there. What a killed process left half-done is removed before, and what a failed one did after. */
export function alone<T>(repository: CachedRepository, shaLength: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const { folder, limits } = repository
  return withLock(lockOf(folder), { waitMs: limits.fetchMs, staleMs: limits.lockMs }, signal, async () => {
    await make(repository, shaLength, signal)
    await tidy(folder)
    await touch(folder)
    return work().finally(() => tidy(folder))
  })
}

/** Removes a repository that is not right. */
export async function discard({ folder, limits }: CachedRepository, signal: AbortSignal): Promise<void> {
  await withLock(lockOf(folder), { waitMs: limits.fetchMs, staleMs: limits.lockMs }, signal, () => removeFolder(folder))
}

/** Keeps the cache below its limit. */
export async function keepWithinLimit({ folder, limits }: CachedRepository, signal: AbortSignal): Promise<void> {
  const remove = async (other: string) => {
    if (open.has(other) || other === folder) return
    const lock = { waitMs: 0, staleMs: limits.lockMs }
    // Somebody is fetching into it.
    await withLock(lockOf(other), lock, signal, () => removeFolder(other)).catch(() => signal.throwIfAborted())
  }
  await sweepCache(dirname(folder), { cacheBytes: limits.cacheBytes, keepMs: limits.keepMs, remove })
}

/** Counts as being read until what it gives is called. */
export function hold(folder: string): () => void {
  open.set(folder, (open.get(folder) ?? 0) + 1)
  return () => {
    const left = (open.get(folder) ?? 1) - 1
    if (left > 0) open.set(folder, left)
    else open.delete(folder)
  }
}

/** Bytes fetched so far, also of a pack that is still coming. */
export function packedBytes(folder: string): number {
  return bytesIn(packsOf(folder))
}

export function packsOf(folder: string): string {
  return join(folder, 'objects', 'pack')
}

/** Commits of merge requests: `7-head`, `7-base`. */
export function refsOf(folder: string): string {
  return join(folder, 'refs', 'requests')
}

function lockOf(folder: string): string {
  return `${folder}.lock`
}

/** Made aside, so that it is there whole or not at all. A configuration that is not ours, or objects that lie elsewhere, are a reason to begin anew. */
async function make({ folder, environment }: CachedRepository, shaLength: number, signal: AbortSignal): Promise<void> {
  const config = configFor(shaLength)
  if (existsSync(folder)) {
    const isOurs = (await readFile(join(folder, 'config'), 'utf8').catch(() => '')) === config
    if (isOurs && !existsSync(join(folder, 'objects', 'info', 'alternates'))) return
    await removeFolder(folder)
  }
  const aside = join(dirname(folder), `${basename(folder)}.${randomUUID()}.making`)
  await mkdir(aside, { recursive: true })
  try {
    const format = shaLength === 64 ? ['--object-format=sha256'] : []
    const env = localEnvironment(environment, aside)
    const { code } = await run(['init', '-q', '--bare', '--template=', ...format], { env, cwd: aside, timeoutMs: LOCAL_MS }, signal)
    if (code !== 0) throw new CorruptedCache('git init failed')
    await writeFile(join(aside, 'config'), config)
    await rename(aside, folder)
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

function configFor(shaLength: number): string {
  const core = (version: number) => `[core]\n\trepositoryformatversion = ${version}\n\tbare = true\n`
  return shaLength === 64 ? `${core(1)}[extensions]\n\tobjectformat = sha256\n` : core(0)
}

/** Git's own locks and half-received packs: while we are alone, they are nobody's. */
async function tidy(folder: string): Promise<void> {
  for (const place of [folder, packsOf(folder), refsOf(folder)])
    for (const name of await readdir(place).catch(() => []))
      if (/\.lock$|^tmp_|^shallow_/.test(name)) await rm(join(place, name), { recursive: true, force: true })
}
