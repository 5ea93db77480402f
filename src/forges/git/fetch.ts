import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ServiceError } from '../../errors.ts'
import type { GitAccess } from '../forge.ts'
import { type CachedRepository, packedBytes, packsOf } from './cached-repository.ts'
import { fetchEnvironment } from './environment.ts'
import { type FetchFailure, readFailure } from './failure.ts'
import { CorruptedCache, GitClosed } from './git-closed.ts'
import { run } from './run.ts'

export interface Fetch {
  /** Object ids or `+source:destination`, one line each. They are never options: git reads them from its input. */
  wanted: readonly string[]
  /** Commits of history; undefined for objects that have none. */
  depth?: number | undefined
  /** Everything at once, for servers without filters. */
  isWhole?: boolean
}

/** What a caller has to tell apart. */
export type Loss = { kind: Exclude<FetchFailure['kind'], 'closed' | 'corrupted' | 'failed'> | 'too large' }

/** Undefined when all of it came. The caller is alone with the repository. A ServiceError when the server fails, GitClosed when it lets nobody in. */
export async function fetchObjects(
  repository: CachedRepository,
  access: GitAccess,
  { wanted, depth, isWhole = false }: Fetch,
  signal: AbortSignal,
): Promise<Loss | undefined> {
  const { folder, limits, environment } = repository
  const args = [
    'fetch',
    '--quiet',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-recurse-submodules',
    '--no-auto-maintenance',
    isWhole ? '--no-filter' : '--filter=blob:none',
    ...(depth === undefined ? [] : [`--depth=${depth}`]),
    '--stdin',
    'origin',
  ]
  // Having a commit without its files, we must not tell the server that we have it when we ask for the files.
  const tellsWhatItHas = depth !== undefined && !isWhole
  const before = new Set(await packs(folder))
  const bytesBefore = packedBytes(folder)
  const isTooLarge = () => packedBytes(folder) - bytesBefore > limits.fetchBytes
  const result = await run(
    args,
    {
      env: fetchEnvironment(environment, folder, { ...access, stallSeconds: limits.stallSeconds, tellsWhatItHas }),
      cwd: folder,
      input: `${wanted.join('\n')}\n`,
      timeoutMs: limits.fetchMs,
      isTooLarge,
    },
    signal,
  )
  // It may have come faster than it was watched.
  if (result.wasTooLarge || isTooLarge()) {
    for (const path of await packs(folder)) if (!before.has(path)) await rm(path, { force: true })
    for (const line of wanted) if (line.includes(':')) await rm(join(folder, line.slice(line.indexOf(':') + 1)), { force: true })
    return { kind: 'too large' }
  }
  if (result.code === 0) return undefined
  const failure = readFailure(result.stderr, folder, access.authorization)
  if (failure.kind === 'closed') throw new GitClosed(failure.why)
  if (failure.kind === 'corrupted') throw new CorruptedCache('git fetch failed')
  if (failure.kind === 'failed') throw new ServiceError('git', `fetching failed: ${failure.why}`)
  return failure
}

async function packs(folder: string): Promise<string[]> {
  return (await readdir(packsOf(folder)).catch(() => [])).map((name) => join(packsOf(folder), name))
}
