import { stat } from 'node:fs/promises'
import { relative, resolve, sep } from 'node:path'
import { UserError } from '../../errors.ts'
import type { Tree } from '../change.ts'
import { readContents } from './contents.ts'
import { workingFiles } from './differences.ts'
import { findRepository } from './repository.ts'
import { workingTree } from './tree.ts'
import { walk } from './walk.ts'

/** A folder to look through. `root` is where its paths start: the repository's top, or the folder itself when git does not know its files. */
export interface Folder {
  tree: Tree
  root: string
  /** The folder from the root, `''` for the root itself. */
  folder: string
}

/** A folder inside or outside a repository. A UserError when it is not there. */
export async function folderAt(dir: string, signal?: AbortSignal): Promise<Folder> {
  const full = resolve(dir)
  const status = await stat(full).catch(() => undefined)
  if (!status?.isDirectory())
    throw new UserError(status ? `${dir} is a file; name its folder, or review it: pgwitness review ${dir}` : `There is no folder ${dir}.`)
  const repository = await findRepository(full, signal).catch(() => undefined)
  if (!repository) return plainFolder(full)
  const folder = relative(repository.root, full).split(sep).join('/')
  const known = await workingFiles(repository.root, folder || undefined, signal)
  return known.length > 0 ? { tree: workingTree(full), root: repository.root, folder } : plainFolder(full)
}

function plainFolder(root: string): Folder {
  const tree: Tree = {
    list: () => walk(root),
    async read(path) {
      const contents = readContents(root, path)
      return contents && 'text' in contents ? contents.text : undefined
    },
  }
  return { tree, root, folder: '' }
}
