import { UserError } from '../../errors.ts'
import { git, gitOutput, parts } from './git.ts'
import { findRepository } from './repository.ts'

/** The commit a CI system checked out. */
export interface CheckedOut {
  root: string
  head: string
  /** As the commit names them: in a shallow clone they need not be there. */
  parents: string[]
  isShallow: boolean
}

const SHA = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/
/** Commits that are fetched beyond those there are, one after another, until the merge base is among them. */
const DEEPEN = [50, 500, 5000]

/** A UserError without a repository or without a commit in it. */
export async function readCheckedOut(cwd: string, signal?: AbortSignal): Promise<CheckedOut> {
  const repository = await findRepository(cwd, signal)
  if (!repository?.head)
    throw new UserError(
      `${cwd} is no checkout. Check out the repository first: actions/checkout on GitHub, GIT_STRATEGY other than none on GitLab.`,
    )
  const { root, head, shallow } = repository
  const commit = await gitOutput(root, ['cat-file', 'commit', head], signal)
  const header = commit.slice(0, commit.indexOf('\n\n'))
  return { root, head, parents: [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map(([, sha]) => sha as string), isShallow: shallow }
}

/** Whether the commit is there, after fetching it alone where it was not. What CI left for git to log in with is used. */
export async function fetchCommit(root: string, sha: string, signal?: AbortSignal): Promise<boolean> {
  if (!SHA.test(sha)) return false
  if (await isThere(root, sha, signal)) return true
  await fetch(root, ['--depth=1', 'origin', sha], signal)
  return await isThere(root, sha, signal)
}

/** Where HEAD left the other commit; a shallow clone is deepened until that is in it. Undefined when it is not to be found. */
export async function fetchMergeBase(
  { root, head, isShallow }: CheckedOut,
  other: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (!(await fetchCommit(root, other, signal))) return undefined
  for (const commits of isShallow ? [0, ...DEEPEN] : [0]) {
    if (commits > 0) await fetch(root, [`--deepen=${commits}`, 'origin', head, other], signal)
    const { code, stdout } = await git(root, ['merge-base', other, head], signal)
    if (code === 0 && SHA.test(stdout.trim())) return stdout.trim()
  }
  return undefined
}

/** Files that are not the same at two commits: lines of one are not lines of the other. Undefined when that cannot be told. */
export async function movedFiles(root: string, one: string, other: string, signal?: AbortSignal): Promise<ReadonlySet<string> | undefined> {
  if (one === other) return new Set()
  if (!(await fetchCommit(root, one, signal)) || !(await fetchCommit(root, other, signal))) return undefined
  const { code, stdout } = await git(root, ['diff-tree', '-r', '-z', '--name-only', '--no-renames', one, other, '--'], signal)
  return code === 0 ? new Set(parts(stdout)) : undefined
}

async function isThere(root: string, sha: string, signal?: AbortSignal): Promise<boolean> {
  return (await git(root, ['cat-file', '-e', `${sha}^{commit}`], signal)).code === 0
}

/** Nobody is there to be asked for a password. */
async function fetch(root: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  await git(
    root,
    [
      '-c',
      'core.askPass=true',
      '-c',
      'gc.auto=0',
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-recurse-submodules',
      '--no-write-fetch-head',
      ...args,
    ],
    signal,
  )
}
