import { type ExecFileException, execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { ServiceError, UserError } from '../../errors.ts'

const TIMEOUT_MS = 60_000
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024

/**
 * Nothing that a repository's configuration names is run (hooks, file system monitors), its index is not written, paths
 * come as they are and are never patterns.
 */
export const SAFE = [
  '--no-optional-locks',
  '--literal-pathspecs',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.quotePath=false',
] as const

export interface GitResult {
  code: number
  stdout: string
  stderr: string
}

/** Runs git and gives its exit code as an answer. A UserError when git is not installed, a ServiceError when it takes too long. */
export function git(cwd: string, args: readonly string[], signal?: AbortSignal): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const options = { cwd, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, windowsHide: true, ...(signal && { signal }) }
    const child = execFile('git', [...SAFE, ...args], options, (error, stdout, stderr) => {
      if (!error) resolve({ code: 0, stdout, stderr })
      else if (signal?.aborted) reject(signal.reason)
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr })
      else reject(failure(error, cwd, args))
    })
    child.stdin?.end()
  })
}

/** The output of a git command that has to succeed. */
export async function gitOutput(cwd: string, args: readonly string[], signal?: AbortSignal): Promise<string> {
  const result = await git(cwd, args, signal)
  if (result.code !== 0) throw new ServiceError('git', `git ${args[0]} failed: ${result.stderr.trim() || `exit code ${result.code}`}`)
  return result.stdout
}

/** Parts of an output that `-z` ends with NUL. */
export function parts(output: string): string[] {
  const found = output.split('\0')
  found.pop()
  return found
}

function failure(error: ExecFileException, cwd: string, args: readonly string[]): Error {
  if (error.code === 'ENOENT' && !existsSync(cwd)) return new UserError(`There is no folder ${cwd}.`)
  if (error.code === 'ENOENT') return new GitMissing()
  if (error.killed) return new ServiceError('git', `git ${args[0]} took longer than ${TIMEOUT_MS / 1000} s`)
  return new ServiceError('git', error.message, { cause: error })
}

/** Files can be reviewed without git, changes cannot. */
export class GitMissing extends UserError {
  override name = 'GitMissing'
  constructor() {
    super(
      'git is not installed, so there is no telling what changed. Install it, or name the files to review: pgwitness review migrations/7.sql',
    )
  }
}
