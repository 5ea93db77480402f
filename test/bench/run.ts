import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Run {
  seconds: number
  /** Peak resident memory, megabytes. */
  megabytes: number
  code: number
  output: string
}

/** Runs a program to its end and says how long it took and how much memory it held. Memory is sampled, so the peak is a lower bound. */
export async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}): Promise<Run> {
  const started = performance.now()
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  let kilobytes = 0
  const timer = setInterval(() => {
    kilobytes = Math.max(kilobytes, peakOf(child.pid))
  }, 4)
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)))
  clearInterval(timer)
  return { seconds: (performance.now() - started) / 1000, megabytes: Math.round(kilobytes / 1024), code, output }
}

function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** The best of several runs: what the machine can do when nothing else disturbs it. */
export async function best(times: number, once: () => Promise<Run>): Promise<Run> {
  const runs: Run[] = []
  for (let i = 0; i < times; i += 1) runs.push(await once())
  return runs.reduce((a, b) => (b.seconds < a.seconds ? b : a))
}
