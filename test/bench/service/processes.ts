import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const CLI = join(import.meta.dirname, '../../../src/cli.ts')

/** A process of the service. */
export interface Serving {
  role: string
  /** Empty for a process that does not listen. */
  url: string
  /** Megabytes of resident memory now. */
  memory(): number
  /** Seconds of processor time so far, with those of programs it ran. */
  cpu(): number
  /** What it logged so far; how many lines said that a change was reviewed. */
  logged(): { lines: number; bytes: number; warnings: string[]; reviews: number }
  stop(): Promise<void>
}

/** Ready when it says that it started. */
export async function serve(
  role: 'web' | 'worker' | undefined,
  dataDir: string,
  env: Record<string, string>,
  config?: string,
): Promise<Serving> {
  const args = [CLI, 'serve', '--port', '0', '--host', '127.0.0.1', '--data', dataDir, '--grace', '1']
  if (role) args.push('--role', role)
  if (config !== undefined) args.push('--config', config)
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH ?? '', TMPDIR: process.env.TMPDIR ?? '/tmp', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      text += chunk.toString()
      const port = /"port":(\d+).*"msg":"started"/.exec(text)?.[1]
      if (/"msg":"started"/.test(text)) resolve(port === undefined ? '' : `http://127.0.0.1:${port}`)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('exit', () => reject(new Error(`serve ended: ${text}`)))
  })
  return {
    role: role ?? 'both',
    url,
    memory: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024,
    cpu: () => cpuOf(child),
    logged() {
      const lines = text.split('\n').filter(Boolean)
      const warnings = lines.filter((line) => !line.includes('"level":"info"'))
      return {
        lines: lines.length,
        bytes: text.length,
        warnings,
        reviews: lines.filter((line) => line.includes('"msg":"reviewed"')).length,
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await ended
      clearTimeout(late)
    },
  }
}

/** proc(5): utime, stime, cutime and cstime in hundredths of a second. */
function cpuOf({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) / 100
}
