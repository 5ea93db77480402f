import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { ServiceError } from '../../errors.ts'
import { CorruptedCache, GitClosed } from './git-closed.ts'

const MAX_OUTPUT_BYTES = 256 * 1024 * 1024
const MAX_MESSAGE_BYTES = 64 * 1024
const WATCH_MS = 200

export interface Run {
  env: Record<string, string>
  cwd: string
  input?: string | undefined
  timeoutMs: number
  /** Asked while it runs; true ends it, and the answer says so. */
  isTooLarge?: (() => boolean) | undefined
}

export interface RunResult {
  code: number
  stdout: string
  stderr: string
  wasTooLarge: boolean
}

/**
 * Runs git and gives its exit code as an answer. What it starts itself ends with it. GitClosed when there is no git, a ServiceError when it takes too long;
 * the signal's reason when that is aborted.
 */
export function run(args: readonly string[], options: Run, signal: AbortSignal): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const child = spawn('git', args, { cwd: options.cwd, env: options.env, windowsHide: true, detached: true })
    let ended: 'aborted' | 'timeout' | 'too large' | undefined
    const end = (why: typeof ended) => {
      ended ??= why
      endGroup(child)
    }
    const abort = () => end('aborted')
    const timer = setTimeout(() => end('timeout'), options.timeoutMs)
    const { isTooLarge } = options
    const watch = isTooLarge && setInterval(() => isTooLarge() && end('too large'), WATCH_MS)
    signal.addEventListener('abort', abort)
    const stdout = collect(child.stdout, MAX_OUTPUT_BYTES, () => end('too large'))
    // The beginning is enough to tell what happened, whatever the server goes on saying.
    const stderr = collect(child.stderr, MAX_MESSAGE_BYTES, () => {})
    const settle = (answer: () => void) => {
      clearTimeout(timer)
      clearInterval(watch)
      signal.removeEventListener('abort', abort)
      answer()
    }
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    child.on('error', (error) => settle(() => reject(startFailure(error, options.cwd))))
    child.on('close', (code) =>
      settle(() => {
        if (ended === 'aborted') reject(signal.reason)
        else if (ended === 'timeout') reject(new ServiceError('git', `git ${args[0]} took longer than ${options.timeoutMs / 1000} s`))
        else resolve({ code: code ?? -1, stdout: stdout(), stderr: stderr(), wasTooLarge: ended === 'too large' })
      }),
    )
  })
}

/** Git's own children, as the one that speaks HTTP, would outlive it. Without groups of processes it alone is ended. */
function endGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? Number.NaN), 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

/** The same code stands for a program and for a folder that is not there. */
function startFailure(error: NodeJS.ErrnoException, cwd: string): Error {
  if (error.code !== 'ENOENT') return new ServiceError('git', `it could not be started: ${error.code}`)
  return existsSync(cwd) ? new GitClosed('git is not installed') : new CorruptedCache('the repository is gone')
}

function collect(stream: NodeJS.ReadableStream, maxBytes: number, full: () => void): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= maxBytes) chunks.push(chunk)
    else full()
  })
  return () => Buffer.concat(chunks).toString()
}
