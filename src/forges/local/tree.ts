import type { Tree } from '../change.ts'
import { Blobs } from './blobs.ts'
import { textOf } from './changed-files.ts'
import { readContents } from './contents.ts'
import { workingFiles } from './differences.ts'
import { GitMissing, gitOutput, parts } from './git.ts'
import { findRepository } from './repository.ts'
import { walk } from './walk.ts'

/** A repository at a commit: one listing, and one process for all contents. */
export function committedTree(cwd: string, commit: string): Tree {
  const blobs = new Blobs(cwd)
  let listing: Promise<Map<string, string>> | undefined
  const ids = () => (listing ??= listBlobs(cwd, commit))
  return {
    list: async () => [...(await ids()).keys()],
    async read(path) {
      const id = (await ids()).get(path)
      return id === undefined ? undefined : textOf(await blobs.read(id))
    },
  }
}

/** Files as they lie on disk; outside a repository, or without git, all files of the folder. */
export function workingTree(cwd: string): Tree {
  let found: Promise<{ root: string; tracked: boolean }> | undefined
  const place = () => (found ??= placeOf(cwd))
  return {
    async list() {
      const { root, tracked } = await place()
      return tracked ? workingFiles(root, undefined) : walk(root)
    },
    read: async (path) => textOf(readContents((await place()).root, path)),
  }
}

async function placeOf(cwd: string): Promise<{ root: string; tracked: boolean }> {
  const repository = await findRepository(cwd).catch((error: unknown) => {
    if (error instanceof GitMissing) return undefined
    throw error
  })
  return repository ? { root: repository.root, tracked: true } : { root: cwd, tracked: false }
}

/** Object ids by path. Links (mode 120000) and submodules (type commit) are left out. */
async function listBlobs(cwd: string, commit: string): Promise<Map<string, string>> {
  const output = await gitOutput(cwd, ['ls-tree', '-r', '-z', '--full-tree', commit])
  const files = new Map<string, string>()
  for (const entry of parts(output)) {
    const [, id, path] = /^100\d+ blob ([0-9a-f]+)\t([\s\S]*)$/.exec(entry) ?? []
    if (id !== undefined && path !== undefined) files.set(path, id)
  }
  return files
}
