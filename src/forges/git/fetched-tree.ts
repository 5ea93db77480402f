import { dirname } from 'node:path/posix'
import type { Tree } from '../change.ts'
import { textOf } from '../local/changed-files.ts'
import type { BatchedBlobs } from './batched-blobs.ts'
import { type CachedRepository, listFiles } from './cached-repository.ts'

/** Files that come along with one that is asked for. */
const MAX_ALONGSIDE = 2000

/** A commit whose folders are there and whose files come when they are read: one of those that are wanted brings its neighbours. */
export function fetchedTree(
  repository: CachedRepository,
  commit: string,
  blobs: BatchedBlobs,
  wanted: (path: string) => boolean,
  signal: AbortSignal,
): Tree {
  let listing: Promise<Map<string, string>> | undefined
  const ids = () => (listing ??= listFiles(repository, commit, signal))
  return {
    list: () => blobs.guard(async () => [...(await ids()).keys()]),
    read: (path) =>
      blobs.guard(async () => {
        const files = await ids()
        const id = files.get(path)
        return id === undefined ? undefined : textOf(await blobs.read(id, () => (wanted(path) ? neighbours(files, path, wanted) : [])))
      }),
  }
}

/** Those in the same folder, or of the folders beside it where each file has its own. */
function neighbours(files: ReadonlyMap<string, string>, path: string, wanted: (path: string) => boolean): string[] {
  const folder = dirname(path)
  const inside = (place: string) => [...files].filter(([other]) => (place === '.' || other.startsWith(`${place}/`)) && wanted(other))
  const near = inside(folder)
  const found = near.length > 1 ? near : inside(dirname(folder))
  return found.slice(0, MAX_ALONGSIDE).map(([, id]) => id)
}
