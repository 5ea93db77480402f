import type { ChangedFile, Tree } from '../change.ts'
import type { FileDiff } from '../diff.ts'
import { problemOfPath } from './cached-repository.ts'

const AT_ONCE = 6
/** Each is two requests of an hourly allowance of 5,000. */
const MAX_READ = 500
/** GitHub shows no more files of a pull request. */
const MAX_DIFF_FILES = 3000

/**
 * What is different between two trees that can only be read file by file. `diff` tells which files may differ; without it all that are wanted are read.
 */
export async function differencesByApi(
  base: Tree | undefined,
  head: Tree,
  wanted: (path: string) => boolean,
  diff: readonly FileDiff[] | undefined,
  signal: AbortSignal,
): Promise<{ files: ChangedFile[]; notes: string[] }> {
  const [before, after] = await Promise.all([base?.list() ?? [], head.list()])
  const [had, has] = [new Set(before), new Set(after)]
  const known = diff && diff.length < MAX_DIFF_FILES ? new Map(diff.map((file) => [file.path, file])) : undefined
  const mayDiffer = (path: string) => !known || known.has(path) || !(had.has(path) && has.has(path))
  const previous = (path: string) => {
    const renamedFrom = has.has(path) && !had.has(path) ? known?.get(path)?.previousPath : undefined
    return renamedFrom !== undefined && had.has(renamedFrom) && !has.has(renamedFrom) ? renamedFrom : undefined
  }
  const sources = new Set([...has].map(previous))
  const paths = [...new Set([...before, ...after])]
    .filter((path) => wanted(path) && mayDiffer(path) && !sources.has(path) && problemOfPath(path) === undefined)
    .sort()
  const notes =
    paths.length > MAX_READ ? [`Only the first ${MAX_READ} of ${paths.length} files were compared: they came one by one by the API.`] : []
  const files = await inTurns(paths.slice(0, MAX_READ), signal, (path) => readBoth(path, previous(path)))
  const unread = files.flatMap((file) => (file?.unread === undefined ? [] : [`${file.path} ${file.unread}, so it was not reviewed.`]))
  return { files: files.filter((file) => file !== undefined), notes: [...notes, ...unread] }

  async function readBoth(path: string, previousPath: string | undefined): Promise<ChangedFile | undefined> {
    const source = previousPath ?? path
    const [text, old] = await Promise.all([
      has.has(path) ? head.read(path) : undefined,
      base && had.has(source) ? base.read(source) : undefined,
    ])
    if (previousPath === undefined && had.has(path) && has.has(path) && text === old) return undefined
    const isUnread = has.has(path) && text === undefined
    return {
      path,
      status: statusOf(has.has(path), had.has(path), previousPath),
      ...(previousPath !== undefined && { previousPath }),
      text,
      before: old,
      ...(isUnread && { unread: 'is not text, or too large' }),
    }
  }
}

function statusOf(isThere: boolean, wasThere: boolean, previousPath: string | undefined): ChangedFile['status'] {
  if (previousPath !== undefined) return 'renamed'
  if (!isThere) return 'deleted'
  return wasThere ? 'modified' : 'added'
}

async function inTurns<T, R>(items: readonly T[], signal: AbortSignal, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) {
      signal.throwIfAborted()
      results[at] = await work(items[at] as T)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return results
}
