import { UserError } from '../../errors.ts'
import { git } from './git.ts'

export interface Repository {
  /** The top folder of its working tree. */
  root: string
  /** Its history is cut off, as CI systems clone by default. */
  shallow: boolean
  /** Undefined before the first commit. */
  head: string | undefined
  /** `main`; undefined when HEAD is detached. */
  branch: string | undefined
}

/** The repository a folder is in, or undefined when it is in none. A UserError when it is one without files. */
export async function findRepository(cwd: string, signal?: AbortSignal): Promise<Repository | undefined> {
  const answer = await git(cwd, ['rev-parse', '--is-bare-repository', '--is-shallow-repository', '--show-toplevel'], signal)
  const [bare, shallow, root] = answer.stdout.split('\n')
  if (answer.code !== 0 || !root) {
    if (bare === 'true')
      throw new UserError(`${cwd} is a bare repository, which has no files to review. Review in a checkout: git clone ${cwd}`)
    if (bare === 'false') throw new UserError(`${cwd} is inside a .git folder. Change to the folder of the checkout.`)
    if (/safe\.directory/.test(answer.stderr)) throw new UserError(answer.stderr.trim())
    return undefined
  }
  const [head, branch] = await Promise.all([
    git(cwd, ['rev-parse', '-q', '--verify', 'HEAD^{commit}'], signal),
    git(cwd, ['symbolic-ref', '-q', '--short', 'HEAD'], signal),
  ])
  return { root, shallow: shallow === 'true', head: head.stdout.trim() || undefined, branch: branch.stdout.trim() || undefined }
}
