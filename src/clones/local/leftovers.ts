import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders of servers begin with this. */
export const FOLDER_PREFIX = 'pgwitness-local-'
const OWNER = 'owner.json'
const CLAIMED_WITHIN_MS = 600_000

/** Writes down which process a server's folder belongs to. */
export function claimFolder(folder: string): void {
  writeFileSync(join(folder, OWNER), JSON.stringify({ pid: process.pid, started: startOf(process.pid) }))
}

/** Stops servers and removes folders whose process was killed before it could. Those of other users are left alone. */
export function removeLeftovers(parent = tmpdir()): void {
  for (const name of list(parent).filter((one) => one.startsWith(FOLDER_PREFIX))) {
    const folder = join(parent, name)
    if (isOwned(folder)) continue
    try {
      stopServer(folder)
      // What its server began may still write for a moment.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    } catch {
      // Not ours to remove.
    }
  }
}

/** A folder that has no owner yet is about to get one, unless its process was killed just then. */
function isOwned(folder: string): boolean {
  const text = read(join(folder, OWNER))
  if (text === undefined) return Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0) < CLAIMED_WITHIN_MS
  try {
    const { pid, started } = JSON.parse(text) as { pid: number; started: string | undefined }
    return startOf(pid) !== undefined && startOf(pid) === started
  } catch {
    // Half written by a process that begins.
    return true
  }
}

/** Ends the server of a folder at once; does nothing when there is none. */
function stopServer(folder: string): void {
  const pid = Number(read(join(folder, 'data/postmaster.pid'))?.split('\n')[0])
  const command = Number.isInteger(pid) && pid > 1 ? read(`/proc/${pid}/cmdline`) : undefined
  if (command === undefined ? false : !command.includes(folder)) return
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

/** Numbers of processes are used again; with the time of its start one is unique until the machine starts anew. */
export function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  try {
    process.kill(pid, 0)
    return 'alive'
  } catch {
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
