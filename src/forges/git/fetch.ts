import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ServiceError } from '../../errors.ts'
import type { GitAccess } from '../forge.ts'
import { type CachedRepository, packedBytes } from './cached-repository.ts'
import { fetchEnvironment } from './environment.ts'
import { type FetchFailure, readFailure } from './failure.ts'
import { GitClosed } from './git-closed.ts'
import { run } from './run.ts'

export interface Fetch {
  /** Object ids or `+source:destination`, one line each. They are never options: git reads them from its input. */
  wanted: readonly string[]
  /** Commits of history; undefined for objects that have none. */
  depth?: number | undefined
  /** Everything at once, for servers without filters. */
  isWhole?: boolean
}

/** Undefined when all of it came. The caller is alone with the repository. A ServiceError when the server fails, GitClosed when it lets nobody in. */
export async function fetchObjects(
  repository: CachedRepository,
  access: GitAccess,
  { wanted, depth, isWhole = false }: Fetch,
  signal: AbortSignal,
): Promise<FetchFailure | { kind: 'too large' } | undefined> {
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
  const before = packedBytes(folder)
  const result = await run(
    args,
    {
      env: fetchEnvironment(environment, folder, { ...access, stallSeconds: limits.stallSeconds, tellsWhatItHas }),
      cwd: folder,
      input: `${wanted.join('\n')}\n`,
      timeoutMs: limits.fetchMs,
      isTooLarge: () => packedBytes(folder) - before > limits.fetchBytes,
    },
    signal,
  )
  if (result.wasTooLarge) {
    await rm(join(folder, 'shallow.lock'), { force: true })
    return { kind: 'too large' }
  }
  if (result.code === 0) return undefined
  const failure = readFailure(result.stderr, access.authorization)
  if (failure.kind === 'closed') throw new GitClosed(failure.why)
  if (failure.kind === 'failed') throw new ServiceError('git', `fetching failed: ${failure.why}`)
  return failure
}
