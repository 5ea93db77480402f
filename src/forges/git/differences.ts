import { type Difference, parseRaw } from '../local/differences.ts'
import { parts } from '../local/git.ts'
import type { BatchedBlobs } from './batched-blobs.ts'
import { type CachedRepository, look } from './cached-repository.ts'

export type CommittedDifference = Difference & { after: string }

/** Beyond these, files that were moved and edited count as deleted and added. */
const MAX_PAIRS = 250_000
const MAX_RENAME_BYTES = 1024 * 1024

const DIFF = ['diff-tree', '-r', '--raw', '-z', '--no-abbrev', '--no-ext-diff', '--no-textconv', '--ignore-submodules=all']

/**
 * What is different between two commits, of the files that are wanted. Those only moved are told by their ids, for which no contents are needed. Of the
 * others those that are wanted are fetched, and only they are compared: who proposes a change also decides how much else is in it.
 */
export async function differencesBetween(
  repository: CachedRepository,
  base: string,
  head: string,
  wanted: (path: string) => boolean,
  blobs: BatchedBlobs,
  signal: AbortSignal,
): Promise<CommittedDifference[]> {
  const raw = await look(repository, [...DIFF, '-M100%', base, head], signal)
  const found = parseRaw(parts(raw), base).filter(({ path }) => wanted(path))
  const renames = await findRenames(repository, found, blobs, signal)
  const sources = new Set(renames.values())
  return found
    .filter((difference) => !sources.has(difference))
    .map((difference): CommittedDifference => {
      const source = renames.get(difference)
      return source ? { ...difference, status: 'renamed', previousPath: source.path, before: source.before } : difference
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** Added files that are deleted ones edited, as git sees it: asked about two folders that hold only these, under numbers instead of names. */
async function findRenames(
  repository: CachedRepository,
  found: readonly CommittedDifference[],
  blobs: BatchedBlobs,
  signal: AbortSignal,
): Promise<Map<CommittedDifference, CommittedDifference>> {
  const added = found.filter(({ status, isLink, before }) => status === 'added' && !isLink && before === undefined)
  const deleted = found.filter(({ status, before }) => status === 'deleted' && before !== undefined)
  if (added.length === 0 || deleted.length === 0 || added.length * deleted.length > MAX_PAIRS) return new Map()
  const sizes = await blobs.sizes([...added.map(({ after }) => after), ...deleted.map(({ before }) => before ?? '')])
  const folder = async (ids: readonly string[], letter: string) => {
    const entries = ids.flatMap((id, at) => ((sizes.get(id) ?? Infinity) > MAX_RENAME_BYTES ? [] : [`100644 blob ${id}\t${letter}${at}\n`]))
    return (await look(repository, ['mktree'], signal, entries.join(''))).trim()
  }
  const [before, after] = [
    await folder(
      deleted.map((difference) => difference.before ?? ''),
      'd',
    ),
    await folder(
      added.map((difference) => difference.after),
      'a',
    ),
  ]
  const raw = await look(repository, [...DIFF, '-M', '-l0', before, after], signal)
  return new Map(
    parseRaw(parts(raw), before).flatMap(({ path, previousPath }) => {
      const to = added[Number(path.slice(1))]
      const from = deleted[Number(previousPath?.slice(1))]
      return to && from ? [[to, from] as const] : []
    }),
  )
}
