import { spawn } from 'node:child_process'
import { ServiceError } from '../../errors.ts'
import { GitClosed } from './git-closed.ts'

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
      endGroup(child.pid)
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
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle(() => reject(error.code === 'ENOENT' ? new GitClosed('git is not installed') : new ServiceError('git', error.message))),
    )
    child.on('close', (code) =>
      settle(() => {
        if (ended === 'aborted') reject(signal.reason)
        else if (ended === 'timeout') reject(new ServiceError('git', `git ${args[0]} took longer than ${options.timeoutMs / 1000} s`))
        else resolve({ code: code ?? -1, stdout: stdout(), stderr: stderr(), wasTooLarge: ended === 'too large' })
      }),
    )
  })
}

/** Git's own children, as the one that speaks HTTP, would outlive it. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
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
