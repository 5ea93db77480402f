import { realpath, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { UserError } from '../errors.ts'
import type { Change, ChangedFile, Tree } from './change.ts'
import { type Base, findBase } from './local/base.ts'
import { Blobs } from './local/blobs.ts'
import { type ReadFiles, readChangedFiles } from './local/changed-files.ts'
import { readContents } from './local/contents.ts'
import { type Difference, differences, everything, workingFiles } from './local/differences.ts'
import { GitMissing } from './local/git.ts'
import { findRepository, type Repository } from './local/repository.ts'
import { committedTree, workingTree } from './local/tree.ts'
import { walk } from './local/walk.ts'

export interface LocalChange {
  cwd: string
  /** A branch, tag or commit to compare with; by default the default branch. */
  base?: string | undefined
  /** The very commit to compare with, where it is known: its history need not be there. */
  mergeBase?: string | undefined
  /** Files and folders to look at instead of what changed. */
  paths?: readonly string[] | undefined
  /** Which files are read; by default those named .sql. Files named by the user always are. */
  wanted?: ((path: string) => boolean) | undefined
}

/**
 * What the checkout has that its base has not: commits since the merge base and uncommitted work, untracked files
 * included. With `paths` those files, whether they changed or not; that works outside a repository too, then without a
 * base. A file that did not change since the base has equal `text` and `before`: the base holds it already.
 * A UserError says what to do about a missing repository, base or merge base.
 */
export async function readChange(options: LocalChange, signal?: AbortSignal): Promise<Change> {
  const wanted = options.wanted ?? ((path: string) => /\.sql$/i.test(path))
  if (options.paths && options.paths.length > 0) return readPaths(options.cwd, options.paths, options.base, wanted, signal)
  const repository = await findRepository(options.cwd, signal)
  if (!repository) {
    throw new UserError(
      `${options.cwd} is not in a git repository, so there is no telling what changed. Name the files to review: pgwitness review migrations/7.sql`,
    )
  }
  if (repository.head === undefined) return readUnborn(repository, wanted, signal)
  const known = options.mergeBase
  const base = known === undefined ? await findBase(repository, options.base, signal) : { commit: known, name: known.slice(0, 10) }
  const { found, uncommitted } = await differences(repository, base.commit, signal)
  const { files, notes } = await withContents(
    repository.root,
    found.filter((difference) => wanted(difference.path)),
  )
  if (found.length === 0)
    notes.push(`Nothing differs from ${base.name}. To review commits that it has already, name an earlier base: --base HEAD~1`)
  const head = uncommitted ? undefined : repository.head
  return { root: repository.root, title: titleOf(repository, base), base: base.commit, head, files, notes }
}

export { type CheckedOut, fetchCommit, fetchMergeBase, movedFiles, readCheckedOut } from './local/checked-out.ts'

/** The repository at a commit, or the working tree. Paths are from the root of the repository. */
export function treeAt(cwd: string, commit: string | undefined): Tree {
  return commit === undefined ? workingTree(cwd) : committedTree(cwd, commit)
}

function titleOf(repository: Repository, base: Base): string {
  const here = repository.branch ?? repository.head?.slice(0, 10) ?? 'HEAD'
  return base.commit === repository.head ? `uncommitted work on ${here}` : `${base.name}...${here}`
}

async function readUnborn(repository: Repository, wanted: (path: string) => boolean, signal?: AbortSignal): Promise<Change> {
  const found = (await everything(repository, signal)).filter((difference) => wanted(difference.path))
  const { files, notes } = await withContents(repository.root, found)
  return {
    root: repository.root,
    title: 'a repository without commits',
    base: undefined,
    head: undefined,
    files,
    notes: ['This repository has no commits yet, so every file counts as added.', ...notes],
  }
}

async function readPaths(
  cwd: string,
  paths: readonly string[],
  wantedBase: string | undefined,
  wanted: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<Change> {
  const here = await realpath(cwd).catch(() => {
    throw new UserError(`There is no folder ${cwd}.`)
  })
  const targets = await Promise.all(paths.map(async (path) => ({ path, full: await existing(here, path) })))
  const places = targets.map((target) => target.full)
  const repository = (await repositoryAround(here, places, signal)) ?? (await repositoryAround(dirname(places[0] ?? here), places, signal))
  const root = repository?.root ?? folderAround(here, places)
  const notes: string[] = []
  const base = repository?.head === undefined ? undefined : await baseForPaths(repository, wantedBase, notes, signal)
  const named = await Promise.all(targets.map((target) => filesOf(root, repository !== undefined, target.full, wanted, signal)))
  const found = [...new Set(named.flat())].map(
    (path): Difference => ({
      path,
      status: 'modified',
      before: base && `${base.commit}:${path}`,
      isLink: false,
      conflicted: false,
    }),
  )
  const read = await withContents(root, found)
  const files = read.files.map((file): ChangedFile => (file.before === undefined ? { ...file, status: 'added' } : file))
  if (files.length === 0) notes.push(`There are no SQL files in ${paths.join(', ')}.`)
  return { root, title: paths.join(', '), base: base?.commit, head: undefined, files, notes: [...notes, ...read.notes] }
}

async function existing(cwd: string, path: string): Promise<string> {
  const full = resolve(cwd, path)
  const status = await stat(full).catch(() => undefined)
  if (!status) throw new UserError(`There is no file or folder ${path}.`)
  return full
}

/** None when git is missing, or when something named lies outside. */
async function repositoryAround(cwd: string, targets: readonly string[], signal?: AbortSignal): Promise<Repository | undefined> {
  try {
    const repository = await findRepository(cwd, signal)
    const inside = targets.every((target) => repository && `${target}${sep}`.startsWith(`${repository.root}${sep}`))
    return inside ? repository : undefined
  } catch (error) {
    if (error instanceof GitMissing) return undefined
    throw error
  }
}

async function baseForPaths(
  repository: Repository,
  wanted: string | undefined,
  notes: string[],
  signal?: AbortSignal,
): Promise<Base | undefined> {
  try {
    return await findBase(repository, wanted, signal)
  } catch (error) {
    if (wanted !== undefined || !(error instanceof UserError)) throw error
    notes.push(`There is no base to compare with. ${error.message}`)
    return undefined
  }
}

/** The current folder when all are in it, else the one above the folder of the first; there is no repository to ask. */
function folderAround(cwd: string, targets: readonly string[]): string {
  return targets.every((target) => `${target}${sep}`.startsWith(`${cwd}${sep}`)) ? cwd : dirname(dirname(targets[0] ?? cwd))
}

/** A file is taken whatever its name; of a folder the wanted ones, ignored ones only if there are no others. */
async function filesOf(
  root: string,
  tracked: boolean,
  full: string,
  wanted: (path: string) => boolean,
  signal?: AbortSignal,
): Promise<string[]> {
  const path = relative(root, full).split(sep).join('/')
  if (!(await stat(full)).isDirectory()) return [path]
  const listed = tracked ? (await workingFiles(root, path, signal)).filter(wanted) : []
  const found = listed.length > 0 ? listed : (await walk(full)).map((file) => join(path, file).split(sep).join('/')).filter(wanted)
  return found.sort((a, b) => (a < b ? -1 : 1))
}

function withContents(root: string, found: readonly Difference[]): Promise<ReadFiles> {
  const blobs = new Blobs(root)
  return readChangedFiles(found, {
    after: async (difference) => readContents(root, difference.path),
    before: async (difference) => (difference.before === undefined ? undefined : blobs.read(difference.before)),
  })
}
