import { UserError } from '../../errors.ts'
import { git } from './git.ts'
import type { Repository } from './repository.ts'

export interface Base {
  /** The merge base with HEAD. */
  commit: string
  /** What it was found by: `main`. */
  name: string
}

/**
 * The commit a change stands on. Named by the user: the merge base of HEAD with that. Else with the default branch:
 * what origin/HEAD points to, origin/main, origin/master, main, master, or git's init.defaultBranch. Standing on the
 * default branch itself, that is its upstream as long as commits are unpushed, and HEAD without one: then what counts is
 * the uncommitted work.
 */
export async function findBase(repository: Repository, wanted: string | undefined, signal?: AbortSignal): Promise<Base> {
  const ref = wanted === undefined ? await defaultBranch(repository, signal) : await namedRef(repository, wanted, signal)
  const name = ref.replace(/^refs\/(heads|remotes)\//, '')
  const { stdout, code } = await git(repository.root, ['merge-base', ref, 'HEAD'], signal)
  const commit = stdout.trim()
  if (code !== 0 || commit === '') throw new UserError(repository.shallow ? shallowClone(name) : unrelated(name))
  return { commit, name }
}

function shallowClone(name: string): string {
  return (
    `This clone is shallow and does not reach back to where this branch left ${name}. Fetch the rest with: git fetch --unshallow. ` +
    'In CI, check out the whole history: `fetch-depth: 0` for actions/checkout on GitHub, `GIT_DEPTH: 0` on GitLab.'
  )
}

function unrelated(name: string): string {
  return `HEAD and ${name} have no commit in common, so there is nothing to compare with. Name another base: pgwitness review --base REF`
}

async function exists(repository: Repository, ref: string, signal?: AbortSignal): Promise<boolean> {
  return (await git(repository.root, ['rev-parse', '-q', '--verify', `${ref}^{commit}`], signal)).code === 0
}

/** A name without its remote is common in CI, where only `origin/main` is there. */
async function namedRef(repository: Repository, wanted: string, signal?: AbortSignal): Promise<string> {
  if (wanted === '' || wanted.startsWith('-'))
    throw new UserError(`\`${wanted}\` is no name of a commit. Name a branch, a tag or a commit: --base main`)
  for (const ref of [wanted, `refs/remotes/origin/${wanted}`]) if (await exists(repository, ref, signal)) return ref
  const fetched = wanted.replace(/^origin\//, '')
  const deeper = repository.shallow ? ' This clone is shallow, so it may also need: git fetch --unshallow.' : ''
  throw new UserError(
    `There is no commit \`${wanted}\` in this clone. If it is a branch, fetch it first: git fetch origin ${fetched}:refs/remotes/origin/${fetched}.${deeper}`,
  )
}

async function defaultBranch(repository: Repository, signal?: AbortSignal): Promise<string> {
  const named = await git(repository.root, ['symbolic-ref', '-q', 'refs/remotes/origin/HEAD'], signal)
  const candidates = [named.stdout.trim(), 'refs/remotes/origin/main', 'refs/remotes/origin/master', 'refs/heads/main', 'refs/heads/master']
  const known = await git(
    repository.root,
    ['for-each-ref', '--format=%(refname)', 'refs/remotes/origin', 'refs/heads/main', 'refs/heads/master'],
    signal,
  )
  const refs = new Set(known.stdout.split('\n').filter((ref) => ref !== ''))
  const found = candidates.find((ref) => refs.has(ref)) ?? (await initialBranch(repository, signal))
  if (found === undefined) throw new UserError(noDefault(repository))
  const isOnIt = repository.branch !== undefined && found === `refs/heads/${repository.branch}`
  return isOnIt ? ((await upstream(repository, signal)) ?? found) : found
}

async function initialBranch(repository: Repository, signal?: AbortSignal): Promise<string | undefined> {
  const { stdout } = await git(repository.root, ['config', '--get', 'init.defaultBranch'], signal)
  const ref = `refs/heads/${stdout.trim()}`
  return stdout.trim() !== '' && (await exists(repository, ref, signal)) ? ref : undefined
}

/** A remote that is not called origin. */
async function upstream(repository: Repository, signal?: AbortSignal): Promise<string | undefined> {
  const { stdout, code } = await git(repository.root, ['rev-parse', '-q', '--verify', '--symbolic-full-name', '@{upstream}'], signal)
  const ref = stdout.trim()
  return code === 0 && ref !== '' ? ref : undefined
}

function noDefault(repository: Repository): string {
  const fetched = repository.shallow
    ? ' In CI, check out the whole history: `fetch-depth: 0` for actions/checkout on GitHub, `GIT_DEPTH: 0` on GitLab.'
    : ''
  return `No default branch was found to compare with. Name the base: pgwitness review --base REF, or fetch it first: git fetch origin main.${fetched}`
}
