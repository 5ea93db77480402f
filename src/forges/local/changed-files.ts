import type { ChangedFile } from '../change.ts'
import type { Contents } from './contents.ts'
import type { Difference } from './differences.ts'

export interface ReadFiles {
  files: ChangedFile[]
  notes: string[]
}

/** Where the contents of both sides come from. Undefined when there is no such file. */
export interface Sides<D extends Difference> {
  after(difference: D): Promise<Contents | undefined>
  before(difference: D): Promise<Contents | undefined>
}

/** Differences with their contents, and what the reader should know of those that have none. */
export async function readChangedFiles<D extends Difference>(found: readonly D[], sides: Sides<D>): Promise<ReadFiles> {
  const notes: string[] = []
  const read = await Promise.all(
    found.map(async (difference): Promise<ChangedFile | undefined> => {
      const { path, status, previousPath } = difference
      const [after, before] = await Promise.all([contentsAfter(difference, sides), sides.before(difference)])
      const unread = after && 'problem' in after ? after.problem : undefined
      if (unread !== undefined) notes.push(`${path} ${unread}, so it was not reviewed.`)
      if (difference.conflicted) notes.push(`${path} has a merge conflict.`)
      if (after === undefined && before === undefined) return undefined
      return {
        path,
        status: after === undefined ? 'deleted' : status,
        ...(previousPath !== undefined && { previousPath }),
        text: textOf(after),
        before: textOf(before),
        ...(unread !== undefined && { unread }),
      }
    }),
  )
  return { files: read.filter((file) => file !== undefined), notes: notes.sort() }
}

async function contentsAfter<D extends Difference>(difference: D, sides: Sides<D>): Promise<Contents | undefined> {
  if (difference.status === 'deleted') return undefined
  return difference.isLink ? { problem: 'is a symbolic link or a submodule, which is not followed' } : sides.after(difference)
}

export function textOf(contents: Contents | undefined): string | undefined {
  return contents && 'text' in contents ? contents.text : undefined
}
